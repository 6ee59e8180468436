//! Trying it: every job does everything, on copies of one database, and notes what came of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use chrono::{DateTime, Utc};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rolecall::access::catalogue::{Catalogue, ORGANIZATION, TEAM};
use rolecall::app::{self, App};
use rolecall::auth::keys::Keyring;
use rolecall::clock::{Clock, Random};
use rolecall::config::Config;
use rolecall::http;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::answers::{errors_below, mutation_outcome, of_alias, word};
use super::cases::{Ask, By, Case, Given, Way, mutations, ways};
use super::relations::{Job, alike, first_alike, stand_in};
use super::schema::Schema;
use super::table::{Entry, Table};
use super::undo;
use super::world::{Caller, Target, World};

/// A server of its own over a copy of the world, without a socket.
pub(super) struct Desk {
    pub(super) app: Arc<App>,
    router: Router,
}

struct Still(DateTime<Utc>);

impl Clock for Still {
    fn now(&self) -> DateTime<Utc> {
        self.0
    }
}

/// Is answered before it is done, so that the answer tells nothing (R66).
const WORKS_AFTERWARDS: &str = "requestPasswordReset";

impl Desk {
    pub(super) async fn open(world: &World, file: &Path, number: u64) -> Self {
        Self::watched(world, file, number, |_| {}).await
    }

    /// The same; every statement is told when it has been run.
    pub(super) async fn watched(
        world: &World,
        file: &Path,
        number: u64,
        watch: impl Fn(&str) + Send + Sync + 'static,
    ) -> Self {
        let mut config = Config {
            database_url: format!("sqlite://{}", file.display()),
            public_url: "http://rolecall.test".to_owned(),
            dns_resolver: Some(crate::support::dns::address()),
            ..Config::default()
        };
        // Time stands still, and with it what comes back of a budget.
        config.api.cost_per_network_per_minute = 0;
        config.api.cost_per_user_per_minute = 0;
        let db = app::connect(&config).await.unwrap();
        let text = if world.words.catalogue == "team" { TEAM } else { ORGANIZATION };
        let catalogue = Catalogue::parse(world.words.catalogue, text).unwrap();
        let (keys, clock) = (Keyring::from_seed([7; 32]), Arc::new(Still(world.now)));
        let random = Random::new(StdRng::seed_from_u64(1000 + number));
        let mut app = App::assemble(config, db, catalogue, keys, clock, random).await.unwrap();
        app.db.set_metric_callback(move |info| watch(&info.statement.sql));
        let app = Arc::new(app);
        let desk = Self { router: http::router(Arc::clone(&app)), app };
        desk.revert().await;
        desk
    }

    /// Takes back what has been done; how many rows that were.
    pub(super) async fn revert(&self) -> usize {
        let log = undo::log(&self.app.db).await;
        undo::revert(&self.app.db, &log).await;
        log.len()
    }

    pub(super) async fn ask(&self, caller: &Caller, document: &str, input: &Value) -> Value {
        self.ask_with(caller, document, input, None).await
    }

    /// The same with an idempotency key.
    pub(super) async fn ask_with(
        &self,
        caller: &Caller,
        document: &str,
        input: &Value,
        key: Option<&str>,
    ) -> Value {
        let body = json!({ "query": document, "variables": { "input": input } });
        let mut request = axum::http::Request::post("/graphql")
            .header("accept", "application/graphql-response+json")
            .header("content-type", "application/json");
        if let Some(token) = &caller.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let request = request.body(Body::from(body.to_string())).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let answer: Value = serde_json::from_slice(&bytes).unwrap();
        if answer.get("errors").is_none() && document.contains(WORKS_AFTERWARDS) {
            self.something_is_done().await;
        }
        answer
    }

    /// Waits until what goes on behind an answer has come to its end, which is one commit: the next case shall
    /// not meet it.
    async fn something_is_done(&self) {
        for _ in 0..200 {
            if !undo::log(&self.app.db).await.is_empty() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Makes what a case needs; none where that is refused.
    pub(super) async fn give(&self, given: Option<Given>, ask: &Ask<'_>) -> Option<String> {
        let Some(Given { mutation, by, input, object }) = given else { return Some(String::new()) };
        let by = match by {
            By::Ann => &ask.world.ann,
            By::Owner => &ask.to.owner_caller,
            By::Nobody => &ask.world.without_organization,
        };
        let name = format!("{}{}", mutation[..1].to_uppercase(), &mutation[1..]);
        let document = format!(
            "mutation($input: {name}Input!) {{ {mutation}(input: $input) {{ {object} {{ id }} }} }}"
        );
        let answer = self.ask(by, &document, &input(ask)?).await;
        answer["data"][mutation][object]["id"].as_str().map(str::to_owned)
    }
}

/// Does a share of the jobs.
pub(super) struct Worker<'a> {
    pub(super) world: &'a World,
    pub(super) schema: &'a Schema,
    pub(super) desk: Desk,
    pub(super) table: Table,
    /// The first of the roles that the server asks the same of, for every role.
    pub(super) first: Vec<usize>,
    /// What was asked for, as `Type.field`.
    pub(super) asked: BTreeSet<String>,
    /// What objects there were.
    pub(super) seen: BTreeSet<String>,
    /// How long each list is for the Owner of the organization.
    whole: BTreeMap<(String, super::relations::Spot), u64>,
    /// Each case with its documents.
    pub(super) cases: Vec<(Case, [String; 2])>,
    /// Each way with what is asked for on it.
    pub(super) ways: Vec<(Way, String)>,
}

impl<'a> Worker<'a> {
    pub(super) fn new(world: &'a World, schema: &'a Schema, desk: Desk) -> Self {
        let mut asked = BTreeSet::new();
        let cases = mutations().into_iter().map(|case| {
            let documents = schema.mutation(case.mutation, &mut asked);
            (case, documents)
        });
        let cases = cases.collect();
        let ways = ways().into_iter().map(|way| {
            let below = match way.whole {
                true => schema.selection(way.of, &mut asked),
                false => "__typename".to_owned(),
            };
            (way, below)
        });
        let ways = ways.collect();
        let (table, seen, whole) = (Table::default(), BTreeSet::new(), BTreeMap::new());
        let first = first_alike(&world.roles);
        Self { world, schema, desk, table, first, asked, seen, whole, cases, ways }
    }

    fn caller(&self, job: &Job) -> Caller {
        let nobody = Caller {
            id: self.world.zoe.id.clone(),
            email: String::new(),
            token: None,
            session: self.world.without_role.session.clone(),
            assignment: None,
        };
        match (job.caller, job.relation) {
            (Some(key), _) => self.world.callers[&key].clone(),
            (None, "no role") => self.world.without_role.clone(),
            (None, "no organization") => self.world.without_organization.clone(),
            (None, _) => nobody,
        }
    }

    pub(super) async fn run(&mut self, job: &Job) {
        let caller = self.caller(job);
        if stand_in(job, &self.first).is_none() {
            self.mutate(job, &caller).await;
        }
        self.look(job, &caller).await;
    }

    /// Who tries what is the same for everybody: the first role of its kind, and who holds none.
    fn is_one_of_few(&self, job: &Job) -> bool {
        let Some((role, ..)) = job.caller else { return true };
        let kind = |index: usize| self.world.roles[index].kind;
        job.relation == "same scope" && (0..role).all(|other| kind(other) != kind(role))
    }

    async fn mutate(&mut self, job: &Job, caller: &Caller) {
        let target = &self.world.targets[&job.target];
        for (case, documents) in &self.cases {
            let skipped = case.slow && !self.is_one_of_few(job);
            if !case.at.contains(&target.kind) || skipped {
                continue;
            }
            let Some(outcome) = self.attempt(case, documents, target, caller).await else {
                continue;
            };
            let entry = Entry::mutation(case.mutation, case.about, target.kind, case.at);
            self.table.note(entry, &alike(job, case.slow), outcome);
        }
        let log = undo::log(&self.desk.app.db).await;
        assert!(log.is_empty(), "something that was refused to {job:?} has changed: {log:#?}");
    }

    /// What comes of a case; none where it makes no sense.
    async fn attempt(
        &self,
        case: &Case,
        [brief, whole]: &[String; 2],
        target: &Target,
        caller: &Caller,
    ) -> Option<String> {
        let mut ask = Ask { me: caller, to: target, world: self.world, given: String::new() };
        ask.given = self.desk.give(case.given, &ask).await?;
        let given = if case.given.is_some() { undo::log(&self.desk.app.db).await.len() } else { 0 };
        let input = (case.input)(&ask)?;
        let mut outcome = mutation_outcome(&self.desk.ask(caller, brief, &input).await);
        if outcome == "allowed" {
            let changed = self.desk.revert().await > given;
            // Once more, for all that the payload leads to.
            ask.given = self.desk.give(case.given, &ask).await?;
            let input = (case.input)(&ask)?;
            outcome = mutation_outcome(&self.desk.ask(caller, whole, &input).await);
            if !changed {
                outcome += ", and changes nothing";
            }
            self.desk.revert().await;
        } else if given > 0 {
            let log = self.desk.revert().await;
            assert_eq!(log, given, "{} was refused, and yet changed something", case.mutation);
        }
        Some(outcome)
    }

    async fn look(&mut self, job: &Job, caller: &Caller) {
        let target = &self.world.targets[&job.target];
        let mut ask = Ask { me: caller, to: target, world: self.world, given: String::new() };
        let ways = self.ways.iter().enumerate().filter(|(_, (way, _))| {
            way.at.contains(&target.kind) && (!way.public || self.is_one_of_few(job))
        });
        let (alone, together): (Vec<_>, Vec<_>) =
            ways.map(|(index, (way, _))| (index, *way)).partition(|(_, way)| way.given.is_some());
        let together = together
            .into_iter()
            .filter_map(|(index, way)| Some((index, (way.root)(&ask)?)))
            .collect();
        self.look_at(job, caller, together).await;
        for (index, way) in alone {
            if stand_in(job, &self.first).is_none()
                && let Some(given) = self.desk.give(way.given, &ask).await
            {
                ask.given = given;
                let root = (way.root)(&ask).unwrap();
                self.look_at(job, caller, vec![(index, root)]).await;
                self.desk.revert().await;
            }
        }
    }

    async fn look_at(&mut self, job: &Job, caller: &Caller, asked: Vec<(usize, String)>) {
        // First where there is anything; then all of what there is.
        let brief: Vec<String> = asked
            .iter()
            .map(|(index, root)| format!("w{index}: {root} {{ __typename }}"))
            .collect();
        let there =
            self.desk.ask(caller, &format!("{{ {} }}", brief.join(" ")), &Value::Null).await;
        let is_there = |(index, _): &&(usize, String)| {
            !there["data"][format!("w{index}")].is_null() || there["data"].is_null()
        };
        let parts: Vec<String> =
            asked.iter().filter(is_there).map(|(index, root)| self.part(*index, root)).collect();
        let mut together = there.clone();
        if !there["data"].is_null() && !parts.is_empty() {
            let document = format!("{{ {} }}", parts.join(" "));
            together = self.desk.ask(caller, &document, &Value::Null).await;
        }
        for (index, root) in &asked {
            let name = format!("w{index}");
            let answer = if !is_there(&&(*index, String::new())) {
                of_alias(&there, &name)
            } else if together["data"].is_null() {
                // An error leaves nothing of the request: one by one.
                let document = format!("{{ {} }}", self.part(*index, root));
                self.desk.ask(caller, &document, &Value::Null).await
            } else {
                of_alias(&together, &name)
            };
            self.read(job, caller, *index, root, &answer).await;
        }
    }

    /// One way in a document.
    pub(super) fn part(&self, index: usize, root: &str) -> String {
        let (way, below) = &self.ways[index];
        let field = root.split('(').next().unwrap();
        match (way.whole, field) {
            (true, "node") => {
                format!("w{index}: {root} {{ __typename ... on {} {{ {below} }} }}", way.of)
            }
            _ => format!("w{index}: {root} {{ {below} }}"),
        }
    }

    /// Notes what a way led to.
    async fn read(&mut self, job: &Job, caller: &Caller, index: usize, root: &str, answer: &Value) {
        let way = &self.ways[index].0.clone();
        let job = &alike(job, way.public);
        let kind = self.world.targets[&job.target].kind;
        let field = root.split('(').next().unwrap();
        let name = format!("w{index}");
        self.asked.insert(format!("Query.{field}"));
        let mut object = answer["data"][&name].clone();
        if let Value::Array(list) = object {
            object = list.into_iter().next().unwrap_or_default();
        }
        let errors = errors_below(answer, &name);
        // The object is there, but one of its fields took it along.
        let lost = object.is_null() && errors.iter().any(|(path, _)| !path.is_empty());
        let at_root = match errors.iter().find(|(path, _)| path.is_empty()) {
            Some((_, code)) => word(code),
            None if object.is_null() && !lost => "not found".to_owned(),
            None => "allowed".to_owned(),
        };
        if way.whole
            && let Some(of) = object["__typename"].as_str()
        {
            self.seen.insert(of.to_owned());
        }
        if way.of == "InvitationPreview" {
            let shown = object["__typename"].as_str().map(|name| format!("shows {name}"));
            let entry = Entry::way(way, kind, field);
            self.table.note(entry, job, shown.unwrap_or(at_root));
            return;
        }
        if !way.whole {
            self.table.note(Entry::way(way, kind, field), job, at_root);
            return;
        }
        for member in self.schema.fields(way.of).to_vec() {
            let entry = Entry::field(way, kind, &member.name);
            if at_root != "allowed" {
                self.table.note(entry, job, at_root.clone());
                continue;
            }
            let (value, errors) = if lost {
                // Each field for itself: what one of them does must not hide the others.
                let below = self.schema.one(&member, &mut self.asked);
                let document = match field {
                    "node" => format!("{{ w: {root} {{ ... on {} {{ {below} }} }} }}", way.of),
                    _ => format!("{{ w: {root} {{ {below} }} }}"),
                };
                let answer = self.desk.ask(caller, &document, &Value::Null).await;
                (answer["data"]["w"][&member.name].clone(), errors_below(&answer, "w"))
            } else {
                (object[&member.name].clone(), errors.clone())
            };
            let error = errors.iter().find(|(path, _)| path.first() == Some(&member.name));
            let outcome = match error {
                Some((_, code)) => word(code),
                None if member.is_list() && way.of != "Viewer" => {
                    self.list(job, way, &member.name, &value).await
                }
                None => "allowed".to_owned(),
            };
            if member.name == "viewerPermissions"
                && job.relation == "same scope"
                && let (Some(list), Some((role, ..)), true) =
                    (value.as_array(), job.caller, kind == rolecall::access::ScopeType::Account)
            {
                let permissions = list.iter().map(|key| key.as_str().unwrap().to_owned());
                self.table.permits(role, permissions.collect());
            }
            self.table.note(entry, job, outcome);
        }
    }

    /// How much of a list there is for the caller, compared to what the organization's Owner sees.
    async fn list(&mut self, job: &Job, way: &Way, field: &str, value: &Value) -> String {
        let count = value["totalCount"].as_u64();
        let count = count.unwrap_or_else(|| panic!("{} {}: {field} is {value}", way.of, way.about));
        let key = (format!("{} {} {field}", way.of, way.about), job.target);
        if !self.whole.contains_key(&key) {
            let (world, target) = (self.world, &self.world.targets[&job.target]);
            let ask = Ask { me: &world.ann, to: target, world, given: String::new() };
            let root = (way.root)(&ask);
            let whole = match root {
                Some(root) => {
                    let below = format!("... on {} {{ {field} {{ totalCount }} }}", way.of);
                    let document = format!("{{ w: {root} {{ {below} }} }}");
                    let answer = self.desk.ask(&world.ann, &document, &Value::Null).await;
                    answer["data"]["w"][field]["totalCount"].as_u64().unwrap_or(count)
                }
                None => count,
            };
            self.whole.insert(key.clone(), whole);
        }
        match count {
            _ if way.about == "oneself" => "allowed",
            0 if self.whole[&key] > 0 => "allowed: nothing in it",
            count if count < self.whole[&key] => "allowed: a part of it",
            _ => "allowed",
        }
        .to_owned()
    }
}
