//! What comes along when an account goes into another organization, and what ends (R2, R11, R70).

use entity::id::{AccountId, InvitationId};
use entity::{account, invitation_grant, role_assignment};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};

use crate::support::moves::{accept, asked, home};
use crate::support::roles::{give, give_about, welcome};
use crate::support::{Options, Person, Server, both, plant};

/// Ann of Acme, with an account and a subaccount, and Zoe of Elsewhere, where Ann is a member.
async fn two(server: &Server) -> (Person, [String; 2], Person) {
    let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
    let desk = ann.create_account("Desk", None).await;
    let below = ann.create_account("Below", Some(&desk)).await;
    let zoe = server.sign_up("Zoe", "zoe@elsewhere.example", "Elsewhere").await;
    welcome(&zoe, &ann, &[]).await;
    (ann, [desk, below], zoe)
}

async fn go(ann: &Person, account: &str, zoe: &Person) {
    let id = asked(ann, account, &zoe.organization).await;
    accept(zoe, &id).await.done("acceptAccountMove");
}

both!(
    /// R11: the subaccounts come along, and everybody who holds a role in them: they become members,
    /// keep these roles, and stay members of the old organization, whose own roles no longer reach.
    r11_people_and_subaccounts_come_along,
    |server: Server| async move {
        let (ann, [desk, below], zoe) = two(&server).await;
        let (acme, elsewhere) = (&ann.organization, &zoe.organization);
        let bob = ann.colleague("Bob", "bob@corp.example", &[
            ("account_developer", &desk), ("studio_viewer", &below), ("account_support", &ann.account),
        ]).await;
        let cy = ann.colleague("Cy", "cy@corp.example", &[("studio_admin", acme)]).await;
        let dee = zoe.colleague("Dee", "dee@elsewhere.example", &[("studio_admin", elsewhere)]).await;
        let eve = ann.colleague("Eve", "eve@corp.example", &[("account_support", &below)]).await;
        let suspend = "UPDATE memberships SET status = 'SUSPENDED' WHERE user_id = $1";
        plant::run(&server, suspend, &[&eve.id]).await;
        let held = ann.assignments_of(&bob.id).await;
        assert!(cy.access(&cy.id, "studio.flow.read", &below).await);
        go(&ann, &desk, &zoe).await;

        assert_eq!(home(&zoe, &below).await, "Elsewhere");
        assert_eq!(zoe.roles_of(&bob.id).await, [
            format!("account_developer @ {desk}"),
            format!("organization_standard_user @ {elsewhere}"),
            format!("studio_viewer @ {below}"),
        ]);
        assert_eq!(ann.roles_of(&bob.id).await, [
            format!("account_support @ {}", ann.account),
            format!("organization_standard_user @ {acme}"),
        ]);
        let kept = zoe.assignments_of(&bob.id).await;
        assert_eq!(kept.iter().filter(|row| held.contains(row)).count(), 2, "the same assignments");
        // Bob's role at the account still reaches below it; so do the new organization's own roles.
        assert!(bob.access(&bob.id, "account.access.use", &below).await);
        assert!(dee.access(&dee.id, "studio.flow.read", &below).await);
        let answer = cy.send("query($id: ID!) { account(id: $id) { name } }", json!({ "id": below })).await;
        assert_eq!(answer.error(), "NOT_FOUND", "R2: it is in another organization now");
        // Who was suspended does not come back by this way.
        let listed = zoe.ask("OrganizationUsers", json!({
            "id": elsewhere, "filter": { "status": "SUSPENDED" } })).await;
        assert_eq!(listed.texts("/organization/users/edges", "/node/name"), ["Eve"]);
        // Ann owns it as before, and nobody else.
        let owner = "query($id: ID!) { account(id: $id) { owner { id } } }";
        let shown = zoe.send(owner, json!({ "id": below })).await;
        assert_eq!(shown.text("/account/owner/id"), ann.id);
        assert_eq!(zoe.roles_of(&ann.id).await, [
            format!("account_owner @ {desk}"), format!("organization_standard_user @ {elsewhere}"),
        ]);
        let joined = server.audit("membership.created").await;
        assert_eq!(joined.len(), 2, "Bob and Eve");
        assert!(joined.iter().all(|event| event.organization_id.unwrap().to_string() == *elsewhere));
        assert_eq!(server.audit("account.moved").await.len(), 4, "two accounts, two organizations");
        consistent(&server).await;
    }
);

both!(
    /// What belongs to the old organization ends: links to billing groups, assignments of its own
    /// roles, and what its invitations promise there.
    what_belongs_to_the_old_organization_ends,
    |server: Server| async move {
        let (ann, [desk, below], zoe) = two(&server).await;
        let acme = ann.organization.clone();
        let group = plant::billing_group(&server, &acme, "East", &[&desk, &below, &ann.account]).await;
        let bob = plant::member(&server, &acme, "Bob").await;
        give(&ann, &bob, &[("account_developer", &desk)]).await;
        give_about(&ann, &bob, "billing_group_viewer", &group).await;
        custom_role(&server, &acme, &bob, &[&desk, &ann.account]).await;
        let both = [("account_developer", below.as_str()), ("account_support", &ann.account)];
        let (partly, partly_token) = ann.invite_one("partly@corp.example", &both).await;
        let (only, only_token) = ann.invite_one("only@corp.example", &[("account_developer", &desk)]).await;
        let (accepted, token) = ann.invite_one("was@corp.example", &[("account_support", &desk)]).await;
        server.accept(&token, "Was").await.done("acceptInvitation");
        let (other, _) = ann.invite_one("other@corp.example", &[("account_support", &ann.account)]).await;
        go(&ann, &desk, &zoe).await;

        let links = entity::billing_group_account::Entity::find().all(&server.app.db).await.unwrap();
        let links: Vec<String> = links.iter().map(|link| link.account_id.to_string()).collect();
        assert_eq!(links, [ann.account.clone()]);
        let custom = entity::role::Entity::find()
            .filter(entity::role::Column::OrganizationId.is_not_null())
            .one(&server.app.db).await.unwrap().unwrap().id;
        let held = role_assignment::Entity::find()
            .filter(role_assignment::Column::RoleId.eq(custom))
            .all(&server.app.db).await.unwrap();
        assert_eq!(held.len(), 1);
        assert_eq!(held[0].account_id.unwrap().to_string(), ann.account);
        let removed = server.audit("role_assignment.removed").await;
        assert_eq!(removed.len(), 1);
        assert_eq!(removed[0].before.as_ref().unwrap()["scope"], json!(desk));
        assert_eq!(removed[0].organization_id.unwrap().to_string(), acme);

        let status = async |email: &str| ann.invitation_of(email).await["status"].clone();
        assert_eq!(status("only@").await, "REVOKED");
        assert_eq!(server.link_state(&only_token).await, "InvitationRevoked");
        assert_eq!(ann.invitation_of("only@").await["delivery"]["state"], "CANCELLED");
        assert_eq!(status("partly@").await, "PENDING");
        assert_eq!(status("was@").await, "ACCEPTED");
        assert_eq!(status("other@").await, "PENDING");
        let revoked = server.audit("invitation.revoked").await;
        assert_eq!(revoked.len(), 1);
        assert_eq!(revoked[0].target, only);
        assert_eq!(promises(&server, &partly).await, 1);
        assert_eq!(promises(&server, &accepted).await, 0);
        assert_eq!(promises(&server, &other).await, 1);
        server.accept(&partly_token, "Pat").await.done("acceptInvitation");
        consistent(&server).await;
    }
);

/// Makes a role of an organization's own, and assigns it to a user in accounts.
async fn custom_role(server: &Server, organization: &str, user: &str, accounts: &[&str]) {
    let role: entity::id::RoleId = server.app.random.id(server.now());
    let sql = "INSERT INTO roles (id, organization_id, key, name, description, kind, product_group,
            is_exclusive, is_owner, created_at, updated_at)
        SELECT $1, id, 'night_watch', 'Night watch', '', 'CUSTOM', 'Own', FALSE, FALSE, created_at,
            created_at FROM organizations WHERE id = $2";
    plant::run(server, sql, &[&role.to_string(), organization]).await;
    for account in accounts {
        let id: entity::id::AssignmentId = server.app.random.id(server.now());
        let sql = "INSERT INTO role_assignments (id, organization_id, user_id, role_id, scope_id,
                account_id, created_at)
            SELECT $1, organization_id, $2, $3, id, id, created_at FROM accounts WHERE id = $4";
        plant::run(server, sql, &[&id.to_string(), user, &role.to_string(), account]).await;
    }
}

async fn promises(server: &Server, invitation: &str) -> usize {
    let id: InvitationId = invitation.parse().unwrap();
    let grants = invitation_grant::Entity::find()
        .filter(invitation_grant::Column::InvitationId.eq(id))
        .all(&server.app.db);
    grants.await.unwrap().len()
}

/// Whatever is assigned or promised in an account is so in the account's organization, whether the
/// database was told to look or not.
pub(crate) async fn consistent(server: &Server) {
    let db = &server.app.db;
    let accounts = account::Entity::find().all(db).await.unwrap();
    let home = |id: AccountId| accounts.iter().find(|a| a.id == id).unwrap().organization_id;
    for account in &accounts {
        if let Some(parent_id) = account.parent_id {
            assert_eq!(home(parent_id), account.organization_id);
        }
    }
    for row in role_assignment::Entity::find().all(db).await.unwrap() {
        assert!(row.account_id.is_none_or(|id| home(id) == row.organization_id), "{row:?}");
    }
    for row in invitation_grant::Entity::find().all(db).await.unwrap() {
        assert!(row.account_id.is_none_or(|id| home(id) == row.organization_id), "{row:?}");
    }
}

both!(
    /// There and back again: an account can go wherever its Owner and the other side want it.
    an_account_goes_there_and_back,
    |server: Server| async move {
        let (ann, [desk, _], zoe) = two(&server).await;
        go(&ann, &desk, &zoe).await;
        let id = asked(&ann, &desk, &ann.organization).await;
        accept(&ann, &id).await.done("acceptAccountMove");
        assert_eq!(home(&ann, &desk).await, "Acme");
        consistent(&server).await;
    }
);

both!(
    /// The same with a catalogue whose accounts have one role per user and no default role.
    a_team_account_moves_as_well,
    Options { team: true, ..Options::default() },
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let zoe = server.sign_up("Zoe", "zoe@elsewhere.example", "Elsewhere").await;
        let bob = ann.colleague("Bob", "bob@corp.example", &[("account_developer", &ann.account)]).await;
        let (account, acme) = (ann.account.clone(), ann.organization.clone());
        welcome(&ann, &zoe, &[("account_support", &account)]).await;
        let id = asked(&zoe, &account, &zoe.organization).await;
        accept(&ann, &id).await.done("acceptAccountMove");
        assert_eq!(zoe.roles_of(&bob.id).await, [format!("account_developer @ {account}")]);
        assert_eq!(zoe.roles_of(&ann.id).await, [format!("account_owner @ {account}")]);
        assert_eq!(ann.roles_of(&ann.id).await, [format!("organization_owner @ {acme}")]);
        consistent(&server).await;
    }
);

both!(
    /// Taking forty people along takes as many statements as taking two.
    a_move_takes_as_many_statements_for_many,
    |server: Server| async move {
        let (ann, [few, _], zoe) = two(&server).await;
        let many = ann.create_account("Many", None).await;
        let mut counts = Vec::new();
        for (account, people) in [(&few, 2), (&many, 40)] {
            let rows: Vec<(String, String)> =
                (0..people).map(|n| (format!("P{n}"), format!("p{n}-{people}@people.example"))).collect();
            let rows: Vec<(&str, &str)> = rows.iter().map(|(n, e)| (n.as_str(), e.as_str())).collect();
            for user in plant::members(&server, &ann.organization, &rows).await {
                give(&ann, &user, &[("account_developer", account), ("studio_viewer", account)]).await;
            }
            let invitees: Vec<Value> =
                (0..people).map(|n| json!({ "email": format!("i{n}-{people}@new.example") })).collect();
            let grants = json!([{ "roleKey": "account_support", "scopeId": account }]);
            ann.invite_with(json!({ "invitees": invitees, "grants": grants })).await.done("inviteUsers");
            let id = asked(&ann, account, &zoe.organization).await;
            let (answer, statements) = server.statements(accept(&zoe, &id)).await;
            answer.done("acceptAccountMove");
            counts.push(statements);
        }
        assert_eq!(counts[0].len(), counts[1].len(), "{:#?}", counts[1]);
        consistent(&server).await;
    }
);
