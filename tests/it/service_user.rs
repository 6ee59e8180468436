//! Service users and their API keys: machines that work for an organization.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::custom::{document, make_role, mutate};
use crate::support::roles::give;
use crate::support::service_user::{
    KEY, USER, create_key, key, lets_in, machine, revoke, rotate, with,
};
use crate::support::{Person, Server, both, plant};

both!(
    /// R20, R70: a service user works with the roles that it was given, like anyone; what it does is
    /// recorded as done by it. It is listed among the users, and takes no seat and no mail.
    r20_a_service_user_works_with_its_roles,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let (main, organization) = (ann.account.as_str(), ann.organization.as_str());
        let id = machine(&ann, "Bot", &[("account_administrator", main)]).await;
        let (key_id, secret) = key(&ann, &id).await;
        let bot = with(&secret, &id, &ann);
        assert_eq!(ann.roles_of(&id).await.len(), 2, "and the default role");

        let query = "query($id: ID!) { viewer { user { id name isServiceUser } currentAccount { id }
            accounts { nodes { id } } sessions { nodes { id } } joinableOrganizations { organizationId } }
            account(id: $id) { viewerRoles { key } } }";
        let seen = bot.send_in(main, query, json!({ "id": main })).await;
        assert_eq!(seen.text("/viewer/user/id"), id);
        assert_eq!(seen.text("/viewer/currentAccount/id"), main);
        assert_eq!(seen.texts("/account/viewerRoles", "/key"), ["account_administrator"]);
        assert_eq!(seen.texts("/viewer/accounts/nodes", "/id"), [main]);
        let sub = bot.create_account("Below", Some(main)).await;
        let created = server.audit("account.created").await.pop().unwrap();
        assert_eq!(created.actor_id.unwrap().to_string(), id);
        assert_eq!(created.target, sub);

        // What an administrator gives later counts at once; accounts that it makes are the Owner's.
        give(&ann, &id, &[("organization_admin", organization)]).await;
        let made = bot.create_account("Made by a machine", None).await;
        let owner = "query($id: ID!) { account(id: $id) { owner { id } } }";
        let owned = ann.send(owner, json!({ "id": made })).await;
        assert_eq!(owned.text("/account/owner/id"), ann.id);

        let list = "query($id: ID!, $is: Boolean) { organization(id: $id) {
            users(filter: { isServiceUser: $is }) { nodes { id } totalCount }
            apiKeys { nodes { id serviceUser { id } createdBy { id } } totalCount }
            entitlement { seatsUsed } } }";
        for (is, ids) in [(true, vec![id.clone()]), (false, vec![ann.id.clone()])] {
            let listed = ann.send(list, json!({ "id": organization, "is": is })).await;
            assert_eq!(listed.texts("/organization/users/nodes", "/id"), ids);
            assert_eq!(listed.texts("/organization/apiKeys/nodes", "/id"), [key_id.as_str()]);
            assert_eq!(listed.at("/organization/entitlement/seatsUsed"), &json!(1));
        }
        let before = server.mails().await.len();
        let input = json!({ "userId": id, "organizationId": organization });
        mutate(&ann, "suspendUser", "user { id }", input).await.done("suspendUser");
        assert_eq!(server.mails().await.len(), before, "a machine has no mailbox");
    }
);

both!(
    /// R22: what takes a session or a person is refused by name.
    r22_a_service_user_has_no_session_and_owns_nothing,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let (main, organization) = (ann.account.as_str(), ann.organization.as_str());
        let id = machine(&ann, "Bot", &[("organization_admin", organization)]).await;
        let bot = with(&key(&ann, &id).await.1, &id, &ann);
        for (mutation, input) in [
            ("switchAccount", json!({ "accountId": main })),
            ("setDefaultAccount", json!({ "accountId": main })),
            ("endSession", json!({ "sessionId": "sess_01h455vb4pex5vsknk084sn02q" })),
            ("createOrganization", json!({ "name": "Mine" })),
        ] {
            let refused = mutate(&bot, mutation, "__typename", input).await;
            assert_eq!(refused.refusals(mutation), ["PERSON_REQUIRED"], "{mutation}");
        }
        for mutation in ["signOut", "endOtherSessions"] {
            let document = format!("mutation {{ {mutation} {{ userErrors {{ code path }} }} }}");
            let refused = bot.send(&document, json!({})).await;
            assert!(refused.body.to_string().contains("PERSON_REQUIRED"), "{:#}", refused.body);
        }
        let offer = json!({ "scopeId": organization, "userId": id });
        let refused = mutate(&ann, "offerOwnership", "__typename", offer).await;
        assert_eq!(refused.refusals("offerOwnership"), ["PERSON_REQUIRED userId"]);
        // Nobody can have its address.
        let email = format!("{id}@invalid");
        let taken = ann.invite(&email, &[]).await;
        assert!(taken.body.to_string().contains("INVALID_EMAIL"), "{:#}", taken.body);
        let input = json!({ "email": email, "password": Person::PASSWORD });
        let refused = server.ask("SignIn", json!({ "input": input })).await;
        assert_eq!(refused.refusals("signIn"), ["INVALID_CREDENTIALS password"]);
    }
);

both!(
    /// R21: nobody gets, by a key, more than they could give or do themselves.
    r21_a_key_takes_what_its_service_user_holds,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let (main, organization) = (ann.account.as_str(), ann.organization.as_str());
        make_role(&ann, "people", &["organization.users.manage"]).await;
        let pam = ann.colleague("Pam", "pam@acme.example", &[("people", organization)]).await;
        let strong = machine(&ann, "Strong", &[("organization_admin", organization)]).await;
        let there = machine(&ann, "There", &[("account_developer", main)]).await;
        let (key_id, _) = key(&ann, &strong).await;
        for id in [&strong, &there] {
            let refused = create_key(&pam, id).await;
            assert_eq!(refused.refusals("createApiKey"), ["ABOVE_OWN_ACCESS"]);
        }
        let refused = rotate(&pam, &key_id, 0).await;
        assert_eq!(refused.refusals("rotateApiKey"), ["ABOVE_OWN_ACCESS"]);
        // Nor does she make a machine with more than she may give; one without is hers to make.
        let grants = json!([{ "roleKey": "account_developer", "scopeId": main }]);
        let input = json!({ "organizationId": organization, "name": "Mine", "grants": grants });
        let refused = mutate(&pam, "createServiceUser", USER, input).await;
        assert_eq!(refused.denial()["permission"], "account.users.manage");
        let weak = machine(&pam, "Weak", &[]).await;
        key(&pam, &weak).await;
        // To revoke takes nothing that the key gives.
        revoke(&pam, &key_id).await.done("revokeApiKey");
    }
);

both!(
    /// R27: a key that is revoked or expired, and one of a service user that is suspended or removed, lets
    /// nobody in, from the next request on; on every server.
    r27_a_key_ends_at_once,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let (main, organization) = (ann.account.as_str(), ann.organization.as_str());
        let id = machine(&ann, "Bot", &[("account_developer", main)]).await;
        let (revoked, one) = key(&ann, &id).await;
        let (_, two) = key(&ann, &id).await;
        assert!(lets_in(&ann, &one).await);
        let answer = revoke(&ann, &revoked).await.done("revokeApiKey");
        assert_eq!(answer.text("/revokeApiKey/apiKey/status"), "REVOKED");
        revoke(&ann, &revoked).await.done("revokeApiKey");
        assert_eq!(server.audit("api_key.revoked").await.len(), 1);
        assert!(!lets_in(&ann, &one).await);
        assert!(lets_in(&ann, &two).await);

        let input = json!({ "userId": id, "organizationId": organization });
        mutate(&ann, "suspendUser", "user { id }", input.clone()).await.done("suspendUser");
        let account = "query($id: ID!) { account(id: $id) { id } }";
        let bot = with(&two, &id, &ann);
        assert_eq!(bot.send(account, json!({ "id": main })).await.error(), "NOT_FOUND");
        mutate(&ann, "reactivateUser", "user { id }", input.clone()).await.done("reactivateUser");
        assert_eq!(bot.send(account, json!({ "id": main })).await.text("/account/id"), main);

        let removed = mutate(&ann, "removeUserFromOrganization", "removedIds", input).await;
        removed.done("removeUserFromOrganization");
        assert!(!lets_in(&ann, &two).await);
        let refused = create_key(&ann, &id).await;
        assert_eq!(refused.error(), "NOT_FOUND");

        let other = machine(&ann, "Other", &[]).await;
        let (_, three) = key(&ann, &other).await;
        server.pass(TimeDelta::days(90) - TimeDelta::seconds(1));
        assert!(lets_in(&ann, &three).await);
        server.pass(TimeDelta::seconds(1));
        assert!(!lets_in(&ann, &three).await);
    }
);

both!(
    /// A key is rotated once, and the old one goes on for as long as was said; the database has neither of
    /// them, and no record tells one.
    a_key_is_rotated_with_an_overlap,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let id = machine(&ann, "Bot", &[]).await;
        let (key_id, old) = key(&ann, &id).await;
        server.pass(TimeDelta::minutes(2));
        let rotated = rotate(&ann, &key_id, 60).await.done("rotateApiKey");
        let new = rotated.text("/rotateApiKey/key");
        let new_id = rotated.text("/rotateApiKey/apiKey/id");
        assert_eq!(rotated.text("/rotateApiKey/oldApiKey/replacedById"), new_id);
        let end = (server.now() + TimeDelta::days(90)).to_rfc3339();
        assert_eq!(rotated.text("/rotateApiKey/apiKey/expiresAt"), end);
        let again = rotate(&ann, &key_id, 60).await;
        assert_eq!(again.refusals("rotateApiKey"), ["API_KEY_NOT_ACTIVE apiKeyId"]);
        server.pass(TimeDelta::seconds(59));
        assert!(lets_in(&ann, &old).await && lets_in(&ann, &new).await);
        server.pass(TimeDelta::seconds(1));
        assert!(!lets_in(&ann, &old).await);
        assert!(lets_in(&ann, &new).await);
        let rows = server.dump().await.join("\n");
        assert!(rows.contains("api_key.rotated"), "{rows}");
        for secret in [&old, &new] {
            assert!(!rows.contains(secret.as_str()) && !rows.contains(&secret[4..]));
        }
    }
);

both!(
    /// What is no key by its form costs no statement; a good one costs one, and a second a minute, for
    /// which no request waits.
    a_key_costs_one_statement,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let id = machine(&ann, "Bot", &[]).await;
        let (key_id, secret) = key(&ann, &id).await;
        let query = "{ viewer { currentAccount { id } } }";
        let mut wrong = secret.clone();
        wrong.replace_range(10..11, if &secret[10..11] == "0" { "1" } else { "0" });
        for bad in [wrong.as_str(), "rcl_", "rcl_0", &format!("{secret}0"), &"rcl_0".repeat(20_000)] {
            let bot = with(bad, &id, &ann);
            let (answer, statements) = server.statements(bot.send(query, json!({}))).await;
            assert_eq!(answer.error(), "UNAUTHENTICATED");
            assert_eq!(statements.len(), 0, "{statements:?}");
        }
        let used = async || {
            let node = "query($id: ID!) { node(id: $id) { ... on ApiKey { lastUsedAt } } }";
            ann.send(node, json!({ "id": key_id })).await.at("/node/lastUsedAt").clone()
        };
        let noted = async |at: String| {
            while used().await != json!(at) {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        };
        assert_eq!(used().await, Value::Null);
        let bot = with(&secret, &id, &ann);
        bot.send(query, json!({})).await;
        let first = server.now();
        noted(first.to_rfc3339()).await;
        server.pass(TimeDelta::seconds(59));
        let (_, statements) = server.statements(bot.send(query, json!({}))).await;
        assert_eq!(statements.len(), 1, "{statements:?}");
        assert_eq!(used().await, json!(first.to_rfc3339()));
        server.pass(TimeDelta::seconds(1));
        bot.send(query, json!({})).await;
        noted(server.now().to_rfc3339()).await;
    }
);

both!(
    /// R2, R72: names, times and numbers are checked; service users and keys of others do not exist.
    r72_keys_are_refused_with_their_reasons,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let zoe = server.sign_up("Zoe", "zoe@elsewhere.example", "Elsewhere").await;
        let id = machine(&ann, "Bot", &[]).await;
        let (key_id, _) = key(&ann, &id).await;
        let too_late = (server.now() + TimeDelta::days(367)).to_rfc3339();
        for (input, refusal) in [
            (json!({ "serviceUserId": id, "name": " " }), "INVALID_NAME name"),
            (json!({ "serviceUserId": id, "name": "CI", "expiresAt": server.now() }), "INVALID_EXPIRY expiresAt"),
            (json!({ "serviceUserId": id, "name": "CI", "expiresAt": too_late }), "INVALID_EXPIRY expiresAt"),
        ] {
            let refused = mutate(&ann, "createApiKey", KEY, input).await;
            assert_eq!(refused.refusals("createApiKey"), [refusal]);
        }
        let refused = rotate(&ann, &key_id, -1).await;
        assert_eq!(refused.refusals("rotateApiKey"), ["INVALID_EXPIRY overlapSeconds"]);
        for _ in 1..10 {
            key(&ann, &id).await;
        }
        assert_eq!(create_key(&ann, &id).await.refusals("createApiKey"), ["LIMIT_REACHED"]);

        // Of others: the same as what there is not; of a person: no service user.
        for (mutation, input) in [
            ("createApiKey", json!({ "serviceUserId": id, "name": "CI" })),
            ("updateServiceUser", json!({ "serviceUserId": id, "name": "Mine" })),
            ("rotateApiKey", json!({ "apiKeyId": key_id })),
            ("revokeApiKey", json!({ "apiKeyId": key_id })),
        ] {
            let variables = json!({ "input": input });
            let refused = zoe.send(&document(mutation, "__typename"), variables).await;
            assert_eq!(refused.error(), "NOT_FOUND", "{mutation}");
        }
        let unknown = plant::unknown(&id);
        for person in [&ann.id, &unknown] {
            assert_eq!(create_key(&ann, person).await.error(), "NOT_FOUND");
        }
        let input = json!({ "serviceUserId": id, "name": " Robot " });
        let renamed = mutate(&ann, "updateServiceUser", USER, input).await;
        assert_eq!(renamed.text("/updateServiceUser/serviceUser/name"), "Robot");
    }
);
