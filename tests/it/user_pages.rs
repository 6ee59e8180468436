//! The users of an organization in pages (R30): every order, both directions, while people come and
//! go.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::roles::give;
use crate::support::{Answer, Person, Server, both, plant};

const QUERY: &str = "query($id: ID!, $first: Int, $after: String, $last: Int, $before: String,
    $orderBy: UserOrder, $filter: UserFilter) { organization(id: $id) { users(first: $first,
    after: $after, last: $last, before: $before, orderBy: $orderBy, filter: $filter) {
        totalCount edges { cursor node { id name email } }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }";

/// One page, with more arguments.
async fn page(person: &Person, mut arguments: Value) -> Answer {
    arguments["id"] = json!(person.organization);
    person.send(QUERY, arguments).await
}

fn info(page: &Answer, field: &str) -> Value {
    page.at("/organization/users/pageInfo")[field].clone()
}

fn ids(page: &Answer) -> Vec<String> {
    page.texts("/organization/users/edges", "/node/id")
}

/// People with equal names, and such as sort apart by case and umlauts. Three sign-in times, and one
/// who never signed in.
async fn crowd(server: &Server, ann: &Person) -> Vec<String> {
    let people = [
        ("Bob", "n@x.example"),
        ("anna", "D@x.example"),
        ("bob", "c@x.example"),
        ("Änne", "k@x.example"),
        ("Zoë", "b@x.example"),
        ("zoe", "a@x.example"),
        ("BOB", "m@x.example"),
        ("äbby", "E@x.example"),
        ("Öz", "f@x.example"),
        ("Anna", "g@x.example"),
    ];
    let ids = plant::members(server, &ann.organization, &people).await;
    for (index, id) in ids.iter().enumerate().filter(|(index, _)| index % 3 != 0) {
        let at = server.now() - TimeDelta::days(i64::try_from(index % 3).unwrap());
        let id = id.parse().unwrap();
        rolecall::store::user::signed_in(&server.app.db, id, None, at).await.unwrap();
    }
    ids
}

both!(
    /// R30: sorted by name and address regardless of case, by code point beyond that, the same on
    /// both databases; by last sign-in with those who never did at the late end.
    r30_users_are_sorted,
    |server: Server| async move {
        let ann = server.sign_up("Mia", "mia@acme.example", "Acme").await;
        crowd(&server, &ann).await;
        let sorted = async |field: &str, direction: &str| {
            let order = json!({ "field": field, "direction": direction });
            page(&ann, json!({ "first": 100, "orderBy": order })).await
        };
        let lower = |names: Vec<String>| -> Vec<String> {
            names.iter().map(|name| name.to_lowercase()).collect()
        };
        let names = lower(sorted("NAME", "ASC").await.texts("/organization/users/edges", "/node/name"));
        let expected =
            ["anna", "anna", "bob", "bob", "bob", "mia", "zoe", "zoë", "äbby", "änne", "öz"];
        assert_eq!(names, expected);
        let emails =
            lower(sorted("EMAIL", "ASC").await.texts("/organization/users/edges", "/node/email"));
        assert!(emails.is_sorted(), "{emails:?}");
        let by_sign_in = sorted("LAST_SIGN_IN", "ASC").await;
        let by_sign_in = by_sign_in.texts("/organization/users/edges", "/node/name");
        // Two days ago, a day ago, now, never.
        let sort = |names: &[String]| {
            let mut names = names.to_vec();
            names.sort();
            names
        };
        assert_eq!(sort(&by_sign_in[..3]), ["bob", "zoe", "Öz"]);
        assert_eq!(sort(&by_sign_in[3..6]), ["Zoë", "anna", "äbby"]);
        assert_eq!(by_sign_in[6], "Mia");
        assert_eq!(sort(&by_sign_in[7..]), ["Anna", "BOB", "Bob", "Änne"]);
        for field in ["NAME", "EMAIL", "LAST_SIGN_IN"] {
            let mut downwards = ids(&sorted(field, "DESC").await);
            downwards.reverse();
            assert_eq!(downwards, ids(&sorted(field, "ASC").await), "{field}");
        }
        let unsaid = page(&ann, json!({ "first": 100 })).await;
        assert_eq!(ids(&unsaid), ids(&sorted("NAME", "ASC").await), "by name when nothing is said");
    }
);

both!(
    /// R30: forward and backward, in every order, pages put together are the list.
    r30_pages_put_together_are_the_list,
    |server: Server| async move {
        let ann = server.sign_up("Mia", "mia@acme.example", "Acme").await;
        crowd(&server, &ann).await;
        for field in ["NAME", "EMAIL", "LAST_SIGN_IN"] {
            for direction in ["ASC", "DESC"] {
                let order = json!({ "field": field, "direction": direction });
                let whole = page(&ann, json!({ "first": 100, "orderBy": order })).await;
                assert_eq!(info(&whole, "hasNextPage"), false);
                let whole = ids(&whole);
                assert_eq!(whole.len(), 11);

                let (mut forward, mut after) = (Vec::new(), Value::Null);
                loop {
                    let arguments = json!({ "first": 3, "after": after, "orderBy": order });
                    let next = page(&ann, arguments).await;
                    assert_eq!(info(&next, "hasPreviousPage"), !after.is_null());
                    assert_eq!(*next.at("/organization/users/totalCount"), json!(11));
                    forward.extend(ids(&next));
                    after = info(&next, "endCursor");
                    if info(&next, "hasNextPage") == false {
                        break;
                    }
                }
                assert_eq!(forward, whole, "{field} {direction} forward");

                let (mut backward, mut before) = (Vec::new(), Value::Null);
                loop {
                    let arguments = json!({ "last": 4, "before": before, "orderBy": order });
                    let next = page(&ann, arguments).await;
                    assert_eq!(info(&next, "hasNextPage"), !before.is_null());
                    backward.splice(..0, ids(&next));
                    before = info(&next, "startCursor");
                    if info(&next, "hasPreviousPage") == false {
                        break;
                    }
                }
                assert_eq!(backward, whole, "{field} {direction} backward");
            }
        }
    }
);

both!(
    /// R30: who joins or leaves between two pages, the row at the cursor itself included, makes
    /// nobody else appear twice or be passed over.
    r30_people_come_and_go_between_pages,
    |server: Server| async move {
        let ann = server.sign_up("Mia", "mia@acme.example", "Acme").await;
        let names = ["b", "d", "f", "h", "j", "n", "p"];
        let people: Vec<(String, String)> =
            names.iter().map(|name| ((*name).to_owned(), format!("{name}@x.example"))).collect();
        let people: Vec<(&str, &str)> =
            people.iter().map(|(name, email)| (name.as_str(), email.as_str())).collect();
        let planted = plant::members(&server, &ann.organization, &people).await;
        let leave = async |name: &str| {
            let id = &planted[names.iter().position(|known| *known == name).unwrap()];
            plant::run(&server, "DELETE FROM memberships WHERE user_id = $1", &[id]).await;
        };
        let shown = |page: &Answer| page.texts("/organization/users/edges", "/node/name");

        let first = page(&ann, json!({ "first": 3 })).await;
        assert_eq!(shown(&first), ["b", "d", "f"]);
        leave("f").await;
        leave("b").await;
        leave("j").await;
        plant::members(&server, &ann.organization, &[
            ("a", "a@x.example"),
            ("e", "e@x.example"),
            ("g", "g@x.example"),
        ])
        .await;
        let after = info(&first, "endCursor");
        let second = page(&ann, json!({ "first": 3, "after": after })).await;
        assert_eq!(shown(&second), ["g", "h", "Mia"]);
        let after = info(&second, "endCursor");
        let third = page(&ann, json!({ "first": 3, "after": after })).await;
        assert_eq!(shown(&third), ["n", "p"]);

        // And back again.
        leave("n").await;
        plant::member(&server, &ann.organization, "o").await;
        let back = page(&ann, json!({ "last": 3, "before": info(&third, "startCursor") })).await;
        assert_eq!(shown(&back), ["g", "h", "Mia"]);
        let back = page(&ann, json!({ "last": 3, "before": info(&back, "startCursor") })).await;
        assert_eq!(shown(&back), ["a", "d", "e"]);
        assert_eq!(info(&back, "hasPreviousPage"), false);
    }
);

both!(
    /// The edges of paging: nothing, too much, both ends, a window between two cursors, behind the
    /// last.
    pages_at_the_edge,
    |server: Server| async move {
        let ann = server.sign_up("Mia", "mia@acme.example", "Acme").await;
        crowd(&server, &ann).await;
        for arguments in [
            json!({ "first": -1 }),
            json!({ "first": 101 }),
            json!({ "last": 101 }),
            json!({ "first": 2, "last": 2 }),
        ] {
            let answer = page(&ann, arguments.clone()).await;
            assert_eq!(answer.error(), "BAD_USER_INPUT", "{arguments}");
        }
        let none = page(&ann, json!({ "first": 0 })).await;
        assert_eq!(*none.at("/organization/users"), json!({
            "totalCount": 11, "edges": [],
            "pageInfo": { "hasNextPage": true, "hasPreviousPage": false, "startCursor": null,
                "endCursor": null } }));

        let all = page(&ann, json!({ "first": 100 })).await;
        let cursors = all.texts("/organization/users/edges", "/cursor");
        let between =
            page(&ann, json!({ "first": 100, "after": cursors[2], "before": cursors[6] })).await;
        assert_eq!(ids(&between), ids(&all)[3..6]);
        let behind = page(&ann, json!({ "first": 5, "after": cursors[10] })).await;
        assert!(ids(&behind).is_empty());
        assert_eq!(*behind.at("/organization/users/totalCount"), json!(11), "of the list");
        assert_eq!(info(&behind, "hasNextPage"), false);

        // With a filter, the pages are those of the filtered list.
        let bobs = json!({ "query": "bob" });
        let one = page(&ann, json!({ "first": 2, "filter": bobs })).await;
        assert_eq!(*one.at("/organization/users/totalCount"), json!(3));
        let after = info(&one, "endCursor");
        let two = page(&ann, json!({ "first": 2, "after": after, "filter": bobs })).await;
        assert_eq!(ids(&two).len(), 1);
        assert_eq!(info(&two, "hasNextPage"), false);
    }
);

both!(
    /// R72: a cursor that no page gave is refused, or leads nowhere; it is never a failure.
    r72_forged_cursors_are_no_failures,
    |server: Server| async move {
        let ann = server.sign_up("Mia", "mia@acme.example", "Acme").await;
        for cursor in ["", "x", "AAAA", "%%%", "not a cursor"] {
            let answer = page(&ann, json!({ "first": 1, "after": cursor })).await;
            assert_eq!(answer.error(), "BAD_USER_INPUT", "{cursor:?}");
        }
        let forge = |key: &str| {
            use base64::Engine;
            let bytes = [&[7; 16][..], b"=", key.as_bytes()].concat();
            base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
        };
        for key in ["nul\u{0}", "-62200000000000000000", "-200000000000000000", "9e99", "", "ä"] {
            for field in ["NAME", "EMAIL", "LAST_SIGN_IN"] {
                let arguments =
                    json!({ "first": 1, "after": forge(key), "orderBy": { "field": field } });
                let answer = page(&ann, arguments).await;
                let code = answer.body.pointer("/errors/0/extensions/code");
                assert!(
                    code.is_none_or(|code| code == "BAD_USER_INPUT"),
                    "{key:?} by {field}: {:#}",
                    answer.body
                );
            }
        }
    }
);

both!(
    /// A user's assignments are paged as well, oldest first.
    assignments_are_paged,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let bob = plant::member(&server, &ann.organization, "Bob").await;
        let mut given = Vec::new();
        for role in ["studio_admin", "rcs_senders_admin", "account_support", "studio_viewer"] {
            server.pass(TimeDelta::seconds(1));
            given.extend(give(&ann, &bob, &[(role, &ann.account)]).await);
        }
        let query = "query($id: ID!, $first: Int, $after: String, $last: Int, $before: String) {
            node(id: $id) { ... on User { roleAssignments(first: $first, after: $after, last: $last,
                before: $before) { nodes { id } totalCount
                    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } } }";
        let path = "/node/roleAssignments";
        let ask = async |mut arguments: Value| {
            arguments["id"] = json!(bob);
            ann.send(query, arguments).await
        };
        let nodes = |answer: &Answer| answer.texts(&format!("{path}/nodes"), "/id");
        let first = ask(json!({ "first": 3 })).await;
        assert_eq!(nodes(&first), given[..3]);
        assert_eq!(first.at(path)["totalCount"], 4);
        assert_eq!(first.at(path)["pageInfo"]["hasNextPage"], true);
        let end = &first.at(path)["pageInfo"]["endCursor"];
        let second = ask(json!({ "first": 3, "after": end })).await;
        assert_eq!(nodes(&second), given[3..]);
        assert_eq!(second.at(path)["pageInfo"]["hasNextPage"], false);
        let last = ask(json!({ "last": 2 })).await;
        assert_eq!(nodes(&last), given[2..]);
        let start = &last.at(path)["pageInfo"]["startCursor"];
        assert_eq!(nodes(&ask(json!({ "last": 5, "before": start })).await), given[..2]);
    }
);
