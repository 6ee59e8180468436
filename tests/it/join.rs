//! People who come into an organization by themselves, because their address is at a domain of its
//! own.

use entity::email_domain::JoinPolicy;
use serde_json::{Value, json};

use crate::support::custom::{delete_role, make_role};
use crate::support::joining::{self, Domain, ask, doors, join, joinable, prove, told, verified};
use crate::support::{Options, Person, Server, both, moves, plant};

fn team() -> Options {
    Options { team: true, ..Options::default() }
}

const AUTOMATIC: JoinPolicy = JoinPolicy::Automatic;

both!(
    /// What the organization's policy says is what people at its domain are shown; nobody else is shown
    /// anything.
    people_are_told_what_the_policy_says,
    |server: Server| async move {
        let ann = verified(&server, "Ann", "ann@acme.example").await;
        let domain = Domain::new("acme.example", JoinPolicy::Invitation).of(&ann).await;
        let bob = server.sign_up("Bob", "bob@acme.example", "Bob's").await;
        joining::change(&server, &domain, "join_policy = 'AUTOMATIC'").await;
        assert_eq!(doors(&bob).await, [""; 0], "the address is not proved");
        let refused = join(&bob, &ann.organization).await.refusals("joinOrganization");
        assert_eq!(refused, ["EMAIL_NOT_VERIFIED"]);
        let refused = ask(&bob, &ann.organization, None).await.refusals("requestToJoin");
        assert_eq!(refused, ["EMAIL_NOT_VERIFIED"]);

        prove(&bob).await;
        assert_eq!(doors(&bob).await, ["Ann's AUTOMATIC"]);
        assert_eq!(doors(&ann).await, [""; 0], "a member");
        let below = verified(&server, "Eve", "eve@mail.acme.example").await;
        let other = verified(&server, "Zoe", "zoe@notacme.example").await;
        for person in [&below, &other] {
            assert_eq!(doors(person).await, [""; 0]);
            assert_eq!(join(person, &ann.organization).await.error(), "NOT_FOUND");
            assert_eq!(ask(person, &ann.organization, None).await.error(), "NOT_FOUND");
        }

        for (set, expected) in [
            ("join_policy = 'REQUEST'", &["Ann's REQUEST"][..]),
            ("join_policy = 'CONTACT'", &["Ann's CONTACT"]),
            ("join_policy = 'INVITATION'", &[]),
            ("join_policy = 'AUTOMATIC', status = 'PENDING'", &[]),
            ("status = 'LAPSED'", &[]),
        ] {
            joining::change(&server, &domain, set).await;
            assert_eq!(doors(&bob).await, expected, "{set}");
            if expected.is_empty() {
                assert_eq!(join(&bob, &ann.organization).await.error(), "NOT_FOUND", "{set}");
                assert_eq!(ask(&bob, &ann.organization, None).await.error(), "NOT_FOUND", "{set}");
            } else {
                let refused = join(&bob, &ann.organization).await.refusals("joinOrganization");
                assert_eq!(refused, ["NOT_JOINABLE organizationId"], "{set}");
            }
        }
        assert!(told(&server).await.is_empty());
    }
);

both!(
    /// Who is only told whom to ask is told whom: in the organization's words, or by name.
    people_are_told_whom_to_ask,
    |server: Server| async move {
        let ann = verified(&server, "Ann", "ann@acme.example").await;
        let admin = [("organization_admin", &*ann.organization)];
        let adam = ann.colleague("Adam", "adam@corp.example", &admin).await;
        let policy = JoinPolicy::Contact;
        let domain = Domain {
            set_by: Some(&adam.id),
            contact: Some("the help desk, extension 7"),
            ..Domain::new("acme.example", policy)
        };
        let domain = domain.of(&ann).await;
        let bob = verified(&server, "Bob", "bob@acme.example").await;
        let mut expected = json!({
            "organizationId": ann.organization, "organizationName": "Ann's",
            "domain": "acme.example", "policy": "CONTACT", "request": null,
            "contact": "the help desk, extension 7",
        });
        assert_eq!(joinable(&bob).await, [expected.clone()]);
        let help = async |mutation: &str, answer: crate::support::Answer| {
            assert_eq!(answer.refusals(mutation), ["NOT_JOINABLE organizationId"]);
            answer.text(&format!("/{mutation}/userErrors/0/help"))
        };
        let told = help("requestToJoin", ask(&bob, &ann.organization, None).await).await;
        assert_eq!(told, "Ask the help desk, extension 7 for an invitation.");

        joining::change(&server, &domain, "join_contact = NULL").await;
        expected["contact"] = json!("Adam <adam@corp.example>");
        assert_eq!(joinable(&bob).await, [expected.clone()]);
        let told = help("joinOrganization", join(&bob, &ann.organization).await).await;
        assert_eq!(told, "Ask Adam <adam@corp.example> for an invitation.");
        let suspend = "UPDATE memberships SET status = 'SUSPENDED' WHERE user_id = $1";
        plant::run(&server, suspend, &[&adam.id]).await;
        expected["contact"] = json!("Ann <ann@acme.example>");
        assert_eq!(joinable(&bob).await, [expected]);
    }
);

both!(
    /// R25, R70: who joins by themselves gets the default role and what the policy gives, is told where
    /// to begin, and who vouches for them is told.
    r25_people_join_by_themselves,
    |server: Server| async move {
        let ann = verified(&server, "Ann", "ann@acme.example").await;
        let desk = ann.create_account("Desk", None).await;
        let role = Some(("account_developer", Some(desk.as_str())));
        Domain { role, ..Domain::new("acme.example", AUTOMATIC) }.of(&ann).await;
        let bob = verified(&server, "Bob", "Bob@ACME.example").await;
        // What is promised to him stays as it is.
        ann.invite("bob@acme.example", &[("account_support", &desk)]).await.done("inviteUsers");

        let joined = join(&bob, &ann.organization).await.done("joinOrganization");
        assert_eq!(joined.text("/joinOrganization/account/id"), desk);
        let mine = joined.texts("/joinOrganization/viewer/organizations/nodes", "/name");
        assert_eq!(mine, ["Ann's", "Bob's"]);
        let expected = [
            format!("account_developer @ {desk}"),
            format!("organization_standard_user @ {}", ann.organization),
        ];
        assert_eq!(ann.roles_of(&bob.id).await, expected);
        let switched = bob.call("SwitchAccount", json!({ "accountId": desk })).await;
        switched.done("switchAccount");
        assert_eq!(ann.invitation_of("bob@acme.example").await["status"], "PENDING");

        assert_eq!(told(&server).await, ["member_joined ann@acme.example"]);
        let text = joining::mail(&server, "member_joined").await;
        for part in ["Bob", "Bob@ACME.example", "acme.example", "Ann's", "Developer", "Desk"] {
            assert!(text.contains(part), "{part} in {text}");
        }
        let created = server.audit("membership.created").await;
        let [event] = &created[..] else { panic!("{created:#?}") };
        assert_eq!(event.actor_id.unwrap().to_string(), bob.id);
        assert_eq!(event.organization_id.unwrap().to_string(), ann.organization);
        let given = server.audit("role_assignment.created").await;
        assert_eq!(given.iter().filter(|event| event.actor_id == created[0].actor_id).count(), 2);

        let again = join(&bob, &ann.organization).await.refusals("joinOrganization");
        assert_eq!(again, ["ALREADY_MEMBER organizationId"]);
        let again = ask(&bob, &ann.organization, None).await.refusals("requestToJoin");
        assert_eq!(again, ["ALREADY_MEMBER organizationId"]);
        assert_eq!(doors(&bob).await, [""; 0]);
    }
);

both!(
    /// Without a role of the policy's, membership is what one gets: there may be nowhere to begin yet.
    joining_may_give_membership_alone,
    |server: Server| async move {
        let ann = verified(&server, "Ann", "ann@acme.example").await;
        Domain::new("acme.example", AUTOMATIC).of(&ann).await;
        let bob = verified(&server, "Bob", "bob@acme.example").await;
        let joined = join(&bob, &ann.organization).await.done("joinOrganization");
        assert_eq!(*joined.at("/joinOrganization/account"), Value::Null);
        let standard = format!("organization_standard_user @ {}", ann.organization);
        assert_eq!(ann.roles_of(&bob.id).await, [standard]);

        // A role at the organization leads into its accounts.
        let zoe = verified(&server, "Zoe", "zoe@elsewhere.example").await;
        let role = Some(("organization_admin", None));
        Domain { role, ..Domain::new("elsewhere.example", AUTOMATIC) }.of(&zoe).await;
        let zed = verified(&server, "Zed", "zed@elsewhere.example").await;
        let joined = join(&zed, &zoe.organization).await.done("joinOrganization");
        assert_eq!(joined.text("/joinOrganization/account/id"), zoe.account);
        let admin = format!("organization_admin @ {}", zoe.organization);
        assert_eq!(zoe.roles_of(&zed.id).await, [admin]);
    }
);

/// What joining is refused with, and that nothing came of it.
async fn unjoinable(bob: &Person, ann: &Person) {
    let refused = join(bob, &ann.organization).await;
    assert_eq!(refused.refusals("joinOrganization"), ["NOT_JOINABLE organizationId"]);
    let help = refused.text("/joinOrganization/userErrors/0/help");
    assert!(help.contains("Ask to join"), "{help}");
    assert_eq!(joining::doors(bob).await.len(), 1, "still no member");
    assert!(told(&bob.server).await.is_empty());
}

both!(
    /// R21: what people who join are given rests on who set the policy: they have to be able to give
    /// it still, in that instant.
    r21_who_set_the_policy_vouches,
    |server: Server| async move {
        let ann = verified(&server, "Ann", "ann@acme.example").await;
        let main = ann.account.clone();
        let bob = verified(&server, "Bob", "bob@acme.example").await;
        let mia = ann.colleague("Mia", "mia@corp.example", &[("account_administrator", &main)]).await;
        let role = Some(("account_developer", Some(main.as_str())));
        let set_by = Some(mia.id.as_str());
        let domain = Domain { role, set_by, ..Domain::new("acme.example", AUTOMATIC) }.of(&ann).await;

        let unset = "join_role_id = NULL, join_account_id = NULL";
        let keep = "UPDATE role_assignments SET valid_until = NULL WHERE user_id = $1";
        let end = "UPDATE role_assignments SET valid_until = created_at WHERE user_id = $1";
        plant::run(&server, end, &[&mia.id]).await;
        unjoinable(&bob, &ann).await;
        plant::run(&server, keep, &[&mia.id]).await;
        let status = "UPDATE memberships SET status = $S WHERE user_id = $1";
        let suspend = status.replace("$S", "'SUSPENDED'");
        plant::run(&server, &suspend, &[&mia.id]).await;
        unjoinable(&bob, &ann).await;
        plant::run(&server, &status.replace("$S", "'ACTIVE'"), &[&mia.id]).await;
        plant::run(&server, "UPDATE accounts SET status = 'CLOSED' WHERE id = $1", &[&main]).await;
        unjoinable(&bob, &ann).await;
        plant::run(&server, "UPDATE accounts SET status = 'ACTIVE' WHERE id = $1", &[&main]).await;
        // Membership alone is not for who manages but an account to give.
        joining::change(&server, &domain, unset).await;
        unjoinable(&bob, &ann).await;

        joining::set_role(&server, &domain, "account_owner", Some(&main)).await;
        unjoinable(&bob, &ann).await;
        joining::set_role(&server, &domain, "account_developer", Some(&main)).await;
        join(&bob, &ann.organization).await.done("joinOrganization");
        let held = ann.roles_of(&bob.id).await;
        assert_eq!(held[0], format!("account_developer @ {main}"));
    }
);

both!(
    /// R26: who was removed does not come back by themselves, until somebody lets them in again; who
    /// left may.
    r26_who_was_removed_has_to_ask,
    |server: Server| async move {
        let ann = verified(&server, "Ann", "ann@acme.example").await;
        Domain::new("acme.example", AUTOMATIC).of(&ann).await;
        let bob = verified(&server, "Bob", "bob@acme.example").await;
        let remove = async |by: &Person| {
            let input = json!({ "userId": bob.id, "organizationId": ann.organization });
            let document = crate::support::life::document("removeUserFromOrganization");
            by.send(&document, json!({ "input": input })).await.done("removeUserFromOrganization")
        };
        join(&bob, &ann.organization).await.done("joinOrganization");
        remove(&bob).await;
        assert_eq!(doors(&bob).await, ["Ann's AUTOMATIC"]);
        join(&bob, &ann.organization).await.done("joinOrganization");
        remove(&ann).await;
        assert_eq!(doors(&bob).await, ["Ann's REQUEST"]);
        let refused = join(&bob, &ann.organization).await.refusals("joinOrganization");
        assert_eq!(refused, ["NOT_JOINABLE organizationId"]);

        let request = joining::asked(&bob, &ann.organization).await;
        joining::approve(&ann, &request).await.done("approveJoinRequest");
        remove(&bob).await;
        assert_eq!(doors(&bob).await, ["Ann's AUTOMATIC"]);
    }
);

both!(
    /// Of many at once, one joins; and never while the policy is being taken away.
    joining_at_once_is_joining_once,
    |server: Server| async move {
        let other = server.another(Options::default()).await;
        let ann = verified(&server, "Ann", "ann@acme.example").await;
        let role = Some(("account_developer", Some(ann.account.as_str())));
        Domain { role, ..Domain::new("acme.example", AUTOMATIC) }.of(&ann).await;
        let bob = verified(&server, "Bob", "bob@acme.example").await;
        let there = Person { server: other, ..bob.clone() };
        let tries: Vec<_> = (0..20)
            .map(|n| {
                let (by, organization) =
                    (if n % 2 == 0 { bob.clone() } else { there.clone() }, ann.organization.clone());
                tokio::spawn(async move { join(&by, &organization).await.refusals("joinOrganization") })
            })
            .collect();
        let mut done = 0;
        for tried in tries {
            match &tried.await.unwrap()[..] {
                [] => done += 1,
                refused => assert_eq!(refused, ["ALREADY_MEMBER organizationId"]),
            }
        }
        assert_eq!(done, 1);
        assert_eq!(ann.roles_of(&bob.id).await.len(), 2);
        assert_eq!(told(&server).await, ["member_joined ann@acme.example"]);
    }
);

both!(
    /// The team catalogue has no role for members without any: there the policy has to name one.
    a_team_is_joined_with_a_role,
    team(),
    |server: Server| async move {
        let ann = verified(&server, "Ann", "ann@acme.example").await;
        let domain = Domain::new("acme.example", AUTOMATIC).of(&ann).await;
        let bob = verified(&server, "Bob", "bob@acme.example").await;
        unjoinable(&bob, &ann).await;
        joining::set_role(&server, &domain, "account_developer", Some(&ann.account)).await;
        let joined = join(&bob, &ann.organization).await.done("joinOrganization");
        assert_eq!(joined.text("/joinOrganization/account/id"), ann.account);
        assert_eq!(ann.roles_of(&bob.id).await, [format!("account_developer @ {}", ann.account)]);
    }
);

both!(
    /// What a domain gives goes when it goes: a custom role that is deleted, an account that moves
    /// away. Who joins then is a member, and no more.
    what_goes_is_given_no_more,
    |server: Server| async move {
        let ann = verified(&server, "Ann", "ann@acme.example").await;
        let own = make_role(&ann, "night_shift", &["account.access.use"]).await;
        let desk = ann.create_account("Desk", None).await;
        let role = Some(("night_shift", Some(desk.as_str())));
        let domain = Domain { role, ..Domain::new("acme.example", AUTOMATIC) }.of(&ann).await;
        let bob = verified(&server, "Bob", "bob@acme.example").await;
        join(&bob, &ann.organization).await.done("joinOrganization");
        assert_eq!(ann.roles_of(&bob.id).await[0], format!("night_shift @ {desk}"));

        let input = json!({ "replacementRoleKey": "account_developer" });
        delete_role(&ann, &own, input).await.done("deleteCustomRole");
        assert_eq!(joining::given(&server, &domain).await, (None, None));
        assert_eq!(server.audit("email_domain.updated").await.len(), 1);

        joining::set_role(&server, &domain, "account_developer", Some(&desk)).await;
        let zoe = server.sign_up("Zoe", "zoe@elsewhere.example", "Elsewhere").await;
        crate::support::roles::welcome(&zoe, &ann, &[]).await;
        let id = moves::asked(&ann, &desk, &zoe.organization).await;
        moves::accept(&zoe, &id).await.done("acceptAccountMove");
        assert_eq!(joining::given(&server, &domain).await, (None, None));
        let cy = verified(&server, "Cy", "cy@acme.example").await;
        join(&cy, &ann.organization).await.done("joinOrganization");
        let standard = format!("organization_standard_user @ {}", ann.organization);
        assert_eq!(ann.roles_of(&cy.id).await, [standard]);
    }
);
