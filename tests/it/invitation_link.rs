//! An invitation's link: a secret that is kept nowhere (R48), and what it shows (R49).

use std::io;
use std::sync::{Arc, Mutex};

use chrono::TimeDelta;
use rolecall::auth::secret::hash_of;
use serde_json::{Value, json};
use tracing::subscriber::set_default;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::FmtSpan;

use crate::support::database::{on_postgres, on_sqlite};
use crate::support::inviting::moment;
use crate::support::operations::document;
use crate::support::smtp::{Fault, Point, SmtpServer};
use crate::support::{Answer, Options, Person, Server, both};

const BOB: &str = "bob@corp.example";

both!(
    /// The token is 256 bits, another one for each link, and stands in no table: not as text, not as
    /// bytes; its hash does.
    r48_the_token_is_stored_only_as_a_hash,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let people = json!([{ "email": BOB }, { "email": "carol@corp.example" }]);
        let input = json!({ "invitees": people, "idempotencyKey": "once", "message": "Come!" });
        ann.invite_with(input).await.done("inviteUsers");
        let mut tokens = Vec::new();
        for email in [BOB, "carol@corp.example"] {
            let token = server.invitation_token(email).await;
            assert_eq!(bytes(&token).len(), 32);
            assert!(!tokens.contains(&token));
            tokens.push(token);
        }
        // While the mail waits, once it is sent, and once the link is used.
        not_in_database(&server, &tokens, true).await;
        let smtp = SmtpServer::start().await;
        let quoting = "554 5.7.1 spam: http://rolecall.test/invitations/";
        smtp.fail_recipient("carol@corp.example", Fault::Reply(554, quoting));
        server.deliver_to(&smtp).await;
        not_in_database(&server, &tokens, true).await;
        for token in &tokens {
            server.accept(token, "Bob").await.done("acceptInvitation");
        }
        not_in_database(&server, &tokens, true).await;

        // The sent mails' content is gone, the links of later ones with it.
        let kept = server.all_mails().await.into_iter().filter(|mail| mail.kind == "invitation");
        assert!(kept.into_iter().all(|mail| mail.sealed.is_none()));
    }
);

/// Fails where a token is in the database; its hash has to be there.
async fn not_in_database(server: &Server, tokens: &[String], hashed: bool) {
    let dump = server.dump().await.join("\n").to_lowercase();
    assert!(dump.contains(BOB), "the dump holds what is there");
    for token in tokens {
        let bytes = bytes(token);
        assert_eq!(dump.contains(&hex(&hash_of(token))), hashed, "the hash of {token}");
        for form in [token.to_lowercase(), hex(token.as_bytes()), hex(&bytes)] {
            let found = dump.lines().find(|line| line.contains(&form));
            assert_eq!(found, None, "{token} as {form}");
        }
    }
}

/// The bits of a token, which is written in Crockford's base 32.
fn bytes(token: &str) -> Vec<u8> {
    let (mut bytes, mut held, mut bits) = (Vec::new(), 0_u32, 0);
    for c in token.chars() {
        let digit = "0123456789abcdefghjkmnpqrstvwxyz".find(c).unwrap();
        held = (held << 5) | u32::try_from(digit).unwrap();
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from((held >> bits) & 0xff).unwrap());
        }
    }
    bytes
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// The log has no token, however much is logged: all that can be done with a link is done here, and
/// the mail server quotes it back.
mod r48_the_token_is_in_no_log {
    use super::*;

    #[tokio::test]
    async fn sqlite() {
        on_sqlite(Options::default(), use_links).await;
    }

    #[tokio::test]
    async fn postgres() {
        on_postgres(Options::default(), use_links).await;
    }
}

/// Everything runs on one thread here, so that the log of this story is this thread's.
async fn use_links(server: Server) {
    let log = Log::default();
    // Our own client, which is the tests', logs addresses.
    let filter = EnvFilter::new("trace,reqwest=off,hyper_util::client=off");
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_span_events(FmtSpan::NEW)
        .with_writer(log.clone());
    let _logging = set_default(subscriber.finish());

    let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
    let (id, first) = ann.invite_one(BOB, &[]).await;
    server.pass(TimeDelta::minutes(1));
    ann.resend(&id).await.done("resendInvitation");
    let token = server.invitation_token(BOB).await;
    let (_, declined) = ann.invite_one("carol@corp.example", &[]).await;
    let smtp = SmtpServer::start().await;
    let quoting: &'static str =
        Box::leak(format!("5.7.1 spam: http://rolecall.test/invitations/{token}").into_boxed_str());
    smtp.fail_recipient(BOB, Fault::Reply(554, quoting));
    smtp.fail_once(Point::Data, Fault::Reply(451, "later"));
    server.deliver_to(&smtp).await;
    for token in [&first, &token, &declined] {
        server.ask("InvitationByToken", json!({ "token": token })).await;
        get_query(&server, token).await;
        get_page(&server, token).await;
    }
    server.decline(&declined).await.done("declineInvitation");
    server.accept(&token, "").await;
    server.accept(&token, "Bob").await.done("acceptInvitation");
    server.accept(&token, "Bob").await;

    let log = log.text();
    assert!(log.contains("mail refused") && log.contains("request{"), "{log}");
    for token in [first, token, declined] {
        let line = log.lines().find(|line| line.contains(&token));
        assert_eq!(line, None, "{token} is in the log");
    }
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

both!(
    /// Opening a link changes nothing, by the query and by the page, by POST and by GET: mail
    /// scanners open links.
    r48_opening_the_link_changes_nothing,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let (_, token) = ann.invite_one(BOB, &[]).await;
        let before = server.dump().await;
        for _ in 0..2 {
            let shown = get_query(&server, &token).await;
            assert_eq!(shown.text("/invitationByToken/__typename"), "InvitationNeedsSignUp");
            let shown = ann.ask("InvitationByToken", json!({ "token": token })).await;
            assert_eq!(shown.text("/invitationByToken/__typename"), "InvitationForAnotherUser");
            let (status, page) = get_page(&server, &token).await;
            assert_eq!(status, 200);
            assert!(page.contains("Ann") && page.contains("Acme"), "{page}");
        }
        assert_eq!(server.dump().await, before);
        // Accepting takes a POST.
        let input = json!({ "token": token, "name": "Bob", "password": Person::PASSWORD });
        let refused = get(&server, &document("AcceptInvitation"), &json!({ "input": input })).await;
        assert_eq!(refused.status, 405);
        assert_eq!(server.dump().await, before);
        server.accept(&token, "Bob").await.done("acceptInvitation");
    }
);

async fn get(server: &Server, query: &str, variables: &Value) -> Answer {
    let parameters = [("query", query.to_owned()), ("variables", variables.to_string())];
    let url = reqwest::Url::parse_with_params(&format!("{}/graphql", server.url), &parameters);
    let request =
        server.http.get(url.unwrap()).header("accept", "application/graphql-response+json");
    Answer::read(request.send().await.unwrap()).await
}

async fn get_query(server: &Server, token: &str) -> Answer {
    get(server, &document("InvitationByToken"), &json!({ "token": token })).await
}

async fn get_page(server: &Server, token: &str) -> (u16, String) {
    let page = server.http.get(format!("{}/invitations/{token}", server.url)).send().await.unwrap();
    (page.status().as_u16(), page.text().await.unwrap())
}

both!(
    /// Every state that a link can be in is a type of its own, and each shows who invites whom to
    /// what, the address masked.
    r49_every_state_of_a_link,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let desk = ann.create_account("Desk", None).await;
        let admin = [("account_administrator", desk.as_str())];
        let carol = ann.colleague("Carol", "carol@corp.example", &admin).await;
        let bob = server.sign_up("Bob", "Bob@corp.example", "Bobs").await;

        let (_, for_bob) = ann.invite_one(BOB, &[("account_developer", &desk)]).await;
        assert_eq!(state(&server, None, &for_bob).await, "InvitationNeedsSignIn");
        assert_eq!(state(&server, Some(&bob), &for_bob).await, "InvitationReady");
        assert_eq!(state(&server, Some(&ann), &for_bob).await, "InvitationForAnotherUser");

        let (_, for_new) = ann.invite_one("New@Corp.example", &[]).await;
        assert_eq!(state(&server, None, &for_new).await, "InvitationNeedsSignUp");
        assert_eq!(state(&server, Some(&bob), &for_new).await, "InvitationForAnotherUser");
        let over = Person { access_token: "over".to_owned(), ..bob.clone() };
        assert_eq!(state(&server, Some(&over), &for_new).await, "InvitationNeedsSignUp");

        server.decline(&for_new).await.done("declineInvitation");
        assert_eq!(state(&server, None, &for_new).await, "InvitationDeclined");
        let (id, revoked) = ann.invite_one("revoked@corp.example", &[]).await;
        ann.revoke(&id).await.done("revokeInvitation");
        assert_eq!(state(&server, None, &revoked).await, "InvitationRevoked");
        let (_, lost) = carol.invite_one("lost@corp.example", &[("account_developer", &desk)]).await;
        let demoted = json!({ "userId": carol.id, "accountId": desk, "roleKey": "account_developer" });
        ann.call("ChangeAccountRole", demoted).await.done("changeAccountRole");
        assert_eq!(state(&server, None, &lost).await, "InvitationInviterLostAccess");
        bob.call("AcceptInvitation", json!({ "token": for_bob })).await.done("acceptInvitation");
        for person in [None, Some(&bob), Some(&ann)] {
            assert_eq!(state(&server, person, &for_bob).await, "InvitationAlreadyAccepted");
        }
        let (_, late) = ann.invite_one("late@corp.example", &[]).await;
        server.pass(TimeDelta::days(7));
        assert_eq!(state(&server, None, &late).await, "InvitationExpired");
        assert_eq!(state(&server, None, &lost).await, "InvitationExpired");

        for token in ["", "unknown", &for_bob[1..], &format!("{for_bob}0")] {
            let unknown = server.ask("InvitationByToken", json!({ "token": token })).await;
            assert_eq!(unknown.error(), "NOT_FOUND", "{token}");
        }
    }
);

/// The type of what a link shows to somebody; what all types have in common is checked on the way.
async fn state(server: &Server, person: Option<&Person>, token: &str) -> String {
    let variables = json!({ "token": token });
    let shown = match person {
        Some(person) => person.ask("InvitationByToken", variables).await,
        None => server.ask("InvitationByToken", variables).await,
    };
    assert_eq!(shown.text("/invitationByToken/organizationName"), "Acme");
    assert!(["Ann", "Carol"].contains(&shown.text("/invitationByToken/inviterName").as_str()));
    let masked = shown.text("/invitationByToken/maskedEmail");
    let masks =
        ["b•••@corp.example", "N•••@Corp.example", "r•••@corp.example", "l•••@corp.example"];
    assert!(masks.contains(&masked.as_str()), "{masked}");
    let expires = moment(shown.at("/invitationByToken/expiresAt"));
    assert!((server.now() - expires).abs() <= TimeDelta::days(7));
    shown.text("/invitationByToken/__typename")
}

both!(
    /// Whoever may go on sees the message and what is promised.
    r49_what_is_promised_is_shown,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let grants = json!([{ "roleKey": "account_developer", "scopeId": ann.account }]);
        let input = json!({ "invitees": [{ "email": BOB }], "grants": grants, "message": "Come!" });
        ann.invite_with(input).await.done("inviteUsers");
        let token = server.invitation_token(BOB).await;
        let query = "query($token: String!) { invitationByToken(token: $token) {
            ... on InvitationNeedsSignUp { message grants { roleName scopeName } } } }";
        let shown = server.send(query, json!({ "token": token }), None, None).await;
        assert_eq!(shown.text("/invitationByToken/message"), "Come!");
        assert_eq!(shown.text("/invitationByToken/grants/0/roleName"), "Developer");
        assert_eq!(shown.text("/invitationByToken/grants/0/scopeName"), "Acme Main");
    }
);
