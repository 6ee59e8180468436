//! Who may invite to what (R20, R21), members among the invited (R44), and how many may be pending
//! (R52).

use chrono::TimeDelta;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{Options, Person, Server, both};

const BOB: &str = "bob@corp.example";

both!(
    /// Inviting takes what assigning takes: a developer invites nobody, and is told what it takes.
    r20_who_manages_nobody_invites_nobody,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let dev = ann.colleague("Dev", "dev@corp.example", &[("account_developer", &ann.account)]).await;
        let plain = ann.colleague("Pia", "pia@corp.example", &[]).await;
        let viewer = [("organization_billing_admin", ann.organization.as_str())];
        let billing = ann.colleague("Bill", "bill@corp.example", &viewer).await;

        let refused = dev.invite(BOB, &[("account_support", &ann.account)]).await;
        assert_eq!(refused.error(), "FORBIDDEN");
        let extensions = &refused.body["errors"][0]["extensions"];
        assert_eq!(extensions["permission"], "account.users.manage");
        assert_eq!(extensions["scope"], ann.account);
        let givers = extensions["grantedBy"].as_array().unwrap();
        assert!(givers.contains(&json!("account_administrator")), "{givers:?}");

        for person in [&dev, &plain, &billing] {
            let refused = person.invite(BOB, &[]).await;
            assert_eq!(refused.error(), "FORBIDDEN", "{} without grants", person.name);
            let grants = [("organization_standard_user", ann.organization.as_str())];
            assert_eq!(person.invite(BOB, &grants).await.error(), "FORBIDDEN", "{}", person.name);
        }
        // Where somebody sees nothing there is nothing, to them.
        let refused = plain.invite(BOB, &[("account_support", &ann.account)]).await;
        assert_eq!(refused.refusals("inviteUsers"), ["NOT_FOUND grants.0.scopeId"]);
        let zoe = server.sign_up("Zoe", "zoe@zeta.example", "Zeta").await;
        let stranger = Person { organization: ann.organization.clone(), ..zoe };
        assert_eq!(stranger.invite(BOB, &[]).await.error(), "NOT_FOUND");
        assert!(server.outbox(BOB).await.is_empty());
    }
);

both!(
    /// An account's administrator invites to that account, to no role above their own access there,
    /// and nowhere else.
    r21_an_account_administrator_invites_below_their_own_access,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let (desk, lab) =
            (ann.create_account("Desk", None).await, ann.create_account("Lab", None).await);
        let sub = ann.create_account("Sub", Some(&desk)).await;
        let admin = [("account_administrator", desk.as_str())];
        let carol = ann.colleague("Carol", "carol@corp.example", &admin).await;

        for (n, grant) in [
            ("account_developer", &desk),
            ("account_administrator", &desk),
            ("account_billing_manager", &sub),
        ]
        .iter()
        .enumerate()
        {
            let email = format!("fine{n}@corp.example");
            assert_eq!(carol.invite(&email, &[(grant.0, grant.1)]).await.rows(), ["INVITED"]);
        }
        // Support sees the contact centre, which an administrator does not.
        let above = carol.invite(BOB, &[("account_support", &desk)]).await;
        assert_eq!(above.refusals("inviteUsers"), ["ABOVE_OWN_ACCESS grants.0.roleKey"]);
        let owner = carol.invite(BOB, &[("account_owner", &desk)]).await;
        assert_eq!(owner.refusals("inviteUsers"), ["OWNER_ROLE grants.0.roleKey"]);
        for grant in [
            ("organization_admin", ann.organization.as_str()),
            ("organization_standard_user", ann.organization.as_str()),
            ("studio_viewer", ann.organization.as_str()),
        ] {
            assert_eq!(carol.invite(BOB, &[grant]).await.error(), "FORBIDDEN", "{}", grant.0);
        }
        let elsewhere = carol.invite(BOB, &[("account_developer", &lab)]).await;
        assert_eq!(elsewhere.refusals("inviteUsers"), ["NOT_FOUND grants.0.scopeId"]);
        assert_eq!(carol.invite(BOB, &[]).await.error(), "FORBIDDEN");

        // Rows with grants of their own are judged one by one.
        let own = |role: &str, scope: &str| json!([{ "roleKey": role, "scopeId": scope }]);
        let mixed = carol
            .invite_with(json!({ "invitees": [
                { "email": "a@corp.example", "grants": own("account_developer", &desk) },
                { "email": "b@corp.example", "grants": own("account_support", &desk) },
                { "email": "c@corp.example", "grants": own("organization_admin", &ann.organization) },
            ] }))
            .await;
        assert_eq!(
            mixed.rows(),
            [
                "INVITED",
                "REFUSED ABOVE_OWN_ACCESS invitees.1.grants.0.roleKey",
                "REFUSED NOT_ALLOWED invitees.2.grants",
            ]
        );
        assert!(server.outbox(BOB).await.is_empty());
    }
);

both!(
    /// Who resends vouches for the grants: it takes what inviting would take, and the invitation
    /// names them from then on. Others' invitations do not exist.
    r20_r21_resending_and_revoking_take_what_inviting_takes,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let desk = ann.create_account("Desk", None).await;
        let admin = [("account_administrator", desk.as_str())];
        let carol = ann.colleague("Carol", "carol@corp.example", &admin).await;
        let developer = [("account_developer", desk.as_str())];
        let dev = ann.colleague("Dev", "dev@corp.example", &developer).await;
        let zoe = server.sign_up("Zoe", "zoe@zeta.example", "Zeta").await;
        let (above, _) = ann.invite_one("above@corp.example", &[("account_support", &desk)]).await;
        let (within, _) = ann.invite_one("within@corp.example", &developer).await;
        let (apart, _) =
            ann.invite_one("apart@corp.example", &[("account_developer", &ann.account)]).await;
        let (carols, _) = carol.invite_one("carols@corp.example", &developer).await;
        server.pass(TimeDelta::minutes(1));

        let refused = carol.resend(&above).await;
        assert_eq!(refused.refusals("resendInvitation"), ["ABOVE_OWN_ACCESS grants.0.roleKey"]);
        let resent = carol.resend(&within).await.done("resendInvitation");
        assert_eq!(resent.text("/resendInvitation/invitation/invitedBy/name"), "Carol");
        for (person, id) in [(&carol, &apart), (&zoe, &within)] {
            assert_eq!(person.resend(id).await.error(), "NOT_FOUND", "{}", person.name);
            assert_eq!(person.revoke(id).await.error(), "NOT_FOUND", "{}", person.name);
        }
        // Who administers nobody sees no invitation: the answer is that to an unknown id.
        assert_eq!(dev.resend(&within).await.error(), "NOT_FOUND");
        assert_eq!(dev.revoke(&within).await.error(), "NOT_FOUND");

        // What stands in the way of inviting again is shown to those who may see it.
        for (email, id) in [("within@corp.example", json!(within)), ("apart@corp.example", Value::Null)] {
            let refused = carol.invite(email, &developer).await;
            assert_eq!(refused.rows(), ["REFUSED ALREADY_INVITED invitees.0.email"]);
            let shown = refused.body.pointer("/data/inviteUsers/results/0/invitation/id");
            assert_eq!(shown.unwrap_or(&Value::Null), &id, "{email}");
        }

        // Carol loses the account: what she invited to is no longer hers to resend or revoke.
        let demoted = json!({ "userId": carol.id, "accountId": desk, "roleKey": "account_developer" });
        ann.call("ChangeAccountRole", demoted).await.done("changeAccountRole");
        assert_eq!(carol.resend(&carols).await.error(), "NOT_FOUND");
        assert_eq!(carol.revoke(&carols).await.error(), "NOT_FOUND");
        ann.revoke(&carols).await.done("revokeInvitation");
    }
);

both!(
    /// Who is a member already has the roles at once, and is told by a mail that names what is new.
    r44_members_have_the_roles_at_once,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let desk = ann.create_account("Desk", None).await;
        let bob = ann.colleague("Bob", BOB, &[("account_developer", &ann.account)]).await;
        let before = server.outbox(BOB).await.len();

        let grants =
            [("account_developer", ann.account.as_str()), ("account_billing_manager", desk.as_str())];
        let granted = ann.invite("BOB@corp.example", &grants).await.done("inviteUsers");
        assert_eq!(granted.rows(), ["GRANTED"]);
        assert_eq!(granted.at("/inviteUsers/results/0/invitation"), &Value::Null);
        assert!(bob.access(&bob.id, "account.access.use", &desk).await);
        let expected = [
            format!("account_billing_manager @ {desk}"),
            format!("account_developer @ {}", ann.account),
            format!("organization_standard_user @ {}", ann.organization),
        ];
        assert_eq!(ann.roles_of(&bob.id).await, expected);

        server.deliver().await;
        let mails: Vec<Value> = server.mails().await;
        let told: Vec<&Value> = mails.iter().filter(|mail| mail["kind"] == "grants_applied").collect();
        assert_eq!((told.len(), &told[0]["to"]), (1, &json!(BOB)));
        assert_eq!(told[0]["subject"], "You have new roles in Acme");
        let text = told[0]["text"].as_str().unwrap();
        assert!(text.contains("Billing Manager") && text.contains("Desk"), "{text}");
        assert!(!text.contains("Developer"), "a role that is not new: {text}");

        // Nothing new: nothing to tell, and nothing to note.
        let noted = server.audit("role_assignment.created").await.len();
        assert_eq!(ann.invite(BOB, &grants).await.rows(), ["GRANTED"]);
        assert_eq!(server.outbox(BOB).await.len(), before + 1);
        assert_eq!(server.audit("role_assignment.created").await.len(), noted);
        assert_eq!(ann.invitations(json!({ "status": "PENDING" })).await.len(), 0);
    }
);

both!(
    /// An exclusive role takes the place of others, also by this way; both changes are noted (R70).
    r44_r70_exclusive_roles_clear_others_and_that_is_noted,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let bob = ann.colleague("Bob", BOB, &[("account_developer", &ann.account)]).await;
        let admin = [("account_administrator", ann.account.as_str())];
        assert_eq!(ann.invite(BOB, &admin).await.rows(), ["GRANTED"]);
        let expected = [
            format!("account_administrator @ {}", ann.account),
            format!("organization_standard_user @ {}", ann.organization),
        ];
        assert_eq!(ann.roles_of(&bob.id).await, expected);
        let removed = server.audit("role_assignment.removed").await;
        assert_eq!(removed.len(), 1, "{removed:#?}");
        assert_eq!(removed[0].before.as_ref().unwrap()["role"], "account_developer");
        assert_eq!(removed[0].actor_id.unwrap().to_string(), ann.id);
    }
);

both!(
    /// The limit of roles is each member's own: who is at it is refused, the others are not.
    r44_r12_the_role_limit_is_per_row,
    Options { config: Some(|config| config.built_in_roles_per_user = 1), ..Options::default() },
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let studio = [("studio_viewer", ann.account.as_str())];
        ann.colleague("Full", "full@corp.example", &studio).await;
        ann.colleague("Free", "free@corp.example", &[]).await;
        let granted = ann
            .invite_with(json!({
                "invitees": [{ "email": "full@corp.example" }, { "email": "free@corp.example" }],
                "grants": [{ "roleKey": "numbers_configuration_viewer", "scopeId": ann.account }],
            }))
            .await
            .done("inviteUsers");
        assert_eq!(granted.rows(), ["REFUSED ROLE_LIMIT_REACHED invitees.0.grants", "GRANTED"]);

        // Nobody could accept an invitation to more than one user may hold.
        let two = [studio[0], ("numbers_configuration_viewer", ann.account.as_str())];
        let refused = ann.invite(BOB, &two).await;
        assert_eq!(refused.rows(), ["REFUSED ROLE_LIMIT_REACHED invitees.0.grants"]);
        assert_eq!(ann.invite(BOB, &studio).await.rows(), ["INVITED"]);
    }
);

both!(
    /// As many invitations are pending as the operator allows; those that ended do not count.
    r52_pending_invitations_are_limited,
    Options { config: Some(|config| config.pending_invitations = 3), ..Options::default() },
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let people = |names: &[&str]| -> Value {
            let people = names.iter().map(|name| json!({ "email": format!("{name}@corp.example") }));
            json!({ "invitees": people.collect::<Vec<_>>() })
        };
        let invited = ann.invite_with(people(&["a", "b", "c", "d"])).await.done("inviteUsers");
        let full = "REFUSED TOO_MANY_INVITATIONS invitees";
        assert_eq!(invited.rows(), ["INVITED", "INVITED", "INVITED", &format!("{full}.3")]);
        ann.revoke(&invited.text("/inviteUsers/results/0/invitation/id")).await.done("revokeInvitation");
        assert_eq!(ann.invite_with(people(&["d", "e"])).await.rows(), ["INVITED", &format!("{full}.1")]);
        // Another organization has its own three.
        let zoe = server.sign_up("Zoe", "zoe@zeta.example", "Zeta").await;
        assert_eq!(zoe.invite_with(people(&["a", "b", "c"])).await.rows(), ["INVITED"; 3]);

        // Expired ones count no more, until they are resent.
        let b = invited.text("/inviteUsers/results/1/invitation/id");
        let ann = ann.later(TimeDelta::days(7)).await;
        assert_eq!(ann.invite_with(people(&["x", "y", "z"])).await.rows(), ["INVITED"; 3]);
        let refused = ann.resend(&b).await;
        assert_eq!(refused.refusals("resendInvitation"), ["TOO_MANY_INVITATIONS invitationId"]);
        assert_eq!(ann.invitations(json!({ "status": "PENDING" })).await.len(), 3);
    }
);

both!(
    /// The limit holds under requests in parallel, on whatever server.
    r52_the_limit_holds_in_parallel,
    Options { config: Some(|config| config.pending_invitations = 3), ..Options::default() },
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let options = Options { config: Some(|config| config.pending_invitations = 3), ..Options::default() };
        let there = Person { server: server.another(options).await, ..ann.clone() };
        let emails: Vec<String> = (0..12).map(|n| format!("p{n}@corp.example")).collect();
        let calls = emails.iter().enumerate().map(|(n, email)| {
            let person = if n % 2 == 0 { &ann } else { &there };
            person.invite(email, &[])
        });
        let rows: Vec<String> = join_all(calls).await.iter().flat_map(|a| a.rows()).collect();
        assert_eq!(rows.iter().filter(|row| *row == "INVITED").count(), 3, "{rows:?}");
        assert_eq!(ann.invitations(json!({ "status": "PENDING" })).await.len(), 3);
    }
);
