//! The database as the migrations make it, and the roles as the catalogue has them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use entity::id::{BillingGroupId, OrganizationId};
use entity::{billing_group, billing_group_account, mail_opt_out};
use migration::{Migrator, MigratorTrait};
use rolecall::access::catalogue::{Catalogue, ORGANIZATION};
use rolecall::app::{self, App};
use rolecall::auth::keys::Keyring;
use rolecall::clock::{Clock, Random, SystemClock};
use rolecall::config::Config;
use sea_orm::{
    ActiveValue::Set, ConnectionTrait, DatabaseConnection, DbBackend, EntityTrait, IdenStatic,
    Iterable, Statement,
};
use serde_json::json;

use crate::support::custom::make_role;
use crate::support::domains::{Claim, rule};
use crate::support::moves::asked;
use crate::support::ownership::offered;
use crate::support::roles::welcome;
use crate::support::rows::{columns, counts};
use crate::support::{Options, Person, Server, both, database, joining, life, service_user};

/// Leaves at least one row in every table.
async fn fill(server: &Server) -> Person {
    let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
    let machine = service_user::machine(&ann, "Machine", &[]).await;
    service_user::key(&ann, &machine).await;
    let desk = ann.create_account("Desk", None).await;
    ann.create_account("Night shift", Some(&desk)).await;
    let bob = ann.colleague("Bob", "bob@corp.example", &[("account_developer", &desk)]).await;
    offered(&ann, &desk, &bob.id).await;
    let grants = json!([{ "roleKey": "studio_admin", "scopeId": desk }]);
    let input = json!({
        "organizationId": ann.organization, "invitees": [{ "email": "cy@corp.example" }],
        "grants": grants, "idempotencyKey": "once",
    });
    ann.call("InviteUsers", input).await.done("inviteUsers");

    let now = server.now();
    let (id, organization_id): (BillingGroupId, OrganizationId) =
        (server.app.random.id(now), ann.organization.parse().unwrap());
    let group = billing_group::ActiveModel {
        id: Set(id),
        organization_id: Set(organization_id),
        name: Set("Europe".to_owned()),
        name_key: Set("europe".to_owned()),
        created_at: Set(now),
        updated_at: Set(now),
    };
    billing_group::Entity::insert(group).exec_without_returning(&server.app.db).await.unwrap();
    let link = billing_group_account::ActiveModel {
        billing_group_id: Set(id),
        account_id: Set(desk.parse().unwrap()),
        organization_id: Set(organization_id),
        created_at: Set(now),
    };
    let link = billing_group_account::Entity::insert(link);
    link.exec_without_returning(&server.app.db).await.unwrap();

    let operator = server.operator();
    operator.deny("203.0.113.0/24".parse().unwrap(), Some("tor")).await.unwrap();
    operator.entitle(organization_id, true, Some(9)).await.unwrap();

    Claim::of(&ann, "acme.example").await;
    rule(&ann, "rival.example", "BLOCK").await.done("setEmailDomainRule");

    let quiet = mail_opt_out::ActiveModel {
        organization_id: Set(organization_id),
        email_key: Set("dee@corp.example".to_owned()),
        created_at: Set(now),
    };
    let quiet = mail_opt_out::Entity::insert(quiet);
    quiet.exec_without_returning(&server.app.db).await.unwrap();

    let zoe = server.sign_up("Zoe", "zoe@elsewhere.example", "Elsewhere").await;
    welcome(&zoe, &ann, &[]).await;
    asked(&ann, &desk, &zoe.organization).await;

    let policy = entity::email_domain::JoinPolicy::Request;
    joining::Domain::new("corp.example", policy).of(&ann).await;
    let dan = joining::verified(server, "Dan", "dan@corp.example").await;
    joining::asked(&dan, &ann.organization).await;
    let eve = ann.colleague("Eve", "eve@corp.example", &[("account_developer", &desk)]).await;
    let input = json!({ "userId": eve.id, "organizationId": ann.organization });
    let document = life::document("removeUserFromOrganization");
    let removed = ann.send(&document, json!({ "input": input })).await;
    removed.done("removeUserFromOrganization");
    ann
}

/// Everything that the migrations made: tables, constraints and indexes, in the database's own words. An
/// extension stays: it may not be ours alone.
async fn schema(db: &DatabaseConnection) -> BTreeSet<String> {
    let sql = match db.get_database_backend() {
        DbBackend::Postgres => {
            "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
            UNION ALL SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
                FROM pg_constraint WHERE connamespace = 'public'::regnamespace
            UNION ALL SELECT concat_ws(' ', table_name, column_name, data_type, is_nullable,
                    column_default, collation_name)
                FROM information_schema.columns WHERE table_schema = 'public'
            UNION ALL SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
            UNION ALL SELECT pg_get_functiondef(p.oid) FROM pg_proc p
                WHERE pronamespace = 'public'::regnamespace AND NOT EXISTS (
                    SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')"
        }
        _ => "SELECT tbl_name || ' ' || sql FROM sqlite_master WHERE sql IS NOT NULL",
    };
    let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await;
    let rows = rows.unwrap().into_iter().map(|row| row.try_get_by_index(0).unwrap());
    rows.filter(|row: &String| !row.contains("seaql_migrations")).collect()
}

both!(
    /// Each step can be taken back and again, whatever is in the tables, and leaves no trace.
    every_migration_goes_back_and_forth_with_data,
    |server: Server| async move {
        fill(&server).await;
        let db = &server.app.db;
        let before = schema(db).await;
        let filled = counts(db).await;
        let steps = u32::try_from(Migrator::migrations().len()).unwrap();
        for back in 1..=steps {
            Migrator::down(db, Some(back)).await.unwrap();
            assert_ne!(schema(db).await, before, "{back} steps back");
            Migrator::up(db, None).await.unwrap();
            assert_eq!(schema(db).await, before, "{back} steps back");
        }
        Migrator::down(db, None).await.unwrap();
        assert!(schema(db).await.is_empty());
        Migrator::up(db, None).await.unwrap();
        assert!(counts(db).await.values().all(|rows| *rows == 0));
        Migrator::up(db, None).await.unwrap();

        let server = server.another(Options::default()).await;
        assert_eq!(fill(&server).await.roles_of("Ann").await.len(), 3);
        assert_eq!(counts(&server.app.db).await, filled);
    }
);

both!(
    /// A step that fails has not been begun, and is done again when nothing is in its way any more.
    a_migration_that_fails_leaves_nothing_behind,
    |server: Server| async move {
        let db = &server.app.db;
        Migrator::down(db, None).await.unwrap();
        // The second step will meet it when it has made other tables already.
        db.execute_unprepared("CREATE TABLE billing_groups (id text)").await.unwrap();
        Migrator::up(db, None).await.unwrap_err();
        let standing = columns(db).await;
        assert!(standing.contains_key("users") && !standing.contains_key("organizations"));
        db.execute_unprepared("DROP TABLE billing_groups").await.unwrap();
        app::migrate(db).await.unwrap();
        fill(&server.another(Options::default()).await).await;
        assert!(Migrator::migrations().iter().all(|step| step.use_transaction() == Some(true)));
    }
);

both!(
    /// Every table has an entity with just its columns, and what is in it can be read by it.
    the_entities_are_what_the_tables_are,
    |server: Server| async move {
        fill(&server).await;
        let db = &server.app.db;
        let mut entities = BTreeMap::new();
        macro_rules! read {
            ($($entity:ident)+) => {$({
                let rows = entity::$entity::Entity::find().all(db).await.unwrap();
                assert!(!rows.is_empty(), "nothing in {}", stringify!($entity));
                let table = sea_orm::EntityName::table_name(&entity::$entity::Entity).to_owned();
                let mut columns: Vec<String> =
                    entity::$entity::Column::iter().map(|column| column.as_str().to_owned()).collect();
                columns.sort();
                entities.insert(table, columns);
            })+};
        }
        read!(
            account account_move api_key audit_event billing_group billing_group_account denied_network
            email_domain email_domain_rule email_link entitlement idempotent_call invitation
            invitation_grant join_bar join_request mail mail_opt_out membership organization
            ownership_offer recipient_day refresh_token role role_assignment role_permission session user
        );
        assert_eq!(columns(db).await, entities);
    }
);

fn config(database_url: &str, data: &tempfile::TempDir) -> Config {
    Config {
        database_url: database_url.to_owned(),
        data_dir: data.path().to_owned(),
        ..Config::default()
    }
}

/// The roles' ids by their keys.
fn ids(app: &App) -> BTreeMap<String, String> {
    app.roles.all().iter().map(|role| (role.key.clone(), role.id.to_string())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_that_start_at_once_on_an_empty_database_agree() {
    let Some(url) = database::empty_postgres().await else { return };
    start_together(&url).await;
    database::drop_postgres(&url).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_that_start_at_once_on_an_empty_file_agree() {
    let directory = tempfile::tempdir().unwrap();
    start_together(&format!("sqlite://{}/new.db", directory.path().display())).await;
}

/// Servers that are started together on an empty database migrate it once, and know the same roles.
async fn start_together(url: &str) {
    let data = tempfile::tempdir().unwrap();
    let starting: Vec<_> = (0..4)
        .map(|_| {
            let config = config(url, &data);
            tokio::spawn(App::start(config, Arc::new(SystemClock), Random::system()))
        })
        .collect();
    let mut apps = Vec::new();
    for app in starting {
        let app = app.await.unwrap();
        apps.push(app.unwrap_or_else(|error| panic!("{error:?}")));
    }
    let first = ids(&apps[0]);
    assert_eq!(first.len(), Catalogue::parse("", ORGANIZATION).unwrap().roles.len());
    for app in &apps {
        assert_eq!(ids(app), first);
        assert!(app.keys.ring().is(&apps[0].keys.ring()));
    }
    assert_eq!(counts(&apps[0].db).await["roles"], i64::try_from(first.len()).unwrap());
    for app in apps {
        app.db.close().await.unwrap();
    }
}

/// One connection is few, but it is what an operator may say (`DATABASE_CONNECTIONS`).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_with_one_connection_migrates_its_database() {
    let Some(url) = database::empty_postgres().await else { return };
    let data = tempfile::tempdir().unwrap();
    let config = Config { database_connections: 1, ..config(&url, &data) };
    let app = App::start(config, Arc::new(SystemClock), Random::system()).await;
    app.unwrap_or_else(|error| panic!("{error:?}")).db.close().await.unwrap();
    database::drop_postgres(&url).await;
}

/// Another start over a server's database, with a catalogue that may have changed; and the statements
/// that it took.
async fn start_again(server: &Server, catalogue: &str) -> (App, Vec<String>) {
    let config = server.app.config.clone();
    let mut db = app::connect(&config).await.unwrap();
    app::migrate(&db).await.unwrap();
    let statements = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&statements);
    db.set_metric_callback(move |info| seen.lock().unwrap().push(info.statement.sql.clone()));
    let catalogue = Catalogue::parse("changed", catalogue).unwrap();
    let clock: Arc<dyn Clock> = Arc::clone(&server.app.clock);
    let keys = Keyring::from_seed([7; 32]);
    let app = App::assemble(config, db, catalogue, keys, clock, Random::system()).await;
    let app = app.unwrap_or_else(|error| panic!("{error:?}"));
    let statements = std::mem::take(&mut *statements.lock().unwrap());
    (app, statements)
}

both!(
    /// Nothing has changed, so nothing is written: starting costs a look.
    a_second_start_writes_nothing,
    |server: Server| async move {
        let (app, statements) = start_again(&server, ORGANIZATION).await;
        assert!(!statements.is_empty());
        for statement in &statements {
            let verb = statement.split_whitespace().next().unwrap().to_uppercase();
            assert!(["SELECT", "BEGIN", "COMMIT"].contains(&verb.as_str()), "{statement}");
        }
        assert_eq!(ids(&app), ids(&server.app));
    }
);

both!(
    /// What the catalogue says from now on is what the database says; ids stay, and what is no longer
    /// in the catalogue permits nothing.
    a_changed_catalogue_is_taken_over,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let roles = [("account_support", &*ann.account), ("account_developer", &ann.account)];
        let bob = ann.colleague("Bob", "bob@corp.example", &roles).await;
        let before = entity::role::Entity::find().all(&server.app.db).await.unwrap();

        let said = "Helps the users of the account by looking things up, and changes nothing.";
        assert!(ORGANIZATION.contains(said));
        let changed = ORGANIZATION
            .replace(said, "Looks things up.")
            .replace("key = \"account_developer\"", "key = \"account_builder\"");

        server.pass(chrono::TimeDelta::minutes(1));
        let (app, statements) = start_again(&server, &changed).await;
        let wrote = |what: &str| statements.iter().any(|statement| statement.starts_with(what));
        assert!(wrote("INSERT") && wrote("DELETE"), "{statements:#?}");
        let known = ids(&app);
        let after = entity::role::Entity::find().all(&server.app.db).await.unwrap();
        assert_eq!(after.len(), before.len() + 1);
        for old in &before {
            let new = after.iter().find(|role| role.id == old.id).unwrap();
            if old.key == "account_support" {
                assert_eq!(new.description, "Looks things up.");
                assert_eq!((new.created_at, new.updated_at), (old.created_at, server.now()));
            } else {
                assert_eq!(new, old);
            }
        }
        let of = |key: &str| before.iter().find(|role| role.key == key).unwrap().id;
        assert_eq!(known["account_support"], of("account_support").to_string());
        assert!(app.roles.get(of("account_developer")).is_none());
        assert!(app.roles.by_key("account_builder").is_some());
        let (_, statements) = start_again(&server, &changed).await;
        assert!(!statements.iter().any(|statement| statement.starts_with("INSERT")));

        // Bob's old assignment is still there, and this server makes sense of it again.
        assert_eq!(ids(&start_again(&server, ORGANIZATION).await.0), ids(&server.app));
        assert!(bob.access(&bob.id, "iot.sim.manage", &ann.account).await);
    }
);

both!(
    /// A changed catalogue leaves custom roles as they are; what it has lost they permit no more, and
    /// again when it is back.
    a_changed_catalogue_leaves_custom_roles_alone,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        make_role(&ann, "flows", &["account.access.use", "studio.flow.read"]).await;
        let bob = ann.colleague("Bob", "bob@corp.example", &[("flows", &ann.account)]).await;
        let custom = async || {
            let roles = entity::role::Entity::find().all(&server.app.db).await.unwrap();
            let own: Vec<_> = roles.into_iter().filter(|role| role.organization_id.is_some()).collect();
            let id = own[0].id;
            let permissions = entity::role_permission::Entity::find().all(&server.app.db).await.unwrap();
            let mut permissions: Vec<String> =
                permissions.into_iter().filter(|row| row.role_id == id).map(|row| row.permission).collect();
            permissions.sort();
            (own, permissions)
        };
        let before = custom().await;
        let lost = ORGANIZATION.replace("studio.flow.read", "studio.flow.look");
        for (catalogue, reads) in [(&*lost, false), (ORGANIZATION, true)] {
            let (app, _) = start_again(&server, catalogue).await;
            assert_eq!(custom().await, before);
            let id = bob.id.parse().unwrap();
            let person = rolecall::store::standing::of_user(&app.db, &app.roles, id).await.unwrap().unwrap();
            let held = &person.standing.memberships[0].holdings;
            assert!(held.iter().any(|holding| holding.permits("account.access.use")));
            assert_eq!(held.iter().any(|holding| holding.permits("studio.flow.read")), reads);
        }
    }
);
