//! People to invite as CSV text (R40).

use serde_json::{Value, json};

use crate::support::inviting::RESULTS;
use crate::support::{Server, both, custom, plant};

both!(
    /// Each address is one person, with a grant for each of its lines; the others get the call's.
    r40_csv_names_people_with_their_grants,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        plant::members(&server, &ann.organization, &[("Mia", "mia@acme.example")]).await;
        let (main, acme) = (ann.account.clone(), ann.organization.clone());
        let desk = ann.create_account("Desk", None).await;
        let csv = format!(
            "\u{feff}email,name,role,scope\r\n\
             Bob@Corp.example,\"Büttner, \"\"Bob\"\"\",account_developer,{main}\r\n\
             carol@corp.example,,,\r\n\
             \r\n\
             ,,,\r\n\
             bob@corp.EXAMPLE,Robert,account_support,{desk}\r\n\
             mia@acme.example,Mia,studio_viewer,{acme}\r\n\
             dan@corp.example\r\n\
             dan@corp.example, Dan ,studio_viewer, {acme} \r\n"
        );
        let grants = json!([{ "roleKey": "account_support", "scopeId": main }]);
        let invited = ann.invite_csv(&csv, json!({ "grants": grants })).await.done("inviteUsers");
        assert_eq!(invited.rows(), ["INVITED", "INVITED", "GRANTED", "INVITED"]);
        assert_eq!(
            invited.texts("/inviteUsers/results", "/email"),
            ["Bob@Corp.example", "carol@corp.example", "mia@acme.example", "dan@corp.example"]
        );
        assert_eq!(lines(invited.at("/inviteUsers/results")), [2, 3, 7, 8]);
        let of = |row: usize| promised(&invited.at("/inviteUsers/results")[row]["invitation"]);
        assert_eq!(of(0), ["account_developer @ Acme Main", "account_support @ Desk"]);
        assert_eq!(of(1), ["account_support @ Acme Main"]);
        assert_eq!(of(3), ["account_support @ Acme Main", "studio_viewer @ Acme"]);
        assert_eq!(invited.text("/inviteUsers/results/0/invitation/name"), "Büttner, \"Bob\"");
        assert_eq!(invited.text("/inviteUsers/results/3/invitation/name"), "Dan");
        assert_eq!(server.outbox("Bob@Corp.example").await.len(), 1);
        assert_eq!(server.outbox("mia@acme.example").await.len(), 1);
    }
);

both!(
    /// What spreadsheet programs write where a comma is a decimal sign, and to the clipboard; columns
    /// come in any order, and all but the address may be missing.
    r40_csv_as_programs_write_it,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let main = ann.account.clone();
        let texts = [
            "Role;Scope;EMAIL\n".to_owned()
                + &format!("account_developer;{main};a@corp.example\n"),
            format!("scope\temail\trole\r{main}\tb@corp.example\taccount_developer\r"),
            format!("\n\nname,email,role,scope\n\n\"Cleo\",\"c@corp.example\",account_developer,{main}"),
        ];
        for (text, line) in texts.iter().zip([2, 2, 5]) {
            let invited = ann.invite_csv(text, json!({})).await.done("inviteUsers");
            assert_eq!(invited.rows(), ["INVITED"], "{text:?}");
            let row = &invited.at("/inviteUsers/results")[0];
            assert_eq!(promised(&row["invitation"]), ["account_developer @ Acme Main"]);
            assert_eq!(row["line"], line, "{text:?}");
        }
        let invited = ann.invite_csv("email\nd@corp.example\n", json!({})).await;
        assert_eq!(invited.rows(), ["INVITED"]);
    }
);

both!(
    /// A refusal names the line that is at fault, and does not stop the others.
    r40_csv_refusals_name_the_line,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let (main, user) = (ann.account.clone(), ann.id.clone());
        ann.invite_one("pending@corp.example", &[("account_support", &main)]).await;
        let csv = format!(
            "email,name,role,scope\n\
             good@corp.example,,account_support,{main}\n\
             x@gmail.com,,account_support,{main}\n\
             \n\
             nobody,,account_support,{main}\n\
             pending@corp.example,,account_support,{main}\n\
             role@corp.example,,account_support,{main}\n\
             role@corp.example,,no_such_role,{main}\n\
             kind@corp.example,,account_support,{user}\n\
             text@corp.example,,account_support,here\n\
             half@corp.example,,account_support\n\
             many@corp.example,Many,account_support,{main},more\n\
             both@corp.example,,account_administrator,{main}\n\
             both@corp.example,,account_developer,{main}\n\
             name@corp.example,\u{7},account_support,{main}\n\
             owner@corp.example,,account_owner,{main}\n\
             last@corp.example,,account_support,{main}\n\
             open@corp.example,\"Open,account_support,{main}\n\
             never@corp.example,,account_support,{main}\n"
        );
        let invited = ann.invite_csv(&csv, json!({})).await.done("inviteUsers");
        assert_eq!(
            invited.rows(),
            [
                "INVITED",
                "REFUSED PERSONAL_EMAIL_DOMAIN csv.3",
                "REFUSED INVALID_EMAIL csv.5",
                "REFUSED ALREADY_INVITED csv.6",
                "REFUSED UNKNOWN_ROLE csv.8",
                "REFUSED INVALID_CSV csv.9",
                "REFUSED INVALID_CSV csv.10",
                "REFUSED INVALID_CSV csv.11",
                "REFUSED INVALID_CSV csv.12",
                "REFUSED EXCLUSIVE_ROLES csv.14",
                "REFUSED INVALID_NAME csv.15",
                "REFUSED OWNER_ROLE csv.16",
                "INVITED",
                "REFUSED INVALID_CSV csv.18",
            ]
        );
        let rows = invited.at("/inviteUsers/results");
        assert_eq!(lines(rows), [2, 3, 5, 6, 7, 9, 10, 11, 12, 13, 15, 16, 17, 18]);
        let message = |row: usize| rows[row]["userError"]["message"].as_str().unwrap();
        assert_eq!(
            message(1),
            "line 3: gmail.com gives mailboxes to private persons; a work address is needed"
        );
        assert!(message(5).starts_with("line 9: the scope: expected an organization id (org_…)"));
        assert_eq!(message(7), "line 11: a role has its scope beside it, and a scope its role");
        assert_eq!(message(8), "line 12: 5 values, but the first line names 4 columns");
        assert_eq!(message(13), "line 18: a value in quotation marks does not end on its line");
        assert_eq!(rows[13]["email"], "open@corp.example");
        assert_eq!(rows[3]["invitation"]["email"], "pending@corp.example");
        assert_eq!(ann.invitations(json!({})).await.len(), 3);
    }
);

both!(
    /// A text that cannot be read as a whole invites nobody.
    r40_csv_that_cannot_be_read,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let people = |count: usize| {
            let people: String = (0..count).map(|n| format!("p{n}@corp.example\n")).collect();
            format!("email\n{people}")
        };
        let refused = [
            (String::new(), "INVALID_CSV csv.1"),
            ("\u{feff}\r\n\r\n".to_owned(), "INVALID_CSV csv.1"),
            ("bob@corp.example,Bob\n".to_owned(), "INVALID_CSV csv.1"),
            ("\nname,role\nBob,account_support\n".to_owned(), "INVALID_CSV csv.2"),
            ("email,name,email\n".to_owned(), "INVALID_CSV csv.1"),
            ("email,name,\n".to_owned(), "INVALID_CSV csv.1"),
            ("email,name\n".to_owned(), "BAD_LIST_LENGTH csv"),
            (people(101), "BAD_LIST_LENGTH csv"),
        ];
        for (text, expected) in refused {
            let answer = ann.invite_csv(&text, json!({})).await;
            assert_eq!(answer.refusals("inviteUsers"), [expected], "{text:?}");
            assert_eq!(answer.at("/inviteUsers/results"), &Value::Null);
        }
        let answer = ann.invite_csv("mail\nbob@corp.example\n", json!({ "expiresInHours": 0 })).await;
        assert_eq!(
            answer.refusals("inviteUsers"),
            ["INVALID_CSV csv.1", "INVALID_EXPIRY expiresInHours"]
        );
        let told = answer.text("/inviteUsers/userErrors/0/message");
        assert_eq!(told, "line 1: there is no column \"mail\": the columns are email,name,role,scope");
        assert!(ann.invitations(json!({})).await.is_empty());

        // One or the other.
        let list = json!([{ "email": "bob@corp.example" }]);
        let both = ann.invite_csv("email\nbob@corp.example\n", json!({ "invitees": list })).await;
        assert_eq!(both.error(), "BAD_USER_INPUT");
        let input = json!({ "organizationId": ann.organization });
        assert_eq!(custom::mutate(&ann, "inviteUsers", RESULTS, input).await.error(), "BAD_USER_INPUT");

        assert_eq!(ann.invite_csv(&people(100), json!({})).await.rows(), vec!["INVITED"; 100]);
    }
);

both!(
    /// The largest text that the limits allow: a hundred people with a hundred grants. One more is
    /// refused for the person.
    r40_the_largest_csv_goes_through,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let mut accounts = Vec::new();
        for number in 0..50 {
            accounts.push(plant::account(&server, &ann.organization, &format!("Sub {number}"), Some(&ann.account), None).await);
        }
        let mut csv = "email,name,role,scope\n".to_owned();
        for account in &accounts {
            for role in ["account_developer", "account_support"] {
                for person in 0..100 {
                    csv.push_str(&format!("p{person}@corp.example,,{role},{account}\n"));
                }
            }
        }
        csv.push_str(&format!("p99@corp.example,,account_support,{}\n", ann.account));
        let selection = "results { outcome userError { code path } }";
        let input = json!({ "organizationId": ann.organization, "csv": csv });
        let invited = custom::mutate(&ann, "inviteUsers", selection, input).await.done("inviteUsers");
        let mut expected = vec!["INVITED"; 99];
        expected.push("REFUSED BAD_LIST_LENGTH csv.101");
        assert_eq!(invited.rows(), expected);
    }
);

both!(
    /// R20, R21: lines that are beyond the inviter are refused; a text in which all are is forbidden.
    r21_csv_gives_no_more_than_its_inviter_may,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let desk = ann.create_account("Desk", None).await;
        let eve = ann
            .colleague("Eve", "eve@acme.example", &[("account_administrator", &desk), ("account_developer", &ann.account)])
            .await;
        let line = |email: &str, scope: &str| format!("{email}@corp.example,,account_administrator,{scope}\n");
        let text = |lines: &[String]| format!("email,name,role,scope\n{}", lines.concat());
        let mixed = text(&[line("a", &desk), line("b", &ann.account), line("c", &desk)]);
        let invited = eve.invite_csv(&mixed, json!({})).await.done("inviteUsers");
        assert_eq!(invited.rows(), ["INVITED", "REFUSED NOT_ALLOWED csv.3", "INVITED"]);
        let beyond = text(&[line("d", &ann.account), line("e", &ann.account)]);
        assert_eq!(eve.invite_csv(&beyond, json!({})).await.error(), "FORBIDDEN");
        // Who wrote a line that cannot be read is told so, and nothing is forbidden for it.
        let typo = text(&["f@corp.example,,account_support\n".to_owned()]);
        assert_eq!(eve.invite_csv(&typo, json!({})).await.rows(), ["REFUSED INVALID_CSV csv.2"]);

        // Scopes that one does not see are not there.
        let zoe = server.sign_up("Zoe", "zoe@zeta.example", "Zeta").await;
        let elsewhere = text(&[line("g", &desk)]);
        assert_eq!(zoe.invite_csv(&elsewhere, json!({})).await.rows(), ["REFUSED NOT_FOUND csv.2"]);
    }
);

both!(
    /// R71: the same text with the same key is answered again, lines included; another one is refused.
    r71_csv_with_a_key,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let csv = "email\nbob@corp.example\n\nx@gmail.com\n";
        let key = json!({ "idempotencyKey": "key-1" });
        let first = ann.invite_csv(csv, key.clone()).await.done("inviteUsers");
        assert_eq!(first.rows(), ["INVITED", "REFUSED PERSONAL_EMAIL_DOMAIN csv.4"]);
        let again = ann.invite_csv(csv, key.clone()).await;
        assert_eq!(again.body["data"], first.body["data"]);
        assert_eq!(server.outbox("bob@corp.example").await.len(), 1);
        let other = ann.invite_csv("email\nbob@corp.example\n", key.clone()).await;
        assert_eq!(other.refusals("inviteUsers"), ["IDEMPOTENCY_KEY_REUSED idempotencyKey"]);
        let mut list = key;
        list["invitees"] = json!([{ "email": "bob@corp.example" }]);
        let other = ann.invite_with(list).await;
        assert_eq!(other.refusals("inviteUsers"), ["IDEMPOTENCY_KEY_REUSED idempotencyKey"]);
    }
);

/// The lines of rows.
fn lines(rows: &Value) -> Vec<u64> {
    rows.as_array().unwrap().iter().map(|row| row["line"].as_u64().unwrap()).collect()
}

/// What an invitation promises, each as `role key @ scope name`.
fn promised(invitation: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let grants = invitation["grants"].as_array().unwrap().iter();
    let promise =
        |it: &Value| format!("{} @ {}", text(&it["role"]["key"]), text(&it["scope"]["name"]));
    grants.map(promise).collect()
}
