//! The operator's deny list of networks (R54).

use chrono::TimeDelta;
use ipnet::IpNet;
use rolecall::config::Config;
use serde_json::{Value, json};

use crate::support::{Options, Person, Server, both};

const BOB: &str = "bob@corp.example";

/// The tests' own machine is a proxy that is believed.
fn behind_a_proxy() -> Options {
    fn trusting(config: &mut Config) {
        config.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    }
    Options { config: Some(trusting), ..Options::default() }
}

fn net(text: &str) -> IpNet {
    text.parse().unwrap()
}

fn nets(texts: &[&str]) -> Vec<IpNet> {
    texts.iter().copied().map(net).collect()
}

/// Invites an address of this name from somewhere: `INVITED`, or why not.
async fn invite_from(ann: &Person, address: &str, email: &str) -> String {
    let input = json!({ "organizationId": ann.organization, "invitees": [{ "email": email }] });
    let answer = ann.call_from(address, "InviteUsers", input).await;
    match answer.refusals("inviteUsers").pop() {
        Some(refusal) => {
            assert!(answer.at("/inviteUsers/results").is_null());
            refusal
        }
        None => answer.rows().remove(0),
    }
}

both!(
    /// Nobody is invited from a denied network, nor mailed again; all else can be done there. It counts at
    /// once, on every server, and ends at once.
    r54_nobody_is_invited_from_a_denied_network,
    behind_a_proxy(),
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let (bob, token) = ann.invite_one(BOB, &[]).await;
        server.pass(TimeDelta::minutes(1));
        let operator = server.operator();
        assert!(operator.deny(net("203.0.113.0/24"), Some("tor")).await.unwrap());

        let before = server.all_mails().await;
        let refused = invite_from(&ann, "203.0.113.7", "carol@corp.example").await;
        assert_eq!(refused, "NETWORK_DENIED");
        let resend = json!({ "invitationId": bob });
        let refused = ann.call_from("203.0.113.7", "ResendInvitation", resend.clone()).await;
        assert_eq!(refused.refusals("resendInvitation"), ["NETWORK_DENIED"]);
        assert!(refused.text("/resendInvitation/userErrors/0/message").contains("203.0.113.7"));
        assert_eq!(server.all_mails().await, before);
        assert_eq!(ann.invitations(json!({})).await.len(), 1);

        // Another server process over the database, and another address of the network.
        let other = server.another(behind_a_proxy()).await;
        let there = Person { server: other, ..ann.clone() };
        let refused = invite_from(&there, "203.0.113.255", "carol@corp.example").await;
        assert_eq!(refused, "NETWORK_DENIED");
        assert_eq!(invite_from(&there, "203.0.114.7", "dan@corp.example").await, "INVITED");
        let revoked =
            ann.call_from("203.0.113.7", "RevokeInvitation", resend.clone()).await;
        assert!(revoked.refusals("revokeInvitation").is_empty());
        assert_eq!(server.link_state(&token).await, "InvitationRevoked");

        let allowed = operator.allow(net("203.0.113.0/24")).await.unwrap();
        assert!(allowed.was_denied && allowed.within.is_none());
        assert_eq!(invite_from(&there, "203.0.113.7", "carol@corp.example").await, "INVITED");
        assert!(!operator.allow(net("203.0.113.0/24")).await.unwrap().was_denied);
        for (action, target) in [("network.denied", 1), ("network.allowed", 1)] {
            let events = server.audit(action).await;
            assert_eq!(events.len(), target);
            assert_eq!(events[0].target, "203.0.113.0/24");
            assert_eq!((events[0].actor_id, events[0].organization_id), (None, None));
        }
    }
);

both!(
    /// The address is the one that trusted proxies tell; nobody else is believed.
    r54_the_address_is_not_what_the_client_claims,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let operator = server.operator();
        operator.deny(net("203.0.113.0/24"), None).await.unwrap();
        assert_eq!(invite_from(&ann, "203.0.113.7", BOB).await, "INVITED");
        operator.deny(net("127.0.0.1/32"), None).await.unwrap();
        let refused = invite_from(&ann, "198.51.100.1", "carol@corp.example").await;
        assert_eq!(refused, "NETWORK_DENIED");
    }
);

both!(
    /// Networks of every size and of both families, whichever way the address is spelt.
    r54_networks_of_every_size,
    behind_a_proxy(),
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let operator = server.operator();
        let listed =
            ["198.51.100.7/32", "203.0.112.0/20", "2001:db8::/32", "2001:db9::9/128"];
        operator.load("tor", &nets(&listed)).await.unwrap();
        for (address, denied) in [
            ("198.51.100.7", true),
            ("198.51.100.6", false),
            ("::ffff:198.51.100.7", true),
            ("203.0.112.0", true),
            ("203.0.127.255", true),
            ("203.0.128.0", false),
            ("2001:db8:ffff::1", true),
            ("2001:db9::9", true),
            ("2001:db9::8", false),
        ] {
            let expected = if denied { "NETWORK_DENIED" } else { "yes" };
            assert_eq!(ann.can_invite_from(address).await, expected, "{address}");
            let query = "{ viewer { network { address denied } } }";
            let told = ann.send_from(address, query, json!({})).await;
            assert_eq!(*told.at("/viewer/network/denied"), json!(denied), "{address}");
            let shown = told.text("/viewer/network/address");
            assert_eq!(shown, address.trim_start_matches("::ffff:"));
            assert_eq!(operator.denies(address.parse().unwrap()).await.unwrap().is_some(), denied);
        }
        operator.deny(net("0.0.0.0/0"), None).await.unwrap();
        assert_eq!(ann.can_invite_from("198.51.100.6").await, "NETWORK_DENIED");
        assert_eq!(ann.can_invite_from("2001:db9::8").await, "yes");
    }
);

both!(
    /// A list that is loaded takes the place of its former self, and of nothing else.
    r54_lists_are_replaced_whole,
    |server: Server| async move {
        let operator = server.operator();
        let listed = async || -> Vec<String> {
            let rows = operator.denied().await.unwrap();
            rows.into_iter().map(|row| format!("{} {}", row.network, row.list)).collect()
        };
        operator.deny(net("203.0.113.0/24"), None).await.unwrap();
        let first = nets(&["203.0.113.0/24", "9.0.0.0/8", "10.0.0.0/8", "2001:db8::/32"]);
        assert_eq!(operator.load("tor", &first).await.unwrap(), 0);
        assert_eq!(operator.load("vpn", &nets(&["10.0.0.0/8"])).await.unwrap(), 0);
        assert_eq!(
            listed().await,
            [
                "9.0.0.0/8 tor", "10.0.0.0/8 tor", "10.0.0.0/8 vpn", "203.0.113.0/24 manual",
                "203.0.113.0/24 tor", "2001:db8::/32 tor",
            ]
        );
        assert_eq!(operator.load("tor", &nets(&["192.0.2.0/24"])).await.unwrap(), 4);
        let kept = ["10.0.0.0/8 vpn", "192.0.2.0/24 tor", "203.0.113.0/24 manual"];
        assert_eq!(listed().await, kept);
        let allowed = operator.allow(net("10.0.0.0/8")).await.unwrap();
        assert!(allowed.was_denied);
        operator.deny(net("192.0.2.128/25"), Some("once")).await.unwrap();
        assert!(!operator.deny(net("192.0.2.128/25"), Some("again")).await.unwrap());
        let notes: Vec<Option<String>> =
            operator.denied().await.unwrap().into_iter().map(|row| row.note).collect();
        assert_eq!(notes, [None, Some("again".to_owned()), None]);
        let allowed = operator.allow(net("192.0.2.128/25")).await.unwrap();
        assert_eq!(allowed.within.as_deref(), Some("192.0.2.0/24"));

        // More than one statement takes; and two who load at once do not mix.
        let many: Vec<IpNet> = (0..1_201)
            .map(|n| IpNet::new([100, 64, (n / 256) as u8, n as u8].into(), 32).unwrap())
            .collect();
        let (one, other) = (server.operator(), server.operator());
        let (a, b) = tokio::join!(one.load("tor", &many[..1_200]), other.load("tor", &many[1_200..]));
        let mut counts = [a.unwrap(), b.unwrap()];
        counts.sort_unstable();
        assert!(counts == [1, 1] || counts == [1, 1_200], "{counts:?}");
        let tor = listed().await.iter().filter(|line| line.ends_with(" tor")).count();
        assert!([1, 1_200].contains(&tor), "{tor}");
        let loaded: Vec<Value> =
            server.audit("networks.loaded").await.into_iter().filter_map(|e| e.after).collect();
        assert_eq!(loaded[..3], [4, 1, 1].map(|networks| json!({ "networks": networks })));
    }
);

both!(
    /// It costs nothing: the statement that counts the organization's room asks for the network, too.
    r54_asking_takes_no_statement,
    behind_a_proxy(),
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let few = server.statements(invite_from(&ann, "198.51.100.1", "a@corp.example")).await.1;
        let operator = server.operator();
        operator.load("tor", &nets(&["203.0.113.0/24", "2001:db8::/32"])).await.unwrap();
        let id = ann.organization.parse().unwrap();
        operator.entitle(id, true, Some(10)).await.unwrap();
        let more = server.statements(invite_from(&ann, "198.51.100.1", "b@corp.example")).await.1;
        assert_eq!(more.len(), few.len(), "{more:#?}");
        let about = more.iter().filter(|sql| sql.contains("denied_networks")).count();
        assert_eq!(about, 1, "{more:#?}");
    }
);
