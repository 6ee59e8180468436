//! Inviting (R40–R42, R44, R20 and R21 on the way): one call, many people.

use entity::{invitation_grant, role_assignment};
use rolecall::store;
use rolecall::store::user::NewUser;
use sea_orm::{EntityTrait, PaginatorTrait};
use serde_json::{Value, json};

use crate::support::smtp::SmtpServer;
use crate::support::{Person, Server, both};

both!(
    /// A call takes one to a hundred people; each has a row, in the order of the call.
    r40_a_hundred_people_and_no_more,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        for count in [101, 0] {
            let refused = ann.invite_with(json!({ "invitees": people(count) })).await;
            assert_eq!(refused.refusals("inviteUsers"), ["BAD_LIST_LENGTH invitees"]);
            assert_eq!(refused.at("/inviteUsers/results"), &Value::Null);
        }
        assert!(ann.invitations(json!({})).await.is_empty());

        let invited = ann.invite_with(json!({ "invitees": people(100) })).await;
        let invited = invited.done("inviteUsers");
        assert_eq!(invited.rows(), vec!["INVITED"; 100]);
        let emails = invited.texts("/inviteUsers/results", "/email");
        let asked: Vec<String> = (0..100).map(address).collect();
        assert_eq!(emails, asked);
        assert_eq!(invited.texts("/inviteUsers/results", "/invitation/email"), asked);
        assert_eq!(ann.invitations(json!({ "status": "PENDING" })).await.len(), 100);
        assert_eq!(server.outbox(&address(99)).await.len(), 1);
    }
);

both!(
    /// The largest call that the limits allow goes through: a hundred people with a hundred grants.
    r40_the_largest_call_goes_through,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let built_in = json!({ "first": 50, "filter": { "kind": "BUILT_IN" } });
        let built_in = ann.ask("Roles", built_in).await.texts("/roles/nodes", "/key");
        let mut grants = Vec::new();
        for number in 0..20 {
            let account = ann.create_account(&format!("Sub {number}"), Some(&ann.account)).await;
            let product = built_in.iter().map(String::as_str).cycle().skip(number * 2).take(2);
            let general = ["account_developer", "account_support", "account_billing_manager"];
            for role in general.into_iter().chain(product) {
                grants.push(json!({ "roleKey": role, "scopeId": account }));
            }
        }
        assert_eq!(grants.len(), 100);
        let call = async |invitees: Vec<Value>| {
            let query = "mutation($input: InviteUsersInput!) { inviteUsers(input: $input) {
                results { outcome userError { code path } } userErrors { code path } } }";
            let input = json!({ "organizationId": ann.organization, "invitees": invitees, "grants": grants });
            ann.send(query, json!({ "input": input })).await.done("inviteUsers").rows()
        };
        assert_eq!(call(people(100)).await, vec!["INVITED"; 100]);
        let promised = invitation_grant::Entity::find().count(&server.app.db).await.unwrap();
        assert_eq!(promised, 100 * 100);

        // Members have as much at once.
        let members: Vec<Value> = (200..270).map(|n| json!({ "email": address(n) })).collect();
        for number in 200..270 {
            join(&server, &ann, &address(number)).await;
        }
        assert_eq!(call(members).await, vec!["GRANTED"; 70]);
        let held = role_assignment::Entity::find().count(&server.app.db).await.unwrap();
        assert!(held >= 70 * 100, "{held}");
    }
);

both!(
    /// Every row goes its own way; the refused ones say why, with the path of what is wrong.
    r40_r41_a_refused_row_does_not_stop_the_others,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let own = |role: &str| json!([{ "roleKey": role, "scopeId": ann.account }]);
        let invited = ann
            .invite_with(json!({ "invitees": [
                { "email": "first@corp.example" },
                { "email": "not an address" },
                { "email": "ann@gmail.com" },
                { "email": "ann@mailinator.com" },
                { "email": "dev@corp.example", "grants": own("no_such_role") },
                { "email": "own@corp.example", "grants": own("account_owner") },
                { "email": "odd@corp.example", "name": "a\u{7}b" },
                { "email": "last@corp.example" },
            ] }))
            .await
            .done("inviteUsers");
        assert_eq!(
            invited.rows(),
            [
                "INVITED",
                "REFUSED INVALID_EMAIL invitees.1.email",
                "REFUSED PERSONAL_EMAIL_DOMAIN invitees.2.email",
                "REFUSED DISPOSABLE_EMAIL_DOMAIN invitees.3.email",
                "REFUSED UNKNOWN_ROLE invitees.4.grants.0.roleKey",
                "REFUSED OWNER_ROLE invitees.5.grants.0.roleKey",
                "REFUSED INVALID_NAME invitees.6.name",
                "INVITED",
            ]
        );
        let message = invited.text("/inviteUsers/results/2/userError/message");
        assert!(message.contains("gmail.com"), "{message}");
        assert_eq!(invited.at("/inviteUsers/results/2/invitation"), &Value::Null);
        let pending = ann.invitations(json!({})).await;
        assert_eq!(pending.len(), 2, "{pending:#?}");

        // A call in which no row is good answers just the same.
        let refused = ann.invite("ann@gmail.com", &[]).await;
        assert_eq!(refused.rows(), ["REFUSED PERSONAL_EMAIL_DOMAIN invitees.0.email"]);
    }
);

both!(
    /// Who is named twice is one person with one row: that of the first time.
    r40_duplicates_collapse,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let own = json!([{ "roleKey": "account_developer", "scopeId": ann.account }]);
        let invited = ann
            .invite_with(json!({ "invitees": [
                { "email": "Bob@Corp.example", "grants": own },
                { "email": "carol@corp.example" },
                { "email": " bob@corp.EXAMPLE. " },
                { "email": "carol@corp.example" },
            ] }))
            .await
            .done("inviteUsers");
        assert_eq!(invited.rows(), ["INVITED", "INVITED"]);
        let emails = invited.texts("/inviteUsers/results", "/email");
        assert_eq!(emails, ["Bob@Corp.example", "carol@corp.example"]);
        assert_eq!(promised(&ann.invitation_of("bob").await), ["account_developer @ Acme Main"]);
        assert_eq!(server.outbox("Bob@Corp.example").await.len(), 1);
        assert_eq!(server.outbox("carol@corp.example").await.len(), 1);
    }
);

both!(
    /// The call's grants are for those who have none of their own; without any at all there is the
    /// catalogue's default role.
    r40_each_with_the_same_or_their_own_grants,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let desk = ann.create_account("Desk", None).await;
        let grant = |role: &str, scope: &str| json!({ "roleKey": role, "scopeId": scope });
        let own = [grant("account_billing_manager", &desk), grant("studio_viewer", &ann.organization)];
        let invited = ann
            .invite_with(json!({
                "invitees": [
                    { "email": "same@corp.example" },
                    { "email": "own@corp.example", "grants": own },
                    { "email": "none@corp.example", "grants": [] },
                ],
                "grants": [grant("account_developer", &ann.account), grant("account_support", &desk)],
            }))
            .await
            .done("inviteUsers");
        assert_eq!(invited.rows(), ["INVITED"; 3]);
        let of = |row: usize| promised(&invited.at("/inviteUsers/results")[row]["invitation"]);
        assert_eq!(of(0), ["account_developer @ Acme Main", "account_support @ Desk"]);
        assert_eq!(of(1), ["account_billing_manager @ Desk", "studio_viewer @ Acme"]);
        assert_eq!(of(2), ["organization_standard_user @ Acme"]);

        // What is promised is what they get.
        let token = server.invitation_token("own@corp.example").await;
        let answer = server.accept(&token, "Own").await;
        let own = Person::from_tokens(&server, "Own", "own@corp.example", &answer, "acceptInvitation");
        let mut expected = vec![
            format!("account_billing_manager @ {desk}"),
            format!("studio_viewer @ {}", ann.organization),
        ];
        expected.sort();
        assert_eq!(ann.roles_of(&own.await.id).await, expected);
    }
);

both!(
    /// A grant that is named twice is promised once.
    r40_a_grant_named_twice_is_one,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let twice = [("account_developer", ann.account.as_str()); 2];
        let (_, token) = ann.invite_one("bob@corp.example", &twice).await;
        assert_eq!(promised(&ann.invitation_of("bob").await), ["account_developer @ Acme Main"]);
        server.accept(&token, "Bob").await.done("acceptInvitation");
    }
);

both!(
    /// The mail has the inviter's message and is in the language of the call.
    r40_the_mail_has_the_message_in_the_language_asked_for,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let input = |locale: &str, message: &str| {
            json!({
                "invitees": [{ "email": "bob@corp.example", "name": "Bob Büttner" }],
                "grants": [{ "roleKey": "account_developer", "scopeId": ann.account }],
                "locale": locale, "message": message,
            })
        };
        let refused = ann.invite_with(input("tlh", "x")).await;
        assert_eq!(refused.refusals("inviteUsers"), ["UNKNOWN_LOCALE locale"]);
        let refused = ann.invite_with(input("de", &"x".repeat(2001))).await;
        assert_eq!(refused.refusals("inviteUsers"), ["INVALID_TEXT message"]);
        assert!(server.outbox("bob@corp.example").await.is_empty());

        let message = "Schön, dass du kommst!\n– Ann";
        let invited = ann.invite_with(input("de", message)).await.done("inviteUsers");
        assert_eq!(invited.rows(), ["INVITED"]);
        let mut smtp = SmtpServer::start().await;
        server.deliver_to(&smtp).await;
        let mail = loop {
            let mail = smtp.next().await;
            if mail.to == ["bob@corp.example"] {
                break mail;
            }
        };
        assert_eq!(mail.subject, "Einladung von Ann zu „Acme“");
        assert_eq!(mail.header("content-language").unwrap(), "de");
        for part in [
            "Guten Tag Bob Büttner,",
            "Schön, dass du kommst!",
            "– Ann",
            "Developer",
            "Acme Main",
            "bis zum 9. März 2026, 09:00 Uhr (UTC)",
        ] {
            assert!(mail.text.contains(part), "{part} in {}", mail.text);
        }
    }
);

both!(
    /// Personal and disposable domains are found by registrable domain, however they are written,
    /// and nothing else is taken for one.
    r41_domains_are_matched_exactly,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let cases = [
            ("a1@gmail.com", "PERSONAL_EMAIL_DOMAIN"),
            ("a2@GMAIL.com.", "PERSONAL_EMAIL_DOMAIN"),
            ("a3@mail.gmail.com", "PERSONAL_EMAIL_DOMAIN"),
            ("a4@outlook.com", "PERSONAL_EMAIL_DOMAIN"),
            ("a5@yahoo.co.uk", "PERSONAL_EMAIL_DOMAIN"),
            ("a6@ｇｍａｉｌ.com", "PERSONAL_EMAIL_DOMAIN"),
            ("b1@mailinator.com", "DISPOSABLE_EMAIL_DOMAIN"),
            ("b2@x.Mailinator.com", "DISPOSABLE_EMAIL_DOMAIN"),
            ("c1@notgmail.com", ""),
            ("c2@gmail.com.example.org", ""),
            ("gmail.com@example.org", ""),
            ("c3@gmail.example", ""),
        ];
        let invitees: Vec<Value> = cases.iter().map(|(email, _)| json!({ "email": email })).collect();
        let invited = ann.invite_with(json!({ "invitees": invitees })).await.done("inviteUsers");
        let expected: Vec<String> = cases
            .iter()
            .enumerate()
            .map(|(row, (_, code))| match *code {
                "" => "INVITED".to_owned(),
                code => format!("REFUSED {code} invitees.{row}.email"),
            })
            .collect();
        assert_eq!(invited.rows(), expected);
    }
);

both!(
    /// However an address is written it is one person; what was typed is what is shown and written to.
    r42_one_person_however_the_address_is_written,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let pairs = [
            ("Bob@Corp.Example", "bob@corp.example"),
            ("Jo@Bücher.example", "jo@xn--bcher-kva.EXAMPLE"),
            (" kim@corp.example. ", "KIM@corp.example"),
        ];
        for (typed, again) in pairs {
            let invited = ann.invite(typed, &[]).await;
            assert_eq!(invited.rows(), ["INVITED"], "{typed}");
            let shown = invited.text("/inviteUsers/results/0/invitation/email");
            assert_eq!(shown, typed.trim().trim_end_matches('.'));
            let refused = ann.invite(again, &[]).await;
            assert_eq!(refused.rows(), ["REFUSED ALREADY_INVITED invitees.0.email"], "{again}");
            assert_eq!(refused.text("/inviteUsers/results/0/invitation/email"), shown);
        }

        assert_eq!(ann.invitations(json!({ "email": "BÜCHER" })).await.len(), 1);

        // Who joined as one spelling is a member by every other, and signs in by every other.
        let token = server.invitation_token("Bob@Corp.Example").await;
        server.accept(&token, "Bob").await.done("acceptInvitation");
        let granted = ann.invite("bob@CORP.example", &[("account_support", &ann.account)]).await;
        assert_eq!(granted.rows(), ["GRANTED"]);
        let bob = server.sign_in("Bob", "BOB@corp.example").await;
        let shown = bob.ask("Viewer", json!({})).await;
        assert_eq!(shown.text("/viewer/user/email"), "Bob@Corp.Example");

        // Mail goes to the address as it was typed, its domain as it is looked up.
        let mut smtp = SmtpServer::start().await;
        server.deliver_to(&smtp).await;
        let count = server.all_mails().await.len();
        let to: Vec<String> = smtp.wait_for(count).await.into_iter().flat_map(|mail| mail.to).collect();
        assert!(to.contains(&"Bob@Corp.Example".to_owned()), "{to:?}");
        assert!(to.contains(&"Jo@xn--bcher-kva.example".to_owned()), "{to:?}");
    }
);

both!(
    /// What is no address is refused, by the limits of RFC 5321 too.
    r42_what_is_no_address_is_refused,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let local = |length: usize| format!("{}@corp.example", "x".repeat(length));
        let domain = |length: usize| {
            let label = "y".repeat(60);
            let domain = format!("{label}.{label}.{label}.example");
            format!("{}@{domain}", "x".repeat(length - domain.len() - 1))
        };
        let cases = [
            (String::new(), false),
            ("bob".to_owned(), false),
            ("@corp.example".to_owned(), false),
            ("bob@".to_owned(), false),
            ("bob@localhost".to_owned(), false),
            ("bob@corp..example".to_owned(), false),
            ("b ob@corp.example".to_owned(), false),
            ("bob@corp.example\r\nBcc: x@y.example".to_owned(), false),
            (local(65), false),
            (local(64), true),
            (domain(255), false),
            (domain(254), true),
        ];
        let invitees: Vec<Value> = cases.iter().map(|(email, _)| json!({ "email": email })).collect();
        let rows = ann.invite_with(json!({ "invitees": invitees })).await.rows();
        for (row, (email, good)) in cases.iter().enumerate() {
            let expected = if *good {
                "INVITED".to_owned()
            } else {
                format!("REFUSED INVALID_EMAIL invitees.{row}.email")
            };
            assert_eq!(rows[row], expected, "{email:?}");
        }
    }
);

both!(
    /// Inviting eighty people takes as many statements as inviting two.
    r40_the_number_of_statements_does_not_depend_on_the_number_of_people,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let grants = json!([{ "roleKey": "account_developer", "scopeId": ann.account }]);
        let mut counts = Vec::new();
        for (first, count) in [(0, 2), (100, 80)] {
            let people: Vec<Value> =
                (first..first + count).map(|n| json!({ "email": address(n) })).collect();
            let call = ann.invite_with(json!({ "invitees": people, "grants": grants }));
            let (invited, statements) = server.statements(call).await;
            assert_eq!(invited.rows(), vec!["INVITED"; count]);
            counts.push(statements.len());
        }
        println!("statements for 2 and for 80 people: {counts:?}");
        assert_eq!(counts[0], counts[1]);
    }
);

/// Makes somebody a member, past the API.
async fn join(server: &Server, person: &Person, email: &str) {
    let (app, now) = (&server.app, server.now());
    let new = NewUser {
        id: app.random.id(now),
        name: "Member".to_owned(),
        email: email.to_owned(),
        email_key: email.to_owned(),
        email_verified: true,
        password_hash: String::new(),
        locale: "en".to_owned(),
    };
    let (id, organization) = (new.id, person.organization.parse().unwrap());
    store::user::insert(&app.db, new, now).await.unwrap();
    store::membership::insert(&app.db, app.random.id(now), organization, id, now).await.unwrap();
}

fn address(number: usize) -> String {
    format!("person{number:03}@corp.example")
}

fn people(count: usize) -> Vec<Value> {
    (0..count).map(|number| json!({ "email": address(number) })).collect()
}

/// What an invitation promises, each as `role key @ scope name`.
fn promised(invitation: &Value) -> Vec<String> {
    let grants = invitation["grants"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    grants
        .iter()
        .map(|grant| format!("{} @ {}", text(&grant["role"]["key"]), text(&grant["scope"]["name"])))
        .collect()
}
