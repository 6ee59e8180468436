//! Rows that no mutation makes yet, or that would take too long to be made one after the other.

use entity::id::{
    AccountId, AssignmentId, BillingGroupId, MembershipId, OrganizationId, UserId, parse_any,
};
use entity::{billing_group, billing_group_account};
use rolecall::store;
use rolecall::store::account::NewAccount;
use rolecall::store::user::NewUser;
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait, Statement};

use super::person::Person;
use super::server::Server;

/// Makes people, each `(name, address)`, members of an organization; they hold nothing and have
/// never signed in. Gives their ids.
pub(crate) async fn members(
    server: &Server,
    organization: &str,
    people: &[(&str, &str)],
) -> Vec<String> {
    let (db, random, now) = (&server.app.db, &server.app.random, server.now());
    let organization_id: OrganizationId = organization.parse().unwrap();
    let mut ids = Vec::with_capacity(people.len());
    for (name, email) in people {
        let id: UserId = random.id(now);
        let user = NewUser {
            id,
            name: (*name).to_owned(),
            email: (*email).to_owned(),
            email_key: rolecall::app::email::Address::parse("email", email).unwrap().key,
            email_verified: true,
            password_hash: Person::PASSWORD_HASH.to_owned(),
            locale: "en".to_owned(),
        };
        assert!(store::user::insert(db, user, now).await.unwrap(), "{email} is taken");
        let membership: MembershipId = random.id(now);
        store::membership::insert(db, membership, organization_id, id, now).await.unwrap();
        ids.push(id.to_string());
    }
    ids
}

/// One member, of whom only the name matters.
pub(crate) async fn member(server: &Server, organization: &str, name: &str) -> String {
    let email = format!("{}@people.example", name.to_lowercase());
    members(server, organization, &[(name, &email)]).await.remove(0)
}

/// Makes an account with its Owner, or a subaccount below a parent; gives its id.
pub(crate) async fn account(
    server: &Server,
    organization: &str,
    name: &str,
    parent: Option<&str>,
    owner: Option<&str>,
) -> String {
    let (app, now) = (&server.app, server.now());
    let organization_id: OrganizationId = organization.parse().unwrap();
    let id: AccountId = app.random.id(now);
    let parent_id = parent.map(|id| id.parse().unwrap());
    let tx = store::begin(&app.db).await.unwrap();
    let new = NewAccount { id, organization_id, parent_id, name: name.to_owned() };
    store::account::insert(&tx, new, now).await.unwrap();
    if let Some(owner) = owner {
        let (assignment, role): (AssignmentId, _) = (app.random.id(now), app.roles.account_owner());
        let (owner, account) = (owner.parse().unwrap(), Some(id));
        store::assignment::insert_owner(
            &tx,
            assignment,
            organization_id,
            account,
            owner,
            role,
            now,
        )
        .await
        .unwrap();
    }
    tx.commit().await.unwrap();
    id.to_string()
}

/// Makes a billing group with these accounts linked to it; gives its id.
pub(crate) async fn billing_group(
    server: &Server,
    organization: &str,
    name: &str,
    accounts: &[&str],
) -> String {
    let (db, now) = (&server.app.db, server.now());
    let organization_id: OrganizationId = organization.parse().unwrap();
    let id: BillingGroupId = server.app.random.id(now);
    let group = billing_group::ActiveModel {
        id: Set(id),
        organization_id: Set(organization_id),
        name: Set(name.to_owned()),
        name_key: Set(rolecall::text::key(name)),
        created_at: Set(now),
        updated_at: Set(now),
    };
    billing_group::Entity::insert(group).exec_without_returning(db).await.unwrap();
    for account in accounts {
        let account_id: AccountId = account.parse().unwrap();
        let link = billing_group_account::ActiveModel {
            billing_group_id: Set(id),
            account_id: Set(account_id),
            organization_id: Set(organization_id),
            created_at: Set(now),
        };
        billing_group_account::Entity::insert(link).exec_without_returning(db).await.unwrap();
    }
    id.to_string()
}

/// Runs a statement whose parameters (`$1`, `$2`, …) are prefixed ids; something has to change.
pub(crate) async fn run(server: &Server, sql: &str, ids: &[&str]) {
    let db = &server.app.db;
    let values: Vec<sea_orm::Value> =
        ids.iter().map(|id| parse_any(id).unwrap().1.into()).collect();
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    let changed = db.execute_raw(statement).await.unwrap().rows_affected();
    assert!(changed > 0, "nothing changed: {sql}");
}

/// An id of the same kind that nothing has.
pub(crate) fn unknown(id: &str) -> String {
    let (rest, last) = id.split_at(id.len() - 1);
    format!("{rest}{}", if last == "0" { "1" } else { "0" })
}
