//! Changing what a pending invitation promises (R21, R47).

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::roles::give;
use crate::support::{Answer, Person, Server, both};

async fn update(by: &Person, invitation: &str, grants: &[(&str, &str)]) -> Answer {
    let grants: Vec<Value> =
        grants.iter().map(|(role, scope)| json!({ "roleKey": role, "scopeId": scope })).collect();
    by.call("UpdateInvitation", json!({ "invitationId": invitation, "grants": grants })).await
}

/// What an answer says that the invitation promises.
fn promised(answer: &Answer) -> Vec<String> {
    answer.texts("/updateInvitation/invitation/grants", "/role/key")
}

both!(
    /// R47: the grants change, the link stays, and accepting gives what is promised then.
    r47_the_grants_of_a_pending_invitation_change,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let main = ann.account.clone();
        let second = ann.create_account("Second", None).await;
        let (id, token) = ann.invite_one("bob@corp.example", &[("account_developer", &main)]).await;

        let changed = [("account_support", main.as_str()), ("account_billing_manager", &second)];
        let answer = update(&ann, &id, &changed).await.done("updateInvitation");
        assert_eq!(promised(&answer), ["account_support", "account_billing_manager"]);
        let shown = ann.invitation_of("bob@corp.example").await;
        assert_eq!(shown["grants"].as_array().unwrap().len(), 2);

        let accepted = server.accept(&token, "Bob").await.done("acceptInvitation");
        let bob = accepted.text("/acceptInvitation/viewer/user/id");
        assert_eq!(ann.roles_of(&bob).await, [
            format!("account_billing_manager @ {second}"),
            format!("account_support @ {main}"),
            format!("organization_standard_user @ {}", ann.organization),
        ]);
        let events = server.audit("invitation.updated").await;
        assert_eq!(events[0].before.as_ref().unwrap()["grants"][0]["role"], "account_developer");

        let late = update(&ann, &id, &changed).await;
        assert_eq!(late.refusals("updateInvitation"), ["INVITATION_NOT_PENDING invitationId"]);
    }
);

both!(
    /// R72: what is wrong is named, and nothing is changed.
    r47_bad_changes_change_nothing,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let main = ann.account.as_str();
        let (id, _) = ann.invite_one("bob@corp.example", &[("account_developer", main)]).await;
        let before = server.dump().await;
        let refused = |grants: Vec<(&'static str, String)>| {
            let (ann, id) = (ann.clone(), id.clone());
            async move {
                let grants: Vec<(&str, &str)> = grants.iter().map(|(r, s)| (*r, s.as_str())).collect();
                update(&ann, &id, &grants).await.refusals("updateInvitation")
            }
        };
        assert_eq!(refused(vec![]).await, ["BAD_LIST_LENGTH grants"]);
        let good = ("account_support", main.to_owned());
        assert_eq!(refused(vec![good.clone(), ("king", main.to_owned())]).await, [
            "UNKNOWN_ROLE grants.1.roleKey"
        ]);
        assert_eq!(refused(vec![good.clone(), ("account_owner", main.to_owned())]).await, [
            "OWNER_ROLE grants.1.roleKey"
        ]);
        let both = vec![good.clone(), ("account_administrator", main.to_owned())];
        assert_eq!(refused(both).await, ["EXCLUSIVE_ROLES grants.1.roleKey"]);
        let wrong = vec![good, ("account_developer", ann.organization.clone())];
        assert_eq!(refused(wrong).await, ["ROLE_NOT_ASSIGNABLE_HERE grants.1.scopeId"]);
        assert_eq!(server.dump().await, before);

        let ann = ann.later(TimeDelta::days(8)).await;
        let expired = update(&ann, &id, &[("account_support", main)]).await;
        assert_eq!(expired.refusals("updateInvitation"), ["INVITATION_NOT_PENDING invitationId"]);
    }
);

both!(
    /// R20, R21: nobody promises, or takes back, what is not theirs to give; who changes an invitation
    /// answers for it.
    r21_who_changes_an_invitation_answers_for_it,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let main = ann.account.clone();
        let second = ann.create_account("Second", None).await;
        let cy = ann.colleague("Cy", "cy@acme.example", &[("account_administrator", &main)]).await;
        let dee = ann.colleague("Dee", "dee@acme.example", &[("account_developer", &main)]).await;
        let eve = server.sign_up("Eve", "eve@other.example", "Other").await;

        let (id, token) = ann.invite_one("bob@corp.example", &[("account_developer", &main)]).await;
        for stranger in [&dee, &eve] {
            let answer = update(stranger, &id, &[("account_developer", &main)]).await;
            assert_eq!(answer.error(), "NOT_FOUND");
        }
        let above = update(&cy, &id, &[("organization_admin", &ann.organization)]).await;
        assert_eq!(above.error(), "FORBIDDEN");
        let done = update(&cy, &id, &[("account_billing_manager", &main)]).await;
        let done = done.done("updateInvitation");
        assert_eq!(done.text("/updateInvitation/invitation/invitedBy/id"), cy.id);

        // From here on it stands and falls with Cy.
        let gone = json!({ "userId": cy.id, "scopeId": main });
        ann.call("RemoveRoleAssignments", gone).await.done("removeRoleAssignments");
        assert_eq!(server.link_state(&token).await, "InvitationInviterLostAccess");

        // What reaches beyond one's own account, one may not take back.
        give(&ann, &cy.id, &[("account_administrator", &main)]).await;
        let wide = [("account_developer", main.as_str()), ("account_developer", &second)];
        let (other, _) = ann.invite_one("fay@corp.example", &wide).await;
        let answer = update(&cy, &other, &[("account_developer", &main)]).await;
        assert_eq!(answer.error(), "NOT_FOUND");
    }
);
