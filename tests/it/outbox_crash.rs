//! The program is killed, or told to stop, in the middle of a burst of mail (R53): no mail is lost.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use entity::{invitation, mail};
use sea_orm::{
    ColumnTrait, ConnectionTrait, Database, DatabaseConnection, EntityTrait, QueryFilter,
};
use serde_json::{Value, json};

use crate::support::program::Serving;
use crate::support::smtp::SmtpServer;
use crate::support::{Answer, database, operations};

/// How many people are invited, unless `CRASH_INVITATIONS` says otherwise. With more than these, the
/// leases of killed processes run out by themselves, which takes two minutes.
const FEW: usize = 100;

/// How many are invited in one call.
const PER_CALL: usize = 10;

/// How many mails one process has under way at once: as many may go out twice when it is killed.
const AT_ONCE: usize = 8;

/// Two processes share one PostgreSQL database, and each is killed in the middle of the burst. All that
/// was promised arrives; what arrives twice can be told by its `Message-ID`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r53_kill_9_in_the_middle_of_a_burst() {
    let Some(url) = database::empty_postgres().await else { return };
    let people = std::env::var("CRASH_INVITATIONS");
    let people = people.map_or(FEW, |people| people.parse().unwrap());
    let directory = tempfile::tempdir().unwrap();
    let mut smtp = SmtpServer::start().await;
    smtp.take(Duration::from_millis(20));
    let smtp_url = smtp.url();
    let settings = [
        ("DATABASE_URL", url.as_str()),
        ("SMTP_URL", &smtp_url),
        ("PUBLIC_URL", "http://rolecall.test"),
        ("PENDING_INVITATIONS", "100000"),
        ("UNVERIFIED_INVITATIONS_PER_DAY", "100000"),
        ("MAILS_PER_ORGANIZATION_PER_HOUR", "100000"),
    ];
    let mut servers = [
        Serving::start(&directory, &["serve"], &settings).await,
        Serving::start(&directory, &["serve"], &settings).await,
    ];
    let db = Database::connect(&url).await.unwrap();
    let (token, organization) = sign_up(&servers[0]).await;
    let began = Instant::now();
    let urls = Arc::new(Mutex::new([servers[0].url.clone(), servers[1].url.clone()]));
    let inviting: Vec<_> = (0..2)
        .map(|n| {
            let (urls, token, organization) =
                (Arc::clone(&urls), token.clone(), organization.clone());
            tokio::spawn(async move {
                let mut acknowledged = Vec::new();
                for call in (n..people.div_ceil(PER_CALL)).step_by(2) {
                    let url = urls.lock().unwrap()[n].clone();
                    let emails = emails(call * PER_CALL, people.min((call + 1) * PER_CALL));
                    match invite(&url, &token, &organization, emails).await {
                        Some(invited) => acknowledged.extend(invited),
                        // It was killed: its successor goes on.
                        None => {
                            while urls.lock().unwrap()[n] == url {
                                tokio::time::sleep(Duration::from_millis(10)).await;
                            }
                        }
                    }
                }
                acknowledged
            })
        })
        .collect();
    for n in [0, 1] {
        let so_far = smtp.received().len();
        smtp.wait_for(so_far + people / 10).await;
        assert_eq!(servers[n].stop("-KILL").await, None);
        servers[n] = Serving::start(&directory, &["serve"], &settings).await;
        urls.lock().unwrap()[n].clone_from(&servers[n].url);
    }
    let mut acknowledged = BTreeSet::new();
    for inviting in inviting {
        acknowledged.extend(inviting.await.unwrap());
    }
    let orphaned = drained(&db, people <= FEW).await;

    let invited = invitation::Entity::find().all(&db).await.unwrap();
    let invited: BTreeSet<String> = invited.into_iter().map(|row| row.email).collect();
    let mut arrived: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for mail in smtp.received().into_iter().filter(|mail| mail.to[0].starts_with('p')) {
        arrived.entry(mail.to[0].clone()).or_default().push(mail.message_id);
    }
    let twice: usize = arrived.values().map(|ids| ids.len() - 1).sum();
    println!(
        "{people} people, {} acknowledged, {} invited, {} mailed, {twice} of them twice, {orphaned} were taken by a \
         process that was killed, {:.1} s",
        acknowledged.len(),
        invited.len(),
        arrived.len(),
        began.elapsed().as_secs_f64()
    );
    assert!(acknowledged.len() >= people - 2 * PER_CALL, "{} acknowledged", acknowledged.len());
    assert!(acknowledged.is_subset(&invited));
    assert_eq!(arrived.keys().cloned().collect::<BTreeSet<_>>(), invited);
    for (email, ids) in arrived {
        assert!(ids.iter().all(|id| *id == ids[0]), "{email}: {ids:?}");
    }
    assert!(twice <= 2 * AT_ONCE, "{twice} twice");
    let mails = mail::Entity::find().filter(now()).all(&db).await.unwrap();
    assert!(mails.iter().all(|mail| mail.state == mail::State::Sent));
    for server in &mut servers {
        assert_eq!(server.stop("-TERM").await, Some(0));
    }
    db.close().await.unwrap();
    database::drop_postgres(&url).await;
}

/// Mails that are not for later: who is invited is reminded in some days.
fn now() -> sea_orm::sea_query::SimpleExpr {
    mail::Column::Kind.ne("invitation_expiring")
}

/// Waits until every mail has been sent; how many were taken by workers that are no more. They are due
/// again when their lease runs out, or at once if nobody wants to wait for that.
async fn drained(db: &DatabaseConnection, at_once: bool) -> usize {
    let waiting = async || {
        let queued = mail::Column::State.eq(mail::State::Queued);
        mail::Entity::find().filter(queued).filter(now()).all(db).await.unwrap()
    };
    let began = Instant::now();
    let (mut left, mut since, mut orphaned) = (usize::MAX, Instant::now(), None);
    loop {
        let queued = waiting().await;
        if queued.is_empty() {
            return orphaned.unwrap_or(0);
        }
        if queued.len() != left {
            (left, since) = (queued.len(), Instant::now());
        }
        // Nobody alive needs so long for one.
        if orphaned.is_none() && since.elapsed() > Duration::from_secs(3) {
            assert!(queued.iter().all(|mail| mail.leased_until.is_some()), "{queued:#?}");
            orphaned = Some(queued.len());
            if at_once {
                let sql = "UPDATE mails SET leased_until = next_attempt_at WHERE state = 'QUEUED'";
                db.execute_unprepared(sql).await.unwrap();
            }
        }
        assert!(began.elapsed() < Duration::from_mins(5), "{queued:#?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// A stop in the middle of a burst lets the mails under way end and gives the others back: after the next
/// start, each has been sent once.
async fn a_stop_loses_nothing(settings: &[(&str, &str)]) {
    let directory = tempfile::tempdir().unwrap();
    let mut smtp = SmtpServer::start().await;
    smtp.take(Duration::from_millis(100));
    let smtp_url = smtp.url();
    let mine = [("SMTP_URL", smtp_url.as_str()), ("PUBLIC_URL", "http://rolecall.test")];
    let settings = [settings, &mine].concat();
    let mut serving = Serving::start(&directory, &["serve"], &settings).await;
    let (token, organization) = sign_up(&serving).await;
    let invited = invite(&serving.url, &token, &organization, emails(0, 100)).await;
    assert_eq!(invited.map(|invited| invited.len()), Some(100));
    smtp.wait_for(10).await;
    assert_eq!(serving.stop("-TERM").await, Some(0));
    let before = smtp.received().len();
    assert!(before < 101, "it was over already");

    let url = settings.iter().find(|(name, _)| *name == "DATABASE_URL");
    let file = format!("sqlite://{}/data/rolecall.db", directory.path().display());
    let db = Database::connect(url.map_or(file.as_str(), |(_, url)| url)).await.unwrap();
    let queued = mail::Entity::find().filter(mail::Column::State.eq(mail::State::Queued));
    let queued = queued.filter(now()).all(&db).await.unwrap();
    assert_eq!(queued.len() + before, 101);
    assert!(queued.iter().all(|mail| mail.lease.is_none() && mail.attempts == 0), "{queued:#?}");
    db.close().await.unwrap();

    smtp.take(Duration::ZERO);
    let mut serving = Serving::start(&directory, &["serve"], &settings).await;
    let mails = smtp.wait_for(101).await;
    assert_eq!(serving.stop("-TERM").await, Some(0));
    let people: BTreeSet<&String> = mails.iter().map(|mail| &mail.to[0]).collect();
    assert_eq!((people.len(), smtp.received().len()), (101, 101));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r53_a_stop_in_the_middle_of_a_burst_loses_nothing_on_sqlite() {
    a_stop_loses_nothing(&[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r53_a_stop_in_the_middle_of_a_burst_loses_nothing_on_postgres() {
    let Some(url) = database::empty_postgres().await else { return };
    a_stop_loses_nothing(&[("DATABASE_URL", &url)]).await;
    database::drop_postgres(&url).await;
}

/// Signs Ann up; her token and organization.
async fn sign_up(serving: &Serving) -> (String, String) {
    let signed_up = serving.sign_up("ann@acme.example").await;
    let token = signed_up.text("/signUp/tokens/accessToken");
    let query = "{ viewer { organizations { nodes { id } } } }";
    let body = json!({ "query": query });
    let request = reqwest::Client::new().post(format!("{}/graphql", serving.url)).json(&body);
    let answer = Answer::read(request.bearer_auth(&token).send().await.unwrap()).await;
    (token, answer.text("/viewer/organizations/nodes/0/id"))
}

fn emails(from: usize, to: usize) -> Vec<String> {
    (from..to).map(|n| format!("p{n}@corp.example")).collect()
}

/// Invites these; those whose invitation was acknowledged. None if the server was gone before it could.
async fn invite(
    url: &str,
    token: &str,
    organization: &str,
    emails: Vec<String>,
) -> Option<Vec<String>> {
    let people: Vec<Value> = emails.iter().map(|email| json!({ "email": email })).collect();
    let input = json!({ "organizationId": organization, "invitees": people });
    let body = json!({
        "query": operations::document("InviteUsers"), "variables": { "input": input },
    });
    let request = reqwest::Client::new().post(format!("{url}/graphql")).bearer_auth(token);
    let response = request.json(&body).send().await.ok()?;
    let answer = response.json::<Value>().await.ok()?;
    let results = answer.pointer("/data/inviteUsers/results").and_then(Value::as_array);
    let results = results.unwrap_or_else(|| panic!("{answer:#}"));
    let invited = results.iter().filter(|row| row["outcome"] == "INVITED");
    Some(invited.map(|row| row["email"].as_str().unwrap().to_owned()).collect())
}
