//! Domains of an organization's own: proved by a TXT record, and reserved (R41).

use std::time::{Duration, Instant};

use hickory_server::proto::op::ResponseCode;
use serde_json::{Value, json};

use crate::support::dns::{self, Reply};
use crate::support::domains::{Claim, add, change, update, verify};
use crate::support::{Person, Server, both, plant};

both!(
    /// A domain is claimed, its record looked up by asking a real name server, and the domain is the
    /// organization's own once the record says so; what was found instead is told.
    r41_a_domain_is_proved_by_its_record,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let domain = dns::domain("proved");
        let claim = Claim::of(&ann, &format!(" @{}. ", domain.to_uppercase())).await;
        assert_eq!(claim.domain, domain);
        assert_eq!(claim.name, format!("_rolecall-challenge.{domain}"));
        let random = claim.value.strip_prefix("rolecall-domain-verification=").unwrap();
        assert_eq!(random.len(), 40, "160 bits: {random}");
        let again = Claim::of(&ann, &domain).await;
        assert_eq!((again.id, again.value), (claim.id.clone(), claim.value.clone()));
        let added = server.audit("email_domain.added").await;
        assert_eq!((added.len(), &added[0].target), (1, &claim.id));

        let refused = async |found: &str| {
            let before = server.dump().await;
            let answer = verify(&ann, &claim.id).await;
            assert_eq!(answer.refusals("verifyEmailDomain"), ["DOMAIN_NOT_VERIFIED domainId"]);
            let message = answer.text("/verifyEmailDomain/userErrors/0/message");
            assert!(message.contains(found) && message.contains(&claim.name), "{message}");
            let help = answer.text("/verifyEmailDomain/userErrors/0/help");
            assert!(help.contains(&claim.name) && help.contains(&claim.value), "{help}");
            assert_eq!(server.dump().await, before);
        };
        refused("no TXT record").await;
        dns::say(&claim.name, Reply::Nothing);
        refused("no TXT record").await;
        let other = format!("{}0", claim.value);
        dns::say(&claim.name, Reply::Texts(vec![vec!["v=spf1 -all".to_owned()], vec![other]]));
        refused("\"v=spf1 -all\", \"rolecall-domain-verification=").await;

        // In pieces, as name servers give long texts, and behind other records.
        let (one, two) = claim.value.split_at(20);
        let pieces = vec![one.to_owned(), two.to_owned()];
        dns::say(&claim.name, Reply::Texts(vec![vec!["v=spf1 -all".to_owned()], pieces]));
        let proved = verify(&ann, &claim.id).await.done("verifyEmailDomain");
        assert_eq!(proved.text("/verifyEmailDomain/emailDomain/status"), "VERIFIED");
        let now = claim.now(&ann).await;
        for field in ["verifiedAt", "checkedAt"] {
            let at: chrono::DateTime<chrono::Utc> = now[field].as_str().unwrap().parse().unwrap();
            assert_eq!(at, server.now(), "{field}");
        }
        assert_eq!((&now["lastError"], &now["setBy"]["id"]), (&Value::Null, &json!(ann.id)));
        assert_eq!((&now["reserved"], &now["joinPolicy"]), (&json!(false), &json!("INVITATION")));
        let event = server.audit("email_domain.verified").await.remove(0);
        assert_eq!(event.actor_id.map(|id| id.to_string()), Some(ann.id.clone()));
        assert_eq!(event.before, Some(json!({ "domain": domain, "status": "PENDING" })));
        // Once more is no error, and no event.
        verify(&ann, &claim.id).await.done("verifyEmailDomain");
        assert_eq!(server.audit("email_domain.verified").await.len(), 1);

        let removed = json!({ "domainId": claim.id });
        let remove = "mutation($input: RemoveEmailDomainInput!) { removeEmailDomain(input: $input) {
            removedEmailDomainId userErrors { code } } }";
        let gone = ann.send(remove, json!({ "input": removed })).await.done("removeEmailDomain");
        assert_eq!(gone.text("/removeEmailDomain/removedEmailDomainId"), claim.id);
        assert_eq!(claim.now(&ann).await, Value::Null);
        assert_eq!(verify(&ann, &claim.id).await.error(), "NOT_FOUND");
        assert_eq!(server.audit("email_domain.removed").await.len(), 1);
    }
);

both!(
    /// A name server that fails, refuses or says nothing proves nothing, and nobody waits for it longer
    /// than some seconds.
    a_name_server_that_does_not_answer_proves_nothing,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let claim = Claim::of(&ann, &dns::domain("silent")).await;
        let replies =
            [Reply::Error(ResponseCode::ServFail), Reply::Error(ResponseCode::Refused), Reply::Silence];
        for reply in replies {
            dns::say(&claim.name, reply.clone());
            let began = Instant::now();
            let answer = verify(&ann, &claim.id).await;
            assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
            assert_eq!(answer.refusals("verifyEmailDomain"), ["DOMAIN_NOT_VERIFIED domainId"]);
            let message = answer.text("/verifyEmailDomain/userErrors/0/message");
            assert!(message.contains("cannot be looked up"), "{reply:?}: {message}");
        }
        assert!(dns::asked(&claim.name) >= 3);
    }
);

both!(
    /// One domain belongs to one organization, also when two prove it at once; when the one gives it up
    /// the other can have it.
    a_domain_belongs_to_one_organization,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let zoe = server.sign_up("Zoe", "zoe@elsewhere.example", "Elsewhere").await;
        let domain = dns::domain("shared");
        let (mine, theirs) = (Claim::of(&ann, &domain).await, Claim::of(&zoe, &domain).await);
        assert_ne!(mine.value, theirs.value);
        let both = [&mine, &theirs].map(|claim| vec![claim.value.clone()]);
        dns::say(&mine.name, Reply::Texts(both.into()));
        let (one, other) = tokio::join!(verify(&ann, &mine.id), verify(&zoe, &theirs.id));
        let mut refusals = [one, other].map(|answer| answer.refusals("verifyEmailDomain").join(" "));
        refusals.sort();
        assert_eq!(refusals, ["", "DOMAIN_TAKEN domainId"]);
        let (owner, claim, loser, lost) = match mine.now(&ann).await["status"].as_str().unwrap() {
            "VERIFIED" => (&ann, &mine, &zoe, &theirs),
            _ => (&zoe, &theirs, &ann, &mine),
        };
        assert_eq!(lost.now(loser).await["status"], "PENDING");
        let answer = verify(loser, &lost.id).await;
        assert_eq!(answer.refusals("verifyEmailDomain"), ["DOMAIN_TAKEN domainId"]);
        let told = answer.body.to_string();
        assert!(!told.contains(&owner.name) && !told.contains(&owner.organization), "{told}");
        change_removed(owner, claim).await;
        verify(loser, &lost.id).await.done("verifyEmailDomain");
        assert_eq!(lost.now(loser).await["status"], "VERIFIED");
    }
);

async fn change_removed(by: &Person, claim: &Claim) {
    let remove = "mutation($input: RemoveEmailDomainInput!) { removeEmailDomain(input: $input) {
        removedEmailDomainId userErrors { code } } }";
    let input = json!({ "input": { "domainId": claim.id } });
    by.send(remove, input).await.done("removeEmailDomain");
}

both!(
    /// R72: nobody claims what everybody has addresses at, nor what is no domain; a hundred are enough.
    r72_what_no_organization_can_have,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        for domain in [
            "gmail.com",
            "mail.GMAIL.com.",
            "mailinator.com",
            "com",
            "co.uk",
            "",
            "localhost",
            "192.0.2.1",
            "exa_mple.org",
        ] {
            let refused = add(&ann, domain).await;
            assert_eq!(refused.refusals("addEmailDomain"), ["INVALID_DOMAIN domain"], "{domain}");
        }
        for n in 0..100 {
            add(&ann, &format!("d{n}.example")).await.done("addEmailDomain");
        }
        let refused = add(&ann, "one.more.example").await;
        assert_eq!(refused.refusals("addEmailDomain"), ["LIMIT_REACHED domain"]);
        add(&ann, "d7.example").await.done("addEmailDomain");
        let query = "query($id: ID!) { organization(id: $id) { emailDomains(last: 2) {
            nodes { domain status organization { name owner { name } } setBy { name } } totalCount
            pageInfo { hasPreviousPage } } } }";
        let seen = ann.send(query, json!({ "id": ann.organization })).await;
        let at = "/organization/emailDomains";
        assert_eq!(seen.texts(&format!("{at}/nodes"), "/domain"), ["d98.example", "d99.example"]);
        assert_eq!(*seen.at(&format!("{at}/totalCount")), json!(100));
    }
);

both!(
    /// R28, R2: those who decide about domains see and change them; other members are told what is
    /// missing, and by its id alone there is nothing.
    r28_who_sees_the_domains,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let admin = [("organization_admin", ann.organization.as_str())];
        let adam = ann.colleague("Adam", "adam@acme.example", &admin).await;
        let boss = [("account_administrator", ann.account.as_str())];
        let boss = ann.colleague("Boss", "boss@acme.example", &boss).await;
        let claim = Claim::proved(&adam, &dns::domain("seen")).await;
        assert_eq!(claim.now(&ann).await["status"], "VERIFIED");
        assert_eq!(claim.now(&boss).await, Value::Null);
        let list = "query($id: ID!) { organization(id: $id) { emailDomains { nodes { id } } } }";
        for answer in [
            add(&boss, "new.example").await,
            verify(&boss, &claim.id).await,
            update(&boss, &claim.id, json!({ "reserved": true })).await,
            change(&boss, "addEmailDomain", json!({ "organizationId": ann.organization, "domain": "" }))
                .await,
            boss.send(list, json!({ "id": ann.organization })).await,
        ] {
            assert_eq!(answer.error(), "FORBIDDEN");
            let told = &answer.body["errors"][0]["extensions"];
            assert_eq!(told["permission"], "organization.domains.manage");
        }
        let wrong = verify(&ann, &ann.organization).await;
        assert!(wrong.body.to_string().contains("expected an e-mail domain id (dom_…)"));
    }
);

/// Invites one address; the row.
async fn row(by: &Person, email: &str) -> String {
    by.invite(email, &[]).await.done("inviteUsers").rows().remove(0)
}

both!(
    /// A reserved domain is its owner's alone to invite at; whose it is is not told. What stands can be
    /// accepted, and is not resent.
    a_reserved_domain_is_its_owners_to_invite_at,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let zoe = server.sign_up("Zoe", "zoe@elsewhere.example", "Elsewhere").await;
        let domain = dns::domain("mine");
        let at = |local: &str| format!("{local}@{domain}");
        let claim = Claim::of(&ann, &domain).await;
        let reserve = json!({ "reserved": true });
        let refused = update(&ann, &claim.id, reserve.clone()).await;
        assert_eq!(refused.refusals("updateEmailDomain"), ["DOMAIN_NOT_VERIFIED reserved"]);
        claim.publish();
        verify(&ann, &claim.id).await.done("verifyEmailDomain");
        let (standing, token) = zoe.invite_one(&at("early"), &[]).await;
        update(&ann, &claim.id, reserve).await.done("updateEmailDomain");

        let reserved = "REFUSED DOMAIN_RESERVED invitees.0.email";
        assert_eq!(row(&zoe, &at("bob")).await, reserved);
        assert_eq!(row(&zoe, &format!("bob@eu.{domain}")).await, reserved);
        assert_eq!(row(&zoe, &format!("bob@not{domain}")).await, "INVITED");
        assert_eq!(row(&ann, &at("bob")).await, "INVITED");
        let answer = zoe.invite(&at("carl"), &[]).await.body.to_string();
        assert!(answer.contains(&domain) && !answer.contains("Acme") && !answer.contains("Ann"));
        let zoe = zoe.later(chrono::TimeDelta::minutes(2)).await;
        let refused = zoe.resend(&standing).await.refusals("resendInvitation");
        assert_eq!(refused, ["DOMAIN_RESERVED invitationId"]);
        server.accept(&token, "Early").await.done("acceptInvitation");
        // Who is a member is no longer invited.
        let grants = [("account_developer", zoe.account.as_str())];
        assert_eq!(zoe.invite(&at("early"), &grants).await.rows(), ["GRANTED"]);

        // Whoever proves a part of it invites there.
        let part = Claim::proved(&zoe, &format!("eu.{domain}")).await;
        assert_eq!(row(&zoe, &format!("bob@x.{}", part.domain)).await, "INVITED");
        assert_eq!(row(&zoe, &at("dora")).await, reserved);
        let ann = ann.later(chrono::TimeDelta::minutes(1)).await;
        update(&ann, &claim.id, json!({ "reserved": false })).await.done("updateEmailDomain");
        assert_eq!(row(&zoe, &at("dora")).await, "INVITED");
    }
);

both!(
    /// An organization goes with its domains, and frees them.
    an_organization_goes_with_its_domains,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let claim = Claim::proved(&ann, &dns::domain("gone")).await;
        crate::support::domains::rule(&ann, "rival.example", "BLOCK").await.done("setEmailDomainRule");
        let delete = "mutation($id: ID!) { deleteOrganization(input: { organizationId: $id }) {
            userErrors { code } } }";
        ann.send(delete, json!({ "id": ann.organization })).await.done("deleteOrganization");
        let zoe = server.sign_up("Zoe", "zoe@elsewhere.example", "Elsewhere").await;
        Claim::proved(&zoe, &claim.domain).await;
        plant::run(&server, "DELETE FROM email_domains WHERE organization_id = $1", &[&zoe.organization])
            .await;
    }
);
