//! A large organization beside many small ones, made in the database itself (`crowd.sql`): by one
//! request after the other it would take hours.

use sea_orm::{ConnectionTrait, Database};

use super::roles::welcome;
use super::{Person, Server};

/// A database full of people, and those who look at it.
pub(crate) struct Crowd {
    /// Owns the large organization.
    pub(crate) ann: Person,
    /// Administers one of its accounts, with few people in it.
    pub(crate) adam: Person,
    /// Administers the account that every fifth of its people has a role in.
    pub(crate) bea: Person,
    /// Owns an organization of their own, with a member or two.
    pub(crate) sid: Person,
    /// The account that Adam administers.
    pub(crate) few: String,
    /// The account that Bea administers.
    pub(crate) many: String,
    /// A person of the large organization.
    pub(crate) person: String,
}

/// Has people sign up, and fills their database (PostgreSQL) with `users` more, who hold about
/// `assignments` roles.
pub(crate) async fn make(server: &Server, users: u64, assignments: u64) -> Crowd {
    let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
    let adam = server.sign_up("Adam", "adam@acme.example", "Adam's").await;
    let bea = server.sign_up("Bea", "bea@acme.example", "Bea's").await;
    let sid = server.sign_up("Sid", "sid@small.example", "Small").await;
    welcome(&sid, &adam, &[("account_developer", &sid.account)]).await;

    let members = users * 6 / 10;
    let (firms, accounts) = (users / 33, users / 10);
    let tops = accounts / 20;
    // What is left when everybody has a first role or two; the rest are the members' product roles.
    let products = (assignments - users * 2) / members;
    let made = |kind: &str, number: u64| format!("0195{kind:0>4}-0000-7000-8000-{number:012x}");
    let typed = |uuid: String| uuid.parse::<sea_orm::entity::prelude::Uuid>().unwrap();
    let uuid = |id: &str| entity::id::parse_any(id).unwrap().1.to_string();
    let mut sql = include_str!("crowd.sql").to_owned();
    for (name, number) in [
        ("users", users),
        ("members", members),
        ("firms", firms),
        ("accounts", accounts),
        ("tops", tops),
        ("products", products),
        ("invitations", users / 5),
        ("assignments", assignments),
        ("events", assignments),
    ] {
        sql = sql.replace(&format!("{{{name}}}"), &number.to_string());
    }
    let person = entity::id::UserId(typed(made("1", members / 2))).to_string();
    for (name, text) in [
        ("person", person.clone()),
        ("organization", uuid(&ann.organization)),
        ("owner", uuid(&ann.id)),
        ("adam", uuid(&adam.id)),
        ("bea", uuid(&bea.id)),
        ("now", server.now().to_rfc3339()),
    ] {
        sql = sql.replace(&format!("{{{name}}}"), &text);
    }
    // A connection of its own: the server's end statements that take long.
    let db = Database::connect(&server.app.config.database_url).await.unwrap();
    db.execute_unprepared(&format!("BEGIN; {sql} COMMIT")).await.unwrap();
    // As the database's own housekeeping does sooner or later.
    db.execute_unprepared("VACUUM ANALYZE").await.unwrap();
    db.close().await.unwrap();

    let account = |number| entity::id::AccountId(typed(made("4", number))).to_string();
    let (few, many) = (account(2), account(1));
    Crowd { ann, adam, bea, sid, few, many, person }
}
