//! The administrator's lists in a database that is large enough for its planner to care (R30, R31).
//! `cargo bench --bench scale` does the same with a hundred thousand people, and takes the time.

use serde_json::json;

use crate::support::plans::{examine, listings};
use crate::support::{Options, Server, crowd, database};

/// Rows that the statement of a page reads at the most: those that are looked up before it is known
/// that there are many, those that are tried until the page is full, and all that is joined to them. The
/// organization's 4,800 people hold more than thirty thousand roles.
const ROWS: u64 = 9_000;

/// R30, R31: every list is served by indexes, on its first page and on one further on: nothing is read
/// from one end to the other, and no more than the page needs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r30_every_list_is_served_by_an_index() {
    let story = async |server: Server| {
        let crowd = crowd::make(&server, 8_000, 40_000).await;
        let mut wrong = Vec::new();
        for listing in listings(&crowd) {
            let (first, mut statements) =
                server.queries(listing.page(json!({ "first": 10 }))).await;
            let after = listing.cursor(&first, "endCursor");
            let further = listing.page(json!({ "first": 10, "after": after }));
            statements.extend(server.queries(further).await.1);
            let examined = examine(&server, &statements).await;
            wrong.extend(examined.scans.iter().map(|scan| format!("{}: {scan}", listing.name)));
            if examined.rows > ROWS {
                wrong.push(format!("{}: {} rows were read", listing.name, examined.rows));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    };
    database::on_postgres(Options::default(), story).await;
}
