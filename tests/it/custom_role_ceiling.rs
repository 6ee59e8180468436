//! A custom role that lets its holders manage assignments lifts nobody above what they hold (R20, R21).

use serde_json::json;

use crate::support::custom::make_role;
use crate::support::roles::{assign, remove};
use crate::support::{Person, Server, both};

const CHANGE: &str = "mutation($input: UpdateCustomRoleInput!) { updateCustomRole(input: $input) {
    role { id } userErrors { code path } } }";

both!(
    /// R21: outside the organization's own administrators nobody gives, or puts into a role, what they do
    /// not hold.
    r21_a_custom_role_lifts_no_ceiling,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let (organization, main) = (ann.organization.as_str(), ann.account.as_str());
        let held = ["organization.assignments.manage", "logs.product_log.read"];
        let role = make_role(&ann, "assigner", &held).await;
        let bob = ann.colleague("Bob", "bob@acme.example", &[("assigner", organization)]).await;

        for (above, scope) in [("organization_admin", organization), ("account_administrator", main)]
        {
            let refused = assign(&bob, &bob.id, &[(above, scope)]).await;
            assert_eq!(refused.refusals("assignRoles"), ["ABOVE_OWN_ACCESS grants.0.roleKey"]);
        }
        let wider = json!({ "roleId": role, "permissions": ["organization.users.manage"] });
        let changed = bob.send(CHANGE, json!({ "input": wider })).await;
        let refusals = changed.refusals("updateCustomRole");
        assert!(refusals[0].starts_with("ABOVE_OWN_ACCESS"), "{refusals:?}");

        // What they hold they give, and take.
        let cy = ann.colleague("Cy", "cy@acme.example", &[]).await;
        let given = assign(&bob, &cy.id, &[("assigner", organization)]).await.done("assignRoles");
        let id = given.text("/assignRoles/roleAssignments/0/id");
        remove(&bob, &[&id]).await.done("removeRoleAssignments");
    }
);

both!(
    /// R24: who manages the organization's users by a role made for that invites members, and these can
    /// accept; nothing beyond membership can be promised.
    r24_a_role_for_inviting_members,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let organization = ann.organization.as_str();
        make_role(&ann, "welcomer", &["organization.users.manage"]).await;
        let bob = ann.colleague("Bob", "bob@acme.example", &[("welcomer", organization)]).await;
        let bob = Person { organization: ann.organization.clone(), ..bob };
        let (_, token) = bob.invite_one("cy@corp.example", &[]).await;
        let accepted = server.accept(&token, "Cy").await.done("acceptInvitation");
        let cy = accepted.text("/acceptInvitation/viewer/user/id");
        assert_eq!(ann.roles_of(&cy).await, [format!("organization_standard_user @ {organization}")]);

        let more = bob.invite("dee@corp.example", &[("account_developer", &ann.account)]).await;
        assert_eq!(more.error(), "FORBIDDEN");
    }
);
