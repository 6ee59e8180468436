//! The team catalogue: one account, five roles, one of them per user.

use serde_json::json;

use crate::support::roles::{assign, change, give, remove, take};
use crate::support::{Options, Person, Server, both, plant};

fn team() -> Options {
    Options { team: true, ..Options::default() }
}

/// The roles that can be given, all of them exclusive.
const ROLES: [&str; 4] =
    ["account_admin", "account_developer", "account_finance_analyst", "account_support"];

both!(
    /// The five roles, and what stands behind the account's Owner; every one exclusive.
    the_five_roles_of_a_team,
    team(),
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let roles = ann.ask("Roles", json!({})).await;
        assert_eq!(roles.texts("/roles/nodes", "/name"), [
            "Organization Owner",
            "Owner",
            "Admin",
            "Developer",
            "Finance Analyst",
            "Support"
        ]);
        let nodes = roles.at("/roles/nodes").as_array().unwrap();
        assert!(nodes.iter().all(|role| role["isExclusive"] == true));
        let held = ann.roles_of(&ann.id).await;
        let owner = format!("account_owner @ {}", ann.account);
        assert_eq!(held, [owner, format!("organization_owner @ {}", ann.organization)]);
    }
);

both!(
    /// One role per user and account: whichever is given takes the place of the one before.
    one_role_per_user_and_account,
    team(),
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let main = ann.account.as_str();
        let bob = ann.colleague("Bob", "bob@acme.example", &[("account_support", main)]).await;
        assert_eq!(ann.roles_of(&bob.id).await, [format!("account_support @ {main}")]);
        for role in ROLES {
            give(&ann, &bob.id, &[(role, main)]).await;
            assert_eq!(ann.roles_of(&bob.id).await, [format!("{role} @ {main}")]);
        }
        for role in ROLES {
            change(&ann, &bob.id, main, role).await.done("changeAccountRole");
            assert_eq!(ann.roles_of(&bob.id).await, [format!("{role} @ {main}")]);
        }
        // An invitation of a member gives the role at once, in the place of the other.
        let invited = ann.invite("bob@acme.example", &[("account_developer", main)]).await;
        assert_eq!(invited.text("/inviteUsers/results/0/outcome"), "GRANTED");
        assert_eq!(ann.roles_of(&bob.id).await, [format!("account_developer @ {main}")]);

        for (index, one) in ROLES.iter().enumerate() {
            for other in &ROLES[index + 1..] {
                let answer = assign(&ann, &bob.id, &[(one, main), (other, main)]).await;
                assert_eq!(answer.refusals("assignRoles"), ["EXCLUSIVE_ROLES grants.1.roleKey"]);
            }
        }
        // In another account, another role.
        let second = ann.create_account("Second", None).await;
        give(&ann, &bob.id, &[("account_support", &second)]).await;
        assert_eq!(ann.roles_of(&bob.id).await.len(), 2);
    }
);

both!(
    /// The Owner is the Owner and nothing else; ownership never moves.
    r22_the_owner_stays_the_owner_and_only_that,
    team(),
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let main = ann.account.as_str();
        let admin = ann.colleague("Adam", "adam@acme.example", &[("account_admin", main)]).await;
        let before = ann.roles_of(&ann.id).await;
        for person in [&ann, &admin] {
            for role in ROLES {
                let answer = assign(person, &ann.id, &[(role, main)]).await;
                assert_eq!(answer.refusals("assignRoles").len(), 1, "{role}: {:#}", answer.body);
                assert!(answer.refusals("assignRoles")[0].starts_with("OWNER_ROLE"));
                let answer = change(person, &ann.id, main, role).await;
                assert_eq!(answer.refusals("changeAccountRole"), ["OWNER_ROLE userId"]);
            }
            let answer = take(person, &ann.id, main).await;
            assert_eq!(answer.refusals("removeRoleAssignments"), ["OWNER_ROLE userId"]);
            let answer = assign(person, &admin.id, &[("account_owner", main)]).await;
            assert_eq!(answer.refusals("assignRoles"), ["OWNER_ROLE grants.0.roleKey"]);
        }
        let answer = assign(&ann, &admin.id, &[("organization_owner", &ann.organization)]).await;
        assert_eq!(answer.refusals("assignRoles"), ["OWNER_ROLE grants.0.roleKey"]);
        let invited = ann.invite("ann@acme.example", &[("account_support", main)]).await;
        assert_eq!(invited.text("/inviteUsers/results/0/outcome"), "REFUSED");
        assert_eq!(ann.roles_of(&ann.id).await, before);
    }
);

both!(
    /// R20, R21: an Admin runs the team: lists, invites, assigns, changes and removes, also other
    /// Admins.
    r20_an_admin_runs_the_team,
    team(),
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let main = ann.account.as_str();
        let admin = ann.colleague("Adam", "adam@acme.example", &[("account_admin", main)]).await;
        for (index, role) in ROLES.into_iter().enumerate() {
            let email = format!("{index}@team.example");
            let person = admin.colleague(&format!("P{index}"), &email, &[(role, main)]).await;
            assert_eq!(ann.roles_of(&person.id).await, [format!("{role} @ {main}")]);
            for other in ROLES {
                change(&admin, &person.id, main, other).await.done("changeAccountRole");
            }
            give(&admin, &person.id, &[(role, main)]).await;
        }
        let users = admin.ask("OrganizationUsers", json!({ "id": ann.organization })).await;
        let names = users.texts("/organization/users/edges", "/node/name");
        assert_eq!(names, ["Adam", "Ann", "P0", "P1", "P2", "P3"]);
        let (role, id) = admin.assignments_of("0@team.example").await.remove(0);
        assert_eq!(role, format!("account_admin @ {main}"));
        remove(&admin, &[&id]).await.done("removeRoleAssignments");
        assert!(ann.assignments_of("0@team.example").await.is_empty());
        // Membership without a role is nothing that this catalogue has.
        let bare = ann.invite("new@team.example", &[]).await;
        assert_eq!(bare.refusals("inviteUsers"), ["BAD_LIST_LENGTH grants"]);
    }
);

both!(
    /// R20, R28: nobody else does, and is told who could.
    r20_the_others_do_not_run_the_team,
    team(),
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let (organization, main) = (ann.organization.as_str(), ann.account.as_str());
        let bob = plant::member(&server, organization, "Bob").await;
        give(&ann, &bob, &[("account_developer", main)]).await;
        for role in &ROLES[1..] {
            let email = format!("{role}@acme.example");
            let person = ann.colleague("Pat", &email, &[(role, main)]).await;
            let grants = json!([{ "roleKey": "account_support", "scopeId": main }]);
            let invitees = json!([{ "email": "new@team.example" }]);
            let answers = [
                assign(&person, &bob, &[("account_support", main)]).await,
                assign(&person, &person.id, &[("account_admin", main)]).await,
                change(&person, &bob, main, "account_support").await,
                take(&person, &bob, main).await,
                person
                    .call("InviteUsers", json!({
                        "organizationId": organization, "invitees": invitees, "grants": grants }))
                    .await,
            ];
            for answer in answers {
                let told = &answer.body["errors"][0]["extensions"];
                assert_eq!(
                    *told,
                    json!({ "code": "FORBIDDEN", "permission": "account.users.manage", "scope": main,
                        "grantedBy": ["organization_owner", "account_owner", "account_admin"] }),
                    "{role}"
                );
            }
            let users = person.ask("OrganizationUsers", json!({ "id": organization })).await;
            assert_eq!(users.error(), "FORBIDDEN");
        }
        assert_eq!(ann.roles_of(&bob).await, [format!("account_developer @ {main}")]);
    }
);

both!(
    /// The table of areas: what each role may view and edit, cell by cell.
    what_the_roles_of_a_team_may_do,
    team(),
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let main = ann.account.as_str();
        let bob = ann.colleague("Bob", "bob@acme.example", &[("account_support", main)]).await;
        // As in the rules: Owner, Admin, Developer, Finance Analyst, Support.
        let table = [
            ("phone_numbers.number", ["ve", "ve", "ve", "", "v"]),
            ("billing.payment", ["ve", "ve", "", "ve", "v"]),
            ("settings.account", ["ve", "ve", "ve", "", "e"]),
            ("credentials.credential", ["ve", "ve", "ve", "", ""]),
            ("applications.configuration", ["ve", "ve", "ve", "", "v"]),
            ("logs.log", ["v", "v", "v", "", "v"]),
            ("pricing.price", ["v", "v", "", "v", ""]),
        ];
        let held = async |person: &Person| {
            let query = "query($id: ID!) { account(id: $id) { viewerRoles { key } viewerPermissions } }";
            let answer = person.send(query, json!({ "id": main })).await;
            answer.texts("/account/viewerPermissions", "")
        };
        for (column, role) in ROLES.into_iter().enumerate() {
            change(&ann, &bob.id, main, role).await.done("changeAccountRole");
            let held = held(&bob).await;
            for (area, row) in table {
                for (letter, action) in [('v', "view"), ('e', "edit")] {
                    let permission = format!("{area}.{action}");
                    let expected = row[column + 1].contains(letter);
                    assert_eq!(held.contains(&permission), expected, "{role}: {permission}");
                }
            }
            let manages = held.contains(&"account.users.manage".to_owned());
            assert_eq!(manages, role == "account_admin", "{role}");
        }
        let held = held(&ann).await;
        for (area, row) in table {
            for (letter, action) in [('v', "view"), ('e', "edit")] {
                let permission = format!("{area}.{action}");
                assert_eq!(held.contains(&permission), row[0].contains(letter), "Owner: {permission}");
            }
        }
    }
);
