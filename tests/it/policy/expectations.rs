//! What the field expects of the general roles (the role catalogue's table A2), row by row: as the
//! committed policy tells it, and as a server answers.

use serde_json::json;

use crate::support::roles::remove;
use crate::support::{Person, Server, both};

/// The five roles, by their letters.
const ROLES: [(char, &str); 5] = [
    ('O', "account_owner"),
    ('A', "account_administrator"),
    ('D', "account_developer"),
    ('B', "account_billing_manager"),
    ('S', "account_support"),
];

/// What is expected, which permission it is, and which of Owner, Administrator, Developer, Billing
/// Manager and Support have it.
const ROWS: [(&str, &str, &str); 15] = [
    ("API credentials: manage", "iam.api_credential.manage", "OAD--"),
    ("alphanumeric sender: register", "messaging.alphanumeric_sender.manage", "OAD--"),
    ("alphanumeric sender: read", "messaging.alphanumeric_sender.read", "OAD-S"),
    ("billing history and settings", "billing.account.manage", "OA-B-"),
    ("developer tools", "developer_tools.tool.use", "OAD--"),
    ("contact centre: read-only", "contact_center.administration.read", "----S"),
    ("IoT: console", "iot.console.use", "OAD-S"),
    ("IoT: SIMs, fleets, profiles", "iot.sim.manage", "OAD--"),
    ("phone numbers: manage", "phone_numbers.number.manage", "OAD--"),
    ("product logs", "logs.product_log.read", "OADBS"),
    ("account settings", "account.settings.manage", "OA---"),
    ("trust hub", "trust_hub.profile.manage", "OA---"),
    ("usage", "usage.record.read", "OADBS"),
    ("user management", "account.users.manage", "OA---"),
    ("close the account", "account.ownership.close", "O----"),
];

/// What they have besides: all may enter; the Owner may hand the account over.
const BESIDES: [(&str, &str); 2] =
    [("account.access.use", "OADBS"), ("account.ownership.transfer", "O----")];

#[test]
fn the_committed_policy_gives_the_general_roles_what_is_expected() {
    let file = include_str!("../../policy/organization.txt");
    let (_, section) = file.split_once("WHAT EACH ROLE PERMITS").unwrap();
    let (section, _) = section.split_once("WHAT COMES WHOLE").unwrap();
    // Lines that are indented further go on with the list above.
    let lines = section.replace("\n      ", " ");
    for (row, permission, expected) in ROWS {
        let start = format!("  {permission}: ");
        let line = lines.lines().find_map(|line| line.strip_prefix(&start));
        let holders: Vec<&str> = line.unwrap_or_default().split(", ").map(str::trim).collect();
        let told: String = ROLES
            .map(|(letter, role)| if holders.contains(&role) { letter } else { '-' })
            .iter()
            .collect();
        assert_eq!(told, expected, "{row}");
    }
}

/// Somebody who owns an account, and nothing else.
async fn owner_of_an_account(ann: &Person) -> Person {
    let roles = [("organization_admin", ann.organization.as_str())];
    let otto = ann.colleague("Otto", "otto@acme.example", &roles).await;
    let account = otto.create_account("Otto's", None).await;
    let held = ann.assignments_of(&otto.id).await;
    let (_, admin) = held.iter().find(|(role, _)| role.starts_with("organization_admin")).unwrap();
    remove(ann, &[admin]).await.done("removeRoleAssignments");
    Person { account, ..otto }
}

both!(
    /// What Twilio's customers expect of Owner, Administrator, Developer, Billing Manager and Support:
    /// every cell, by `access` and by what the account shows to them.
    general_roles_permit_what_is_expected,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let otto = owner_of_an_account(&ann).await;
        let account = otto.account.clone();
        let mut people = vec![('O', otto)];
        for (letter, role) in &ROLES[1..] {
            let email = format!("{role}@acme.example");
            let person = ann.colleague(role, &email, &[(role, account.as_str())]).await;
            people.push((*letter, person));
        }
        for (letter, person) in &people {
            let query = "query($id: ID!) { account(id: $id) { viewerPermissions } }";
            let answer = person.send(query, json!({ "id": account })).await;
            let mut shown = answer.texts("/account/viewerPermissions", "");
            for (row, permission, expected) in ROWS {
                let expected = expected.contains(*letter);
                assert_eq!(person.access(&person.id, permission, &account).await, expected, "{letter} {row}");
                assert_eq!(shown.iter().any(|key| key == permission), expected, "{letter} {row}");
                shown.retain(|key| key != permission);
            }
            let besides = BESIDES.iter().filter(|(_, letters)| letters.contains(*letter));
            assert_eq!(shown, besides.map(|(key, _)| *key).collect::<Vec<_>>(), "{letter} besides");
        }
    }
);
