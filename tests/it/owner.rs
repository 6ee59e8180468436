//! Who may manage what (R20, R21, R24), and owners, who are neither made nor unmade by roles (R22).

use serde_json::json;

use crate::support::roles::{assign, change, give, give_about, message, remove, take};
use crate::support::{Person, Server, both, plant};

/// An organization with one of everybody.
struct Cast {
    ann: Person,
    /// An Organization Admin.
    oda: Person,
    /// An Administrator of the first account.
    adam: Person,
    /// A Developer there.
    dev: Person,
    /// A subaccount of the first account.
    sub: String,
    /// An account that Adam has nothing to do with.
    other: String,
    /// A member who holds nothing.
    bob: String,
}

impl Cast {
    async fn gather(server: &Server) -> Self {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let main = ann.account.as_str();
        let roles = [("organization_admin", ann.organization.as_str())];
        let oda = ann.colleague("Oda", "oda@acme.example", &roles).await;
        let adam =
            ann.colleague("Adam", "adam@acme.example", &[("account_administrator", main)]).await;
        let dev = ann.colleague("Dev", "dev@acme.example", &[("account_developer", main)]).await;
        let sub = ann.create_account("Sub", Some(main)).await;
        let other = ann.create_account("Other", None).await;
        let bob = plant::member(server, &ann.organization, "Bob").await;
        Self { ann, oda, adam, dev, sub, other, bob }
    }
}

both!(
    /// R20: organization-level roles are managed by the Organization Owner and Admins; an account's,
    /// and those of its subaccounts, also by its Owner and Administrators; by nobody else.
    r20_who_manages_assignments,
    |server: Server| async move {
        let cast = Cast::gather(&server).await;
        let Cast { ann, oda, adam, dev, sub, other, bob } = &cast;
        let (organization, main) = (ann.organization.as_str(), ann.account.as_str());
        // Ira owns an account of her own, made by an administrator's leave.
        let roles = [("organization_admin", organization)];
        let ira = ann.colleague("Ira", "ira@acme.example", &roles).await;
        let owned = ira.create_account("Ira's", None).await;
        give(ann, &ira.id, &[("organization_standard_user", organization)]).await;
        let admin = ann.assignments_of(&ira.id).await;
        let (_, admin) = admin.iter().find(|(role, _)| role.starts_with("organization_admin")).unwrap();
        remove(ann, &[admin]).await.done("removeRoleAssignments");

        let (at_org, at_account) = ("organization_billing_viewer", "account_developer");
        let cases = [
            (ann, at_org, organization, "done"),
            (oda, at_org, organization, "done"),
            (adam, at_org, organization, "FORBIDDEN"),
            (&ira, at_org, organization, "FORBIDDEN"),
            (dev, at_org, organization, "FORBIDDEN"),
            (oda, at_account, other, "done"),
            (oda, at_account, &owned, "done"),
            (adam, at_account, main, "done"),
            (adam, at_account, sub, "done"),
            (adam, at_account, other, "NOT_FOUND"),
            (&ira, at_account, &owned, "done"),
            (&ira, at_account, main, "NOT_FOUND"),
            (dev, at_account, main, "FORBIDDEN"),
            (dev, at_account, sub, "FORBIDDEN"),
        ];
        for (person, role, scope, expected) in cases {
            let given = assign(person, bob, &[(role, scope)]).await;
            let case = format!("{} with {role} at {scope}", person.name);
            if expected == "done" {
                given.done("assignRoles");
                take(person, bob, scope).await.done("removeRoleAssignments");
            } else {
                assert_eq!(given.error(), expected, "{case}");
                give(ann, bob, &[(role, scope)]).await;
                assert_eq!(take(person, bob, scope).await.error(), expected, "{case}, taking");
                take(ann, bob, scope).await.done("removeRoleAssignments");
            }
        }
        assert!(ann.roles_of(bob).await.is_empty());
    }
);

both!(
    /// R21: outside the Organization Owner and Admins nobody gives what they could not use: the
    /// refusal names what is missing.
    r21_nobody_gives_more_than_they_hold,
    |server: Server| async move {
        let cast = Cast::gather(&server).await;
        let Cast { ann, oda, adam, sub, bob, .. } = &cast;
        let main = ann.account.as_str();
        for role in ["account_administrator", "account_developer", "account_billing_manager"] {
            change(adam, bob, main, role).await.done("changeAccountRole");
            change(adam, bob, sub, role).await.done("changeAccountRole");
        }
        // Support sees into the contact centre, which no Administrator does; product roles are above
        // every general role.
        for (role, missing) in [
            ("account_support", "contact_center.administration.read"),
            ("studio_admin", "studio.flow.create"),
        ] {
            let refused = assign(adam, bob, &[(role, main)]).await;
            assert_eq!(refused.refusals("assignRoles"), ["ABOVE_OWN_ACCESS grants.0.roleKey"]);
            assert!(message(&refused, "assignRoles").contains(missing));
        }
        let refused = change(adam, bob, main, "account_support").await;
        assert_eq!(refused.refusals("changeAccountRole"), ["ABOVE_OWN_ACCESS roleKey"]);
        let invited = adam.call("InviteUsers", json!({
            "organizationId": ann.organization, "invitees": [{ "email": "pat@new.example" }],
            "grants": [{ "roleKey": "studio_admin", "scopeId": main }] }));
        assert_eq!(invited.await.refusals("inviteUsers"), ["ABOVE_OWN_ACCESS grants.0.roleKey"]);

        // Who holds it beside, gives it: what counts is all that one may do there.
        give(ann, &adam.id, &[("account_support", main), ("studio_admin", main)]).await;
        give(adam, bob, &[("account_support", main), ("studio_viewer", main)]).await;
        // In the subaccount too, because what Adam holds above reaches it; but not for ever.
        give(adam, bob, &[("studio_admin", sub)]).await;
        let held = ann.assignments_of(&adam.id).await;
        let (_, studio) = held.iter().find(|(role, _)| role.starts_with("studio_admin")).unwrap();
        remove(ann, &[studio]).await.done("removeRoleAssignments");
        take(adam, bob, sub).await.done("removeRoleAssignments");
        let refused = assign(adam, bob, &[("studio_admin", sub)]).await;
        assert_eq!(refused.refusals("assignRoles"), ["ABOVE_OWN_ACCESS grants.0.roleKey"]);

        // The ceiling is not the organization's administrators', who hold none of this themselves.
        assert!(!oda.access(&oda.id, "studio.flow.create", main).await);
        give(oda, bob, &[("studio_admin", main), ("account_support", main)]).await;
        let group = plant::billing_group(&server, &ann.organization, "East", &[main]).await;
        give_about(oda, bob, "billing_group_admin", &group).await;
        give(oda, bob, &[("organization_admin", &ann.organization)]).await;
    }
);

both!(
    /// R21: the ceiling is checked again when an invitation is accepted: its inviter has lost the
    /// right by then.
    r21_an_inviter_who_lost_the_right_cannot_let_anybody_in,
    |server: Server| async move {
        let cast = Cast::gather(&server).await;
        let Cast { ann, adam, .. } = &cast;
        let main = ann.account.as_str();
        adam.invite("pat@new.example", &[("account_developer", main)]).await.done("inviteUsers");
        change(ann, &adam.id, main, "account_developer").await.done("changeAccountRole");
        let token = server.invitation_token("pat@new.example").await;
        let input = json!({ "token": token, "name": "Pat", "password": Person::PASSWORD });
        let answer = server.ask("AcceptInvitation", json!({ "input": input })).await;
        assert_eq!(answer.refusals("acceptInvitation"), ["INVITER_LOST_ACCESS token"]);
        assert_eq!(ann.assignments_of("pat@new.example").await, []);
    }
);

both!(
    /// R22: owner roles are neither assigned, promised, changed to nor removed, not even by owners.
    r22_owner_roles_do_not_move_by_assignments,
    |server: Server| async move {
        let cast = Cast::gather(&server).await;
        let Cast { ann, oda, adam, bob, .. } = &cast;
        let (organization, main) = (ann.organization.as_str(), ann.account.as_str());
        for person in [ann, oda] {
            for grant in [("organization_owner", organization), ("account_owner", main)] {
                let answer = assign(person, bob, &[grant]).await;
                assert_eq!(answer.refusals("assignRoles"), ["OWNER_ROLE grants.0.roleKey"]);
                let invited = person.invite("pat@new.example", &[grant]).await;
                assert!(invited.body.to_string().contains("OWNER_ROLE"), "{:#}", invited.body);
            }
        }
        let answer = assign(adam, bob, &[("account_owner", main)]).await;
        assert_eq!(answer.refusals("assignRoles"), ["OWNER_ROLE grants.0.roleKey"]);

        // R24: an Organization Admin cannot touch the Owner; nor can an Administrator; nor they themselves.
        let before = ann.roles_of(&ann.id).await;
        assert!(before.contains(&format!("organization_owner @ {organization}")), "{before:?}");
        assert!(before.contains(&format!("account_owner @ {main}")), "{before:?}");
        for (_, id) in ann.assignments_of(&ann.id).await {
            for person in [ann, oda] {
                let answer = remove(person, &[&id]).await;
                assert_eq!(answer.refusals("removeRoleAssignments"), ["OWNER_ROLE assignmentIds.0"]);
            }
        }
        for person in [ann, oda, adam] {
            let answer = take(person, &ann.id, main).await;
            assert_eq!(answer.refusals("removeRoleAssignments"), ["OWNER_ROLE userId"]);
            let answer = change(person, &ann.id, main, "account_developer").await;
            assert_eq!(answer.refusals("changeAccountRole"), ["OWNER_ROLE userId"]);
        }
        assert_eq!(ann.roles_of(&ann.id).await, before);

        // An exclusive role beside it does not clear an owner's.
        give(oda, &ann.id, &[("account_administrator", main)]).await;
        let after = ann.roles_of(&ann.id).await;
        assert!(before.iter().all(|role| after.contains(role)), "{after:?}");
    }
);

both!(
    /// R24: Organization Admins invite, create accounts and assign roles.
    r24_what_organization_admins_do,
    |server: Server| async move {
        let cast = Cast::gather(&server).await;
        let Cast { ann, oda, other, .. } = &cast;
        let pat = oda.colleague("Pat", "pat@new.example", &[("account_developer", other)]).await;
        assert_eq!(ann.roles_of(&pat.id).await.len(), 2);
        let made = oda.create_account("Made", None).await;
        oda.create_account("Below", Some(other)).await;
        let users = oda.ask("OrganizationUsers", json!({ "id": ann.organization })).await;
        let names = users.texts("/organization/users/edges", "/node/name");
        assert_eq!(names, ["Adam", "Ann", "Bob", "Dev", "Oda", "Pat"]);
        take(oda, &pat.id, other).await.done("removeRoleAssignments");
        give(oda, &pat.id, &[("account_administrator", &made)]).await;
        assert!(pat.access(&pat.id, "account.users.manage", &made).await);
    }
);

both!(
    /// R20: the Administrators of an account see its users and their roles there, and only these.
    r20_administrators_of_an_account_see_its_users,
    |server: Server| async move {
        let cast = Cast::gather(&server).await;
        let Cast { ann, adam, dev, sub, other, bob, .. } = &cast;
        let eve = plant::member(&server, &ann.organization, "Eve").await;
        give(ann, bob, &[("account_developer", sub), ("account_support", other)]).await;
        give(ann, &eve, &[("account_developer", other)]).await;

        let users = adam.ask("OrganizationUsers", json!({ "id": ann.organization })).await;
        let names = users.texts("/organization/users/edges", "/node/name");
        assert_eq!(names, ["Adam", "Ann", "Bob", "Dev"]);
        assert_eq!(*users.at("/organization/users/totalCount"), json!(4));
        let seen = adam.roles_of(bob).await;
        assert_eq!(seen, [format!("account_developer @ {sub}")], "what Bob holds elsewhere is not Adam's");
        assert!(adam.roles_of(&eve).await.is_empty());
        // Nor is anybody found by what Adam does not see.
        let variables = json!({ "id": ann.organization, "filter": { "query": "other" } });
        let found = adam.ask("OrganizationUsers", variables).await;
        assert_eq!(*found.at("/organization/users/edges"), json!([]));
        let variables = json!({ "id": ann.organization, "filter": { "roleKey": "account_support" } });
        let found = adam.ask("OrganizationUsers", variables).await;
        assert_eq!(*found.at("/organization/users/edges"), json!([]));

        // One's own roles are shown whole, wherever they are.
        let own = "{ viewer { user { roleAssignments { nodes { role { key } } totalCount } } } }";
        give(ann, &adam.id, &[("account_developer", other)]).await;
        for (person, mut expected) in [
            (adam, vec!["account_administrator", "organization_standard_user", "account_developer"]),
            (dev, vec!["account_developer", "organization_standard_user"]),
        ] {
            let answer = person.send(own, json!({})).await;
            let mut keys = answer.texts("/viewer/user/roleAssignments/nodes", "/role/key");
            keys.sort();
            expected.sort_unstable();
            assert_eq!(keys, expected, "of {}", person.name);
            let total = answer.at("/viewer/user/roleAssignments/totalCount");
            assert_eq!(*total, json!(expected.len()));
        }
    }
);
