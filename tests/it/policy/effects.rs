//! What every mutation of the schema does, told for one caller who may: it writes its events in the
//! transaction of what it does (R70), and with an idempotency key it is done once, whoever calls it how often
//! (R71). What is refused changes nothing, which the policy's table makes sure of.

use std::time::Duration;

use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use super::answers::mutation_outcome;
use super::cases::{Ask, Case, ONCE, case, mutations};
use super::relations::Spot;
use super::run::Desk;
use super::schema::Schema;
use super::undo;
use super::words::ORGANIZATION;
use super::world::{Caller, World};
use crate::support::domains::{Claim, rule};
use crate::support::identity::{mailed, request_email};
use crate::support::{Options, Server, database, joining, plant};

/// What goes on in the background when it has been answered.
const LATER: [&str; 1] = ["requestPasswordReset"];
/// How long that may take.
const A_WHILE: Duration = Duration::from_millis(500);

/// A mutation as somebody does it who may.
struct Deed<'a> {
    ask: Ask<'a>,
    case: &'a Case,
    /// Asks for refusals only, and for all of the payload.
    documents: [String; 2],
}

struct Tried {
    answer: Value,
    /// What was written, as statements that take it back.
    log: Vec<String>,
}

impl Deed<'_> {
    /// Does it, after what it needs is there; or does it again.
    async fn again(&self, desk: &Desk, key: Option<&str>, input: &Value) -> Tried {
        let before = undo::log(&desk.app.db).await.len();
        let document = &self.documents[usize::from(key.is_some())];
        let answer = desk.ask_with(self.ask.me, document, input, key).await;
        if LATER.contains(&self.case.mutation) {
            tokio::time::sleep(A_WHILE).await;
        }
        let mut log = undo::log(&desk.app.db).await;
        log.truncate(log.len() - before);
        Tried { answer, log }
    }

    /// Takes back whatever was done, and makes what this needs; gives the input.
    async fn prepare(&mut self, desk: &Desk) -> Option<Value> {
        desk.revert().await;
        if self.case.given.is_some() {
            self.ask.given = desk.give(self.case.given, &self.ask).await?;
        }
        (self.case.input)(&self.ask)
    }
}

/// Cases for mutations that the policy's table tries without success, because it takes a secret: each with
/// what `given` is.
async fn secrets(server: &Server) -> Vec<(Case, String)> {
    let kim = server.sign_up("Kim", "kim@kim.example", "Kim's").await;
    let verification = joining::verification(&kim).await;
    server.ask("RequestPasswordReset", json!({ "input": { "email": kim.email } })).await;
    let reset = loop {
        let mails = server.mails().await;
        let links = mails.iter().flat_map(|mail| mail["links"].as_array().unwrap());
        let mut links = links.filter_map(Value::as_str);
        if let Some(link) = links.find(|link| link.contains("/reset-password/")) {
            break link.rsplit('/').next().unwrap().to_owned();
        }
        tokio::task::yield_now().await;
    };
    request_email(&kim, "kim@elsewhere.example").await.done("requestEmailChange");
    let new_address = mailed(server, "kim@elsewhere.example", "/change-email").await;
    // Nobody is mailed the same twice within a minute.
    let earlier = "UPDATE email_links SET created_at = '2026-01-01T00:00:00+00:00'
        WHERE purpose = 'VERIFY_EMAIL'";
    server.app.db.execute_unprepared(earlier).await.unwrap();
    let ann = server.sign_in("Ann", "ann@acme.example").await;
    rule(&ann, "ruled.example", "BLOCK").await.done("setEmailDomainRule");
    let claim = Claim::of(&ann, "proved.example").await;
    claim.publish();
    vec![
        (
            case("refreshSession", ONCE, "", |a| Some(json!({ "refreshToken": a.given }))),
            kim.refresh_token,
        ),
        (case("verifyEmail", ONCE, "", |a| Some(json!({ "token": a.given }))), verification),
        (
            case("resetPassword", ONCE, "", |a| {
                Some(json!({ "token": a.given, "password": "another password" }))
            }),
            reset,
        ),
        (case("confirmEmailChange", ONCE, "", |a| Some(json!({ "token": a.given }))), new_address),
        (
            case("removeEmailDomainRule", ONCE, "", |a| {
                Some(json!({ "organizationId": a.to.organization, "domain": a.given }))
            }),
            "ruled.example".to_owned(),
        ),
        (case("verifyEmailDomain", ONCE, "", |a| Some(json!({ "domainId": a.given }))), claim.id),
    ]
}

/// R70, R71: a new mutation is found here by itself. Whoever adds one has to see to it that somebody can do
/// it: by a `case` of the policy's table, or in [`secrets`].
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r70_r71_every_mutation_is_recorded_with_what_it_does_and_done_once_with_a_key() {
    database::on_sqlite(Options::default(), async |server| {
        let world = World::build(&server, &ORGANIZATION, &[]).await;
        let secrets = secrets(&server).await;
        undo::watch(&server.app.db).await;
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("copy.db");
        let copy = format!("VACUUM INTO '{}'", file.display());
        server.app.db.execute_unprepared(&copy).await.unwrap();
        let desk = Desk::open(&world, &file, 0).await;

        let schema = Schema::read();
        let cases = mutations().into_iter().map(|case| (case, String::new()));
        let cases: Vec<(Case, String)> = cases.chain(secrets).collect();
        let mut wrong = Vec::new();
        for mutation in schema.fields("Mutation") {
            let name = mutation.name.as_str();
            let cases = cases.iter().filter(|(case, _)| case.mutation == name);
            match find(&desk, &world, &schema, cases).await {
                Some(mut deed) => wrong.extend(
                    examine(&desk, &mut deed).await.err().map(|what| format!("{name} {what}")),
                ),
                None => wrong.push(format!("nobody could do {name}")),
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    })
    .await;
}

/// Somebody who can do it, and changes something.
async fn find<'a>(
    desk: &Desk,
    world: &'a World,
    schema: &Schema,
    cases: impl Iterator<Item = &'a (Case, String)>,
) -> Option<Deed<'a>> {
    for (case, given) in cases {
        for spot in [Spot::Acme, Spot::Main] {
            let to = &world.targets[&spot];
            if !case.at.contains(&to.kind) {
                continue;
            }
            let callers: [&Caller; 4] =
                [&world.ann, &to.owner_caller, &world.zoe, &world.without_organization];
            for me in callers {
                let ask = Ask { me, to, world, given: given.clone() };
                let documents = schema.mutation(case.mutation, &mut Default::default());
                let mut deed = Deed { ask, case, documents };
                let Some(input) = deed.prepare(desk).await else { continue };
                let tried = deed.again(desk, None, &input).await;
                if mutation_outcome(&tried.answer) == "allowed" && !tried.log.is_empty() {
                    return Some(deed);
                }
            }
        }
    }
    None
}

/// What is wrong with how it is done.
async fn examine(desk: &Desk, deed: &mut Deed<'_>) -> Result<(), String> {
    let ensure = |holds: bool, what: &str, tried: &Tried| match holds {
        true => Ok(()),
        false => Err(format!("{what}: {:#} {:#?}", tried.answer, tried.log)),
    };
    let input = deed.prepare(desk).await.ok_or("cannot be done again")?;
    let done = deed.again(desk, None, &input).await;
    let events = done.log.iter().filter(|line| line.starts_with("DELETE FROM audit_events"));
    ensure(events.count() > 0, "writes no event", &done)?;

    // Without its event nothing of it is there.
    let input = deed.prepare(desk).await.ok_or("cannot be done again")?;
    let trigger = "CREATE TRIGGER no_events BEFORE INSERT ON audit_events
        BEGIN SELECT RAISE(ABORT, 'no events'); END";
    desk.app.db.execute_unprepared(trigger).await.unwrap();
    let failed = deed.again(desk, Some("failing"), &input).await;
    desk.app.db.execute_unprepared("DROP TRIGGER no_events").await.unwrap();
    let told = &failed.answer["errors"][0]["extensions"]["code"];
    let later = LATER.contains(&deed.case.mutation);
    ensure(later || told == "INTERNAL", "is done without its event", &failed)?;
    // The answer before the work is kept with its key.
    let kept = |line: &String| line.starts_with("DELETE FROM idempotent_calls");
    let effects = failed.log.iter().filter(|line| !(later && kept(line)));
    ensure(effects.count() == 0, "changes something without its event", &failed)?;

    // Its key is free, as nothing was done. Done twice, it is done once.
    let key = if later { "done" } else { "failing" };
    let first = deed.again(desk, Some(key), &input).await;
    ensure(mutation_outcome(&first.answer) == "allowed", "is not done with a key", &first)?;
    let events = first.log.iter().filter(|line| line.starts_with("DELETE FROM audit_events"));
    ensure(events.count() > 0, "is not done with a key", &first)?;
    let again = deed.again(desk, Some(key), &input).await;
    ensure(again.log.is_empty(), "is done twice with one key", &again)?;
    for part in ["data", "errors"] {
        ensure(again.answer[part] == first.answer[part], "answers otherwise", &again)?;
    }
    let mut other = input.clone();
    if change(&mut other) {
        let refused = deed.again(desk, Some(key), &other).await;
        let code = &refused.answer["data"][deed.case.mutation]["userErrors"][0]["code"];
        // Who has ended their own session is nobody any more.
        let out = refused.answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED";
        ensure(out || code == "IDEMPOTENCY_KEY_REUSED", "takes another input", &refused)?;
        ensure(refused.log.is_empty(), "does something with another input", &refused)?;
    }
    Ok(())
}

/// Changes one id or text of an input; not the values of enums.
fn change(input: &mut Value) -> bool {
    match input {
        Value::String(text) if entity::id::parse_any(text).is_ok() => {
            *text = plant::unknown(text);
            true
        }
        Value::String(text) if text.chars().any(char::is_lowercase) => {
            text.push('x');
            true
        }
        Value::Array(items) => items.iter_mut().any(change),
        Value::Object(fields) => fields.values_mut().any(change),
        _ => false,
    }
}
