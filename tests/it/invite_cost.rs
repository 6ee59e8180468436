//! What inviting costs: how many SQL statements one call takes, signing in included.

use chrono::TimeDelta;
use sea_orm::DbBackend;
use serde_json::{Value, json};

use crate::support::custom::{make_group, make_role};
use crate::support::roles::give;
use crate::support::{Options, Person, Server, both, operations, plant};

/// The most that one call may take on PostgreSQL, with BEGIN and COMMIT, which are not in the log: for
/// new people, and what else it may have to look at or write.
const MOST: usize = 12 - 2;
const KEY: usize = 2;
const MEMBERS: usize = 3;
/// Custom roles, resources, invitations that have expired, and roles that an exclusive one clears.
const ODDS: usize = 5;

/// Makes a call, and tells how many statements it took.
async fn cost(by: &Person, mut input: Value) -> (Vec<String>, usize) {
    input["organizationId"] = json!(by.organization);
    let document = operations::document("InviteUsers");
    let call = by.send(&document, json!({ "input": input }));
    let (answer, statements) = by.server.statements(call).await;
    let count = statements.len();
    (answer.done("inviteUsers").rows(), count)
}

/// SQLite takes a statement for each table that is written, which costs it nothing.
fn within(server: &Server, count: usize, most: usize) {
    if server.app.db.get_database_backend() == DbBackend::Postgres {
        assert!(count <= most, "{count}, at most {most}");
    }
}

fn emails(domain: &str, count: usize) -> impl Iterator<Item = String> {
    (0..count).map(move |n| format!("p{n}@{domain}.example"))
}

fn list(domain: &str, count: usize) -> Value {
    emails(domain, count).map(|email| json!({ "email": email })).collect()
}

fn grants(list: &[(&str, &str)]) -> Value {
    list.iter().map(|(role, scope)| json!({ "roleKey": role, "scopeId": scope })).collect()
}

fn roomy() -> Options {
    Options { config: Some(|config| config.pending_invitations = 5_000), ..Options::default() }
}

both!(
    /// R40: a hundred people take as many statements as two, and no more than twelve.
    r40_a_hundred_people_take_twelve_statements,
    roomy(),
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let (main, acme) = (ann.account.as_str(), ann.organization.as_str());
        let desk = ann.create_account("Desk", None).await;
        let three =
            [("account_support", main), ("account_developer", &desk), ("studio_viewer", acme)];
        let own = json!([{ "roleKey": "account_support", "scopeId": desk }]);
        let mut counts: Vec<Vec<usize>> = Vec::new();
        for count in [2, 100] {
            let domain = |name: &str| format!("{name}{count}");
            let mut costs = Vec::new();
            let mut invite = async |input: Value| {
                let (rows, cost) = cost(&ann, input).await;
                assert_eq!(rows, vec!["INVITED"; count]);
                costs.push(cost);
            };
            invite(json!({ "invitees": list(&domain("member"), count) })).await;
            invite(json!({ "invitees": list(&domain("grants"), count), "grants": grants(&three) })).await;
            let each: Value = emails(&domain("each"), count)
                .map(|email| json!({ "email": email, "grants": own }))
                .collect();
            invite(json!({ "invitees": each })).await;
            let keyed = json!({ "invitees": list(&domain("key"), count), "grants": grants(&three),
                "idempotencyKey": domain("key") });
            invite(keyed.clone()).await;
            invite(keyed).await;
            let mut csv = "email,name,role,scope\n".to_owned();
            for (role, scope) in three {
                for email in emails(&domain("csv"), count) {
                    csv.push_str(&format!("{email},Somebody,{role},{scope}\n"));
                }
            }
            invite(json!({ "csv": csv, "dryRun": true })).await;
            invite(json!({ "csv": csv })).await;
            counts.push(costs);
        }
        println!("statements: {counts:?}");
        assert_eq!(counts[0], counts[1]);
        for (index, cost) in counts[0].iter().enumerate() {
            within(&server, *cost, if index == 3 { MOST + KEY } else { MOST });
        }
    }
);

both!(
    /// R44: as many for a hundred as for two where half of them are members.
    r44_members_among_a_hundred_take_three_statements_more,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let mut counts = Vec::new();
        for count in [1, 50] {
            let members: Vec<(String, String)> = emails(&format!("old{count}"), count)
                .map(|email| (email.clone(), email))
                .collect();
            let people: Vec<(&str, &str)> =
                members.iter().map(|(name, email)| (name.as_str(), email.as_str())).collect();
            let ids = plant::members(&server, &ann.organization, &people).await;
            give(&ann, &ids[0], &[("account_support", &ann.account)]).await;
            let mut invitees = list(&format!("old{count}"), count).as_array().unwrap().clone();
            invitees.extend(list(&format!("new{count}"), count).as_array().unwrap().clone());
            let wanted = [("account_support", ann.account.as_str()), ("account_developer", &ann.account)];
            let input = json!({ "invitees": invitees, "grants": grants(&wanted) });
            let mut dry = input.clone();
            dry["dryRun"] = json!(true);
            let mut expected = vec!["GRANTED"; count];
            expected.extend(vec!["INVITED"; count]);
            for input in [dry, input] {
                let (rows, cost) = cost(&ann, input).await;
                assert_eq!(rows, expected);
                counts.push(cost);
            }
        }
        println!("statements: {counts:?}");
        assert_eq!(counts[..2], counts[2..]);
        for cost in counts {
            within(&server, cost, MOST + MEMBERS);
        }
    }
);

both!(
    /// The same where there are custom roles, resources, addresses whose invitations have expired, and
    /// members whose other roles an exclusive one clears.
    r40_the_number_does_not_depend_on_what_else_there_is,
    roomy(),
    |server: Server| async move {
        let mut ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        make_role(&ann, "night_shift", &["account.access.use"]).await;
        let group = make_group(&ann, "East").await;
        let mut counts = Vec::new();
        for count in [2, 100] {
            let domain = format!("old{count}");
            let plain = json!({ "invitees": list(&domain, count),
                "grants": [{ "roleKey": "account_support", "scopeId": ann.account }] });
            cost(&ann, plain).await;
            ann = ann.later(TimeDelta::days(8)).await;
            let input = json!({ "invitees": list(&domain, count), "grants": [
                { "roleKey": "night_shift", "scopeId": ann.account },
                { "roleKey": "billing_group_viewer", "scopeId": ann.organization, "resourceId": group },
            ] });
            let (rows, all) = cost(&ann, input).await;
            assert_eq!(rows, vec!["INVITED"; count]);

            let names: Vec<String> = emails(&format!("here{count}"), count).collect();
            let people: Vec<(&str, &str)> =
                names.iter().map(|email| (email.as_str(), email.as_str())).collect();
            let ids = plant::members(&server, &ann.organization, &people).await;
            for id in &ids[..2] {
                give(&ann, id, &[("account_support", &ann.account)]).await;
            }
            let input = json!({ "invitees": list(&format!("here{count}"), count),
                "grants": [{ "roleKey": "account_administrator", "scopeId": ann.account }] });
            let (rows, cleared) = cost(&ann, input).await;
            assert_eq!(rows, vec!["GRANTED"; count]);
            counts.push((all, cleared));
        }
        println!("statements: {counts:?}");
        assert_eq!(counts[0], counts[1]);
        within(&server, counts[0].0, MOST + ODDS);
        within(&server, counts[0].1, MOST + ODDS);
    }
);
