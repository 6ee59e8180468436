//! The organization in which it happens, the people, and what they do through the API.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use entity::id::{AccountId, InvitationId, OrganizationId, RoleId, SessionId, UserId};
use entity::invitation;
use entity::role::Kind;
use rolecall::access::{Origin, Role, ScopeType};
use rolecall::auth::secret::hash_of_link;
use rolecall::auth::token;
use rolecall::store;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use serde_json::{Value, json};

use super::model::{Row, Snapshot};
use super::steps::Step;
use crate::support::{Person, Server, plant};

/// An organization with an Owner, an account of somebody else's, another one, and a subaccount.
pub(super) struct House {
    pub(super) server: Server,
    pub(super) organization: String,
    group: String,
    /// The Owner, the first account's Owner, members who hold nothing, and people from elsewhere.
    people: Vec<Person>,
    sessions: BTreeMap<UserId, SessionId>,
    /// How many custom roles were tried to be made.
    pub(super) made: usize,
}

/// What a step came to.
#[derive(Clone, Debug, Default)]
pub(super) struct Deed {
    /// By whose right.
    pub(super) by: Option<UserId>,
    /// Whether it was done, or refused.
    pub(super) done: bool,
    /// Whether it makes an account.
    pub(super) creates: bool,
    /// Whether somebody joins, who gets this role if the catalogue has it.
    pub(super) joins: bool,
    pub(super) default_role: Option<String>,
    /// The place that changes hands by the right of its Owner, and what these stay.
    pub(super) hands_over: Option<Option<AccountId>>,
    pub(super) former: Option<String>,
    /// Who becomes the Owner of it, or of what somebody owned who is removed.
    pub(super) heir: Option<UserId>,
    /// Who is removed, and from where.
    pub(super) removes: Option<UserId>,
    pub(super) at: Option<AccountId>,
    /// The account that is closed.
    pub(super) closes: Option<AccountId>,
    /// The role that is deleted, and the one that takes its place.
    pub(super) replaces: Option<(RoleId, RoleId)>,
}

impl House {
    pub(super) async fn build(server: &Server) -> Self {
        // Every sequence has an organization of its own; the server and its database are shared.
        let id: UserId = server.app.random.id(server.now());
        let name = format!("House {id}");
        let email = |who: &str| format!("{who}.{id}@people.example");
        let ann = server.sign_up("Ann", &email("ann"), &name).await;
        let zoe = server.sign_up("Zoe", &email("zoe"), &format!("Beside {name}")).await;
        let addressed = |names: &[&str]| -> Vec<(String, String)> {
            names.iter().map(|name| ((*name).to_owned(), email(&name.to_lowercase()))).collect()
        };
        let members = addressed(&["Otto", "Mia", "Max", "Moe", "Mo"]);
        let guests = addressed(&["Gil", "Gus", "Guy"]);
        let mut people = vec![ann.clone()];
        for (organization, list) in [(&ann.organization, &members), (&zoe.organization, &guests)] {
            let list: Vec<(&str, &str)> =
                list.iter().map(|(name, email)| (name.as_str(), email.as_str())).collect();
            let ids = plant::members(server, organization, &list).await;
            for ((name, email), id) in list.into_iter().zip(ids) {
                let (name, email) = (name.to_owned(), email.to_owned());
                people.push(Person { name, email, id, ..ann.clone() });
            }
        }
        people.push(zoe);
        let main =
            plant::account(server, &ann.organization, "Main", None, Some(&people[1].id)).await;
        plant::account(server, &ann.organization, "Sub", Some(&main), None).await;
        let accounts = [main.as_str()];
        let group = plant::billing_group(server, &ann.organization, "Group", &accounts).await;
        let mut sessions = BTreeMap::new();
        for person in &people {
            let (now, user): (_, UserId) = (server.now(), person.id.parse().unwrap());
            let id: SessionId = server.app.random.id(now);
            let end = now + TimeDelta::days(365);
            let origin = Origin::default();
            store::session::insert(&server.app.db, id, user, &origin, now, end).await.unwrap();
            sessions.insert(user, id);
        }
        let (server, organization) = (server.clone(), ann.organization);
        let house = Self { server, organization, group, people, sessions, made: 0 };
        house.appoint(&main).await;
        house
    }

    /// Gives two members rights over others: those whose roles manage the organization, where there is
    /// such a role, or else an account.
    async fn appoint(&self, main: &str) {
        let manages = |permission: &'static str| {
            let roles = self.server.app.roles.all().iter();
            roles.filter(|role| !role.owner).find(move |role| role.permissions.contains(permission))
        };
        let account = manages("account.users.manage").unwrap();
        let everywhere = manages("organization.assignments.manage");
        let ann = self.person(0);
        for (person, role) in [(2, everywhere.unwrap_or(account)), (3, account)] {
            let organization = ScopeType::Organization;
            let at_organization = role.assignable_at().contains(&organization);
            let scope = if at_organization { &self.organization } else { main };
            let grants = [json!({ "roleKey": role.key, "scopeId": scope })];
            let input = json!({ "userId": self.person(person).id, "grants": grants });
            assert!(self.call(&ann, "assignRoles", input).await);
        }
    }

    pub(super) async fn snapshot(&self) -> Snapshot {
        Snapshot::take(&self.server, &self.organization).await
    }

    pub(super) fn users(&self) -> Vec<UserId> {
        self.people.iter().map(|person| person.id.parse().unwrap()).collect()
    }

    /// A person with a token that is good now.
    pub(super) fn person_of(&self, user: UserId) -> Person {
        let app = &self.server.app;
        let now = self.server.now();
        let session = self.sessions[&user];
        let token =
            token::issue(&app.keys.ring(), &app.config, &app.random, now, user, session, None);
        let person = self.people.iter().find(|person| person.id == user.to_string()).unwrap();
        Person { access_token: token.unwrap().0, ..person.clone() }
    }

    pub(super) fn person(&self, number: u8) -> Person {
        let users = self.users();
        self.person_of(users[usize::from(number) % users.len()])
    }

    /// Every other time a general role; else one of any kind, of product roles one of three.
    pub(super) fn role<'a>(&'a self, snapshot: &'a Snapshot, number: u8) -> &'a Role {
        if number.is_multiple_of(2) {
            return self.general(number / 2);
        }
        let all = self.server.app.roles.all();
        let (products, others): (Vec<_>, Vec<_>) =
            all.iter().partition(|role| role.kind == Kind::BuiltIn);
        let roles: Vec<_> = others
            .into_iter()
            .chain(products.into_iter().take(3))
            .chain(&snapshot.customs)
            .collect();
        roles[usize::from(number / 2) % roles.len()]
    }

    /// One of the general roles, which accounts have.
    pub(super) fn general(&self, number: u8) -> &Role {
        let roles = self.server.app.roles.all().iter();
        let roles: Vec<_> = roles.filter(|role| role.kind == Kind::General).collect();
        roles[usize::from(number) % roles.len()]
    }

    /// A place where the role can be, most of the time.
    pub(super) fn place(
        &self,
        snapshot: &Snapshot,
        role: Option<&Role>,
        number: u8,
    ) -> Option<AccountId> {
        let places = snapshot.places();
        let number = usize::from(number);
        match role {
            Some(role) if number % 7 > 0 => {
                let fits = |place: &&Option<AccountId>| {
                    role.assignable_at().contains(&match place {
                        None => ScopeType::Organization,
                        // Where a subaccount takes a role, so does an account.
                        Some(_) => ScopeType::Account,
                    })
                };
                let places: Vec<_> = places.iter().filter(fits).collect();
                *places[number / 7 % places.len()]
            }
            _ => places[number % places.len()],
        }
    }

    fn grant(&self, snapshot: &Snapshot, role: u8, at: u8, minutes: Option<u8>) -> Value {
        let role = self.role(snapshot, role);
        let place = self.place(snapshot, Some(role), at);
        let until = minutes.map(|m| self.server.now() + TimeDelta::minutes(m.into()));
        json!({
            "roleKey": role.key, "scopeId": snapshot.place_text(place),
            "resourceId": role.resource.map(|_| &self.group), "validUntil": until,
        })
    }

    /// What somebody did by their own right.
    pub(super) fn deed(&self, by: &Person, done: bool) -> Deed {
        let default_role = self.server.app.roles.default_organization_role();
        let default_role = default_role.map(|role| role.key.clone());
        Deed { by: by.id.parse().ok(), done, default_role, ..Deed::default() }
    }

    /// Does a step.
    pub(super) async fn take(&mut self, step: &Step) -> Deed {
        let now = self.snapshot().await;
        if let Step::Life(step) = step {
            return self.live(&now, step).await;
        }
        let deed = |by: &Person, done| self.deed(by, done);
        match step {
            Step::Assign { by, to, role, at, minutes } => {
                let (by, to) = (self.person(*by), self.person(*to));
                let grant = self.grant(&now, *role, *at, *minutes);
                let input = json!({ "userId": to.id, "grants": [grant] });
                deed(&by, self.call(&by, "assignRoles", input).await)
            }
            Step::Change { by, of, role, at } => {
                let (by, of) = (self.person(*by), self.person(*of));
                let role = self.general(*role);
                let place = now.place_text(self.place(&now, Some(role), *at));
                let input = json!({ "userId": of.id, "accountId": place, "roleKey": role.key });
                deed(&by, self.call(&by, "changeAccountRole", input).await)
            }
            Step::Remove { by, which } => {
                let by = self.person(*by);
                let row = &now.rows[usize::from(*which) % now.rows.len()];
                deed(&by, self.remove(&by, &row.id.to_string()).await)
            }
            Step::RemoveAll { by, of, at } => {
                let (by, of) = (self.person(*by), self.person(*of));
                let place = now.place_text(self.place(&now, None, *at));
                let input = json!({ "userId": of.id, "scopeId": place });
                deed(&by, self.call(&by, "removeRoleAssignments", input).await)
            }
            Step::RemoveAndReadd { .. } | Step::Life(_) => Deed::default(),
            Step::Invite { by, whom, role, at, minutes } => {
                let (by, whom) = (self.person(*by), self.person(*whom));
                let input = json!({
                    "organizationId": self.organization, "invitees": [{ "email": whom.email }],
                    "grants": [self.grant(&now, *role, *at, *minutes)],
                });
                let done = self.call(&by, "inviteUsers", input).await;
                Deed { joins: true, ..deed(&by, done) }
            }
            Step::Accept { whom } => {
                let whom = self.person(*whom);
                let Some((inviter, token)) = self.link(&whom).await else { return Deed::default() };
                let done = self.call(&whom, "acceptInvitation", json!({ "token": token })).await;
                Deed { joins: true, by: Some(inviter), ..deed(&whom, done) }
            }
            Step::Decline { whom } => {
                let whom = self.person(*whom);
                let Some((_, token)) = self.link(&whom).await else { return Deed::default() };
                deed(&whom, self.call(&whom, "declineInvitation", json!({ "token": token })).await)
            }
            Step::Resend { by, which } | Step::Revoke { by, which } => {
                let mutation = match step {
                    Step::Resend { .. } => "resendInvitation",
                    _ => "revokeInvitation",
                };
                // Nothing is resent within a minute.
                self.server.pass(TimeDelta::minutes(1));
                let by = self.person(*by);
                let ids = self.invitations().await;
                let Some(id) = ids.get(usize::from(*which) % ids.len().max(1)) else {
                    return Deed::default();
                };
                deed(&by, self.call(&by, mutation, json!({ "invitationId": id.to_string() })).await)
            }
            Step::CreateAccount { by, below } => {
                let by = self.person(*by);
                let parent = below.and_then(|below| self.place(&now, None, below));
                let input = json!({
                    "organizationId": self.organization, "name": "Another",
                    "parentAccountId": parent.map(|id| id.to_string()),
                });
                Deed { creates: true, ..deed(&by, self.call(&by, "createAccount", input).await) }
            }
            Step::Wait { minutes } => {
                self.server.pass(TimeDelta::minutes((*minutes).into()));
                Deed { done: true, ..Deed::default() }
            }
        }
    }

    /// Whether a mutation was done; otherwise it was refused.
    pub(super) async fn call(&self, by: &Person, mutation: &str, input: Value) -> bool {
        let name = format!("{}{}", mutation[..1].to_uppercase(), &mutation[1..]);
        let rows = if mutation == "inviteUsers" { "results { userError { code } }" } else { "" };
        let document = format!(
            "mutation($input: {name}Input!) {{ {mutation}(input: $input) {{ userErrors {{ code }} {rows} }} }}"
        );
        let answer = by.send(&document, json!({ "input": input })).await;
        if answer.body.get("errors").is_some() {
            let code = answer.error();
            assert!(
                matches!(code, "FORBIDDEN" | "NOT_FOUND" | "BAD_USER_INPUT"),
                "{:#}",
                answer.body
            );
            return false;
        }
        let payload = answer.at(&format!("/{mutation}"));
        let refused = |row: &Value| !row["userError"].is_null();
        let rows = payload["results"].as_array().is_some_and(|rows| rows.iter().any(refused));
        payload["userErrors"].as_array().unwrap().is_empty() && !rows
    }

    pub(super) async fn remove(&self, by: &Person, assignment: &str) -> bool {
        let input = json!({ "assignmentIds": [assignment] });
        self.call(by, "removeRoleAssignments", input).await
    }

    /// Gives what was taken away.
    pub(super) async fn give_again(&self, by: &Person, before: &Snapshot, row: &Row) -> bool {
        let grant = json!({
            "roleKey": row.role.as_ref().unwrap().key, "scopeId": before.place_text(row.account),
            "resourceId": row.group.map(|id| id.to_string()), "validUntil": row.valid_until,
        });
        let input = json!({ "userId": row.user.to_string(), "grants": [grant] });
        self.call(by, "assignRoles", input).await
    }

    /// The pending invitations of the organization.
    async fn invitations(&self) -> Vec<InvitationId> {
        let organization: OrganizationId = self.organization.parse().unwrap();
        let found = invitation::Entity::find()
            .filter(invitation::Column::OrganizationId.eq(organization))
            .filter(invitation::Column::Status.eq(invitation::Status::Pending))
            .order_by_asc(invitation::Column::Id);
        found.all(&self.server.app.db).await.unwrap().into_iter().map(|row| row.id).collect()
    }

    /// Who vouches for the newest invitation of a person, and the token of its link, which otherwise
    /// only the mail would tell.
    async fn link(&self, whom: &Person) -> Option<(UserId, String)> {
        let (db, organization) = (&self.server.app.db, &self.organization);
        let organization: OrganizationId = organization.parse().unwrap();
        let newest = invitation::Entity::find()
            .filter(invitation::Column::OrganizationId.eq(organization))
            .filter(invitation::Column::Email.eq(&whom.email))
            .order_by_desc(invitation::Column::Id);
        let row = newest.one(db).await.unwrap()?;
        let token = format!("the link of {}", row.id);
        let known = Expr::value(hash_of_link(&token));
        let update = invitation::Entity::update_many()
            .col_expr(invitation::Column::TokenHash, known)
            .filter(invitation::Column::Id.eq(row.id));
        update.exec(db).await.unwrap();
        Some((row.invited_by, token))
    }
}
