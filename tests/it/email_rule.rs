//! What an organization allows and blocks, whatever the lists of providers say (R41).

use serde_json::{Value, json};

use crate::support::domains::{rule, rules, unrule};
use crate::support::{Person, Server, both, plant};

/// Invites these addresses in one call; the rows.
async fn invited(by: &Person, emails: &[&str]) -> Vec<String> {
    let invitees: Vec<Value> = emails.iter().map(|email| json!({ "email": email })).collect();
    by.invite_with(json!({ "invitees": invitees })).await.done("inviteUsers").rows()
}

/// Why one address is refused, with the domain that is named.
async fn reason(by: &Person, email: &str) -> (String, String) {
    let answer = by.invite_with(json!({ "invitees": [{ "email": email }] })).await;
    let error = answer.at("/inviteUsers/results/0/userError");
    let message = error["message"].as_str().unwrap();
    let query = "mutation($input: InviteUsersInput!) { inviteUsers(input: $input) { results {
        userError { code domain } } } }";
    let input = json!({ "organizationId": by.organization, "invitees": [{ "email": email }] });
    let told = by.send(query, json!({ "input": input })).await;
    let domain = told.text("/inviteUsers/results/0/userError/domain");
    assert!(message.contains(&domain), "{message}");
    (told.text("/inviteUsers/results/0/userError/code"), domain)
}

both!(
    /// R41: what is blocked is refused with the domain that matched, what is allowed is not held against
    /// the lists; the most specific rule decides, and a name that only looks alike is none.
    r41_an_organization_allows_and_blocks_domains,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        for (domain, verdict) in [
            (" @Rival.Example. ", "BLOCK"),
            ("friends.rival.example", "ALLOW"),
            ("not.friends.rival.example", "BLOCK"),
            ("gmail.com", "ALLOW"),
            ("spam.gmail.com", "BLOCK"),
            ("Bücher.example", "BLOCK"),
            ("mailinator.com", "ALLOW"),
        ] {
            rule(&ann, domain, verdict).await.done("setEmailDomainRule");
        }
        let emails = [
            "a@rival.example",
            "b@RIVAL.example.",
            "c@eu.rival.example",
            "d@friends.rival.example",
            "e@all.friends.rival.example",
            "f@not.friends.rival.example",
            "g@notrival.example",
            "h@rival.example.org",
            "i@gmail.com",
            "j@mail.GMAIL.com",
            "k@spam.gmail.com",
            "l@googlemail.com",
            "m@xn--bcher-kva.example",
            "n@x.mailinator.com",
            "o@corp.example",
        ];
        let blocked = |index: usize| format!("REFUSED BLOCKED_EMAIL_DOMAIN invitees.{index}.email");
        let invited_to = || "INVITED".to_owned();
        assert_eq!(invited(&ann, &emails).await, [
            blocked(0),
            blocked(1),
            blocked(2),
            invited_to(),
            invited_to(),
            blocked(5),
            invited_to(),
            invited_to(),
            invited_to(),
            invited_to(),
            blocked(10),
            "REFUSED PERSONAL_EMAIL_DOMAIN invitees.11.email".to_owned(),
            blocked(12),
            invited_to(),
            invited_to(),
        ]);
        let named = |code: &str, domain: &str| (code.to_owned(), domain.to_owned());
        for (email, code, domain) in [
            ("z@eu.rival.example", "BLOCKED_EMAIL_DOMAIN", "rival.example"),
            ("z@a.not.friends.rival.example", "BLOCKED_EMAIL_DOMAIN", "not.friends.rival.example"),
            ("z@mail.outlook.com", "PERSONAL_EMAIL_DOMAIN", "outlook.com"),
            ("z@x.yopmail.com", "DISPOSABLE_EMAIL_DOMAIN", "yopmail.com"),
            ("z@exa_mple.org", "INVALID_EMAIL", "exa_mple.org"),
        ] {
            assert_eq!(reason(&ann, email).await, named(code, domain), "{email}");
        }
        // Of another organization's rules nothing follows.
        let zoe = server.sign_up("Zoe", "zoe@elsewhere.example", "Elsewhere").await;
        let rows = invited(&zoe, &["a@rival.example", "i@gmail.com"]).await;
        assert_eq!(rows, ["INVITED", "REFUSED PERSONAL_EMAIL_DOMAIN invitees.1.email"]);
    }
);

both!(
    /// Rules are listed by domain, changed, and taken back, each with its audit event; the same once more
    /// changes nothing.
    r41_rules_are_listed_changed_and_taken_back,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let made = rule(&ann, "B.example", "BLOCK").await.done("setEmailDomainRule");
        assert_eq!(made.text("/setEmailDomainRule/emailDomainRule/domain"), "b.example");
        assert_eq!(made.text("/setEmailDomainRule/emailDomainRule/createdBy/id"), ann.id);
        rule(&ann, "a.example", "ALLOW").await.done("setEmailDomainRule");
        let before = server.dump().await;
        rule(&ann, "b.example", "BLOCK").await.done("setEmailDomainRule");
        assert_eq!(server.dump().await, before);
        rule(&ann, "b.example", "ALLOW").await.done("setEmailDomainRule");
        assert_eq!(rules(&ann).await, ["a.example ALLOW", "b.example ALLOW"]);

        let gone = unrule(&ann, "@B.Example").await.done("removeEmailDomainRule");
        assert_eq!(gone.text("/removeEmailDomainRule/removedDomain"), "b.example");
        assert_eq!(rules(&ann).await, ["a.example ALLOW"]);
        let again = unrule(&ann, "b.example").await;
        assert_eq!(again.refusals("removeEmailDomainRule"), ["NOT_FOUND domain"]);

        let told = |verdict: &str| Some(json!({ "domain": "b.example", "verdict": verdict }));
        let set = server.audit("email_domain_rule.set").await;
        assert_eq!(set.len(), 3);
        assert_eq!((&set[2].before, &set[2].after), (&told("BLOCK"), &told("ALLOW")));
        assert_eq!(set[2].target, ann.organization);
        let removed = server.audit("email_domain_rule.removed").await.remove(0);
        assert_eq!((removed.before, removed.after), (told("ALLOW"), None));
    }
);

both!(
    /// R72: what is no domain that somebody can have is refused by name, and a thousand rules are enough.
    r72_what_no_rule_can_be_about,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        for domain in ["", "com", "co.uk", "localhost", "10.0.0.1", "exa mple.org", "ann@acme.example"] {
            let refused = rule(&ann, domain, "BLOCK").await;
            assert_eq!(refused.refusals("setEmailDomainRule"), ["INVALID_DOMAIN domain"], "{domain}");
            let refused = unrule(&ann, domain).await;
            assert_eq!(refused.refusals("removeEmailDomainRule"), ["INVALID_DOMAIN domain"], "{domain}");
        }
        let many = "INSERT INTO email_domain_rules (organization_id, domain, verdict, created_at)
            SELECT o.id, 'd' || n.i || '.example', 'BLOCK', o.created_at FROM organizations o,
                (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
                    SELECT i FROM n) n
            WHERE o.id = $1";
        plant::run(&server, many, &[&ann.organization]).await;
        let refused = rule(&ann, "one.more.example", "BLOCK").await;
        assert_eq!(refused.refusals("setEmailDomainRule"), ["LIMIT_REACHED domain"]);
        rule(&ann, "d7.example", "ALLOW").await.done("setEmailDomainRule");
        assert_eq!(invited(&ann, &["a@d8.example", "a@d7.example"]).await, [
            "REFUSED BLOCKED_EMAIL_DOMAIN invitees.0.email",
            "INVITED"
        ]);
        // Page by page, forwards and backwards.
        let query = "query($id: ID!, $first: Int, $after: String, $last: Int, $before: String) {
            organization(id: $id) { emailDomainRules(first: $first, after: $after, last: $last,
                before: $before) { nodes { domain } totalCount pageInfo { endCursor startCursor
                hasNextPage hasPreviousPage } } } }";
        let at = "/organization/emailDomainRules";
        let mut found = Vec::new();
        let mut after = Value::Null;
        loop {
            let page = json!({ "id": ann.organization, "first": 100, "after": after });
            let page = ann.send(query, page).await;
            assert_eq!(*page.at(&format!("{at}/totalCount")), json!(1000));
            found.extend(page.texts(&format!("{at}/nodes"), "/domain"));
            after = page.at(&format!("{at}/pageInfo/endCursor")).clone();
            if *page.at(&format!("{at}/pageInfo/hasNextPage")) == json!(false) {
                break;
            }
        }
        assert_eq!(found.len(), 1000);
        assert!(found.is_sorted());
        let page = json!({ "id": ann.organization, "last": 2, "before": after });
        let page = ann.send(query, page).await;
        assert_eq!(page.texts(&format!("{at}/nodes"), "/domain"), found[997..999]);
    }
);

both!(
    /// Who may not decide about domains is told what is missing, and does not see what was decided (R28);
    /// elsewhere there is nothing (R2).
    r28_who_decides_about_domains,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let admin = [("organization_admin", ann.organization.as_str())];
        let adam = ann.colleague("Adam", "adam@acme.example", &admin).await;
        let boss = [("account_administrator", ann.account.as_str())];
        let boss = ann.colleague("Boss", "boss@acme.example", &boss).await;
        rule(&adam, "rival.example", "BLOCK").await.done("setEmailDomainRule");
        for answer in [
            rule(&boss, "rival.example", "ALLOW").await,
            unrule(&boss, "rival.example").await,
            boss.send(
                "query($id: ID!) { organization(id: $id) { emailDomainRules { totalCount } } }",
                json!({ "id": ann.organization }),
            )
            .await,
        ] {
            assert_eq!(answer.error(), "FORBIDDEN");
            let told = &answer.body["errors"][0]["extensions"];
            assert_eq!(told["permission"], "organization.domains.manage");
            assert_eq!(told["grantedBy"], json!(["organization_owner", "organization_admin"]));
        }
        // Whoever invites meets the rule all the same.
        let rows = boss.invite("x@rival.example", &[("account_developer", &ann.account)]).await.rows();
        assert_eq!(rows, ["REFUSED BLOCKED_EMAIL_DOMAIN invitees.0.email"]);
    }
);

both!(
    /// R44: rules are about whom to invite. Who is a member already is given roles.
    r44_members_are_given_roles_whatever_their_domain,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let people = [("Bob", "bob@rival.example"), ("Gil", "gil@gmail.com")];
        plant::members(&server, &ann.organization, &people).await;
        rule(&ann, "rival.example", "BLOCK").await.done("setEmailDomainRule");
        let grants = [("account_developer", ann.account.as_str())];
        for (_, email) in people {
            assert_eq!(ann.invite(email, &grants).await.rows(), ["GRANTED"], "{email}");
        }
    }
);

both!(
    /// R46: an invitation to where nobody is invited any more is not resent; the one that stands can be
    /// accepted.
    r46_what_is_blocked_meanwhile_is_not_resent,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        rule(&ann, "gmail.com", "ALLOW").await.done("setEmailDomainRule");
        let (blocked, token) = ann.invite_one("bob@corp.example", &[]).await;
        let (personal, _) = ann.invite_one("gil@gmail.com", &[]).await;
        rule(&ann, "corp.example", "BLOCK").await.done("setEmailDomainRule");
        unrule(&ann, "gmail.com").await.done("removeEmailDomainRule");
        let ann = ann.later(chrono::TimeDelta::minutes(2)).await;
        let refused = ann.resend(&blocked).await.refusals("resendInvitation");
        assert_eq!(refused, ["BLOCKED_EMAIL_DOMAIN invitationId"]);
        let refused = ann.resend(&personal).await.refusals("resendInvitation");
        assert_eq!(refused, ["PERSONAL_EMAIL_DOMAIN invitationId"]);
        server.accept(&token, "Bob").await.done("acceptInvitation");
    }
);

both!(
    /// All addresses of a call are looked up in one statement.
    r41_rules_take_one_statement_for_all_rows,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        for n in 0..50 {
            rule(&ann, &format!("d{n}.example"), "BLOCK").await.done("setEmailDomainRule");
        }
        let call = async |from: usize, to: usize| {
            let emails: Vec<String> = (from..to).map(|n| format!("p@a.b.c.d{n}.example")).collect();
            let emails: Vec<&str> = emails.iter().map(String::as_str).collect();
            let (rows, statements) = server.statements(invited(&ann, &emails)).await;
            let about = statements.iter().filter(|sql| sql.contains("email_domain_rules"));
            assert_eq!(about.count(), 1, "{statements:#?}");
            (rows.iter().filter(|row| *row == "INVITED").count(), statements.len())
        };
        let (invited, few) = call(49, 51).await;
        assert_eq!(invited, 1);
        let (invited, many) = call(0, 100).await;
        assert_eq!((invited, many), (49, few), "one of them had been invited before");
    }
);
