//! The world in which every operation is tried: an organization with accounts in every state, another
//! one beside it, something of everything to do things to, and a person for every role at every place.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use entity::id::UserId;
use entity::id::{
    AccountId, AssignmentId, BillingGroupId, MembershipId, OrganizationId, SessionId,
};
use entity::membership::Status;
use entity::{membership, role_assignment};
use rolecall::access::{Origin, Role, ScopeType};
use rolecall::app::email::Address;
use rolecall::auth::token;
use rolecall::store;
use rolecall::store::user::NewUser;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter,
};

use super::relations::{Condition, Job, Spot};
use super::words::Words;
use crate::support::joining::Domain;
use crate::support::roles::give;
use crate::support::{Person, Server, plant, rows, service_user};

/// Somebody who asks.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    pub(super) id: String,
    pub(super) email: String,
    /// None: not signed in.
    pub(super) token: Option<String>,
    /// The session in which they ask.
    pub(super) session: String,
    /// What they hold, where they hold one thing.
    pub(super) assignment: Option<String>,
}

/// A scope with something of everything.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) kind: ScopeType,
    pub(super) scope: String,
    pub(super) organization: String,
    /// The scope itself, or, at an organization, one of its accounts.
    pub(super) account: String,
    pub(super) owner: String,
    /// The Owner, signed in.
    pub(super) owner_caller: Caller,
    /// A billing group that the account is linked to, and one that it is not linked to.
    pub(super) group: String,
    pub(super) other_group: String,
    /// A member with a role there, where there is one that can be given.
    pub(super) member: String,
    pub(super) assignment: Option<String>,
    /// A session of that member.
    pub(super) member_session: String,
    /// A member who holds nothing.
    pub(super) spare: String,
    /// An invitation that promises a role there, with its link's token.
    pub(super) invitation: Option<(String, String)>,
    /// The role that the member has and the invitation promises, and another one like it.
    pub(super) roles: Option<[&'static str; 2]>,
    pub(super) above: Option<&'static str>,
    pub(super) owner_role: &'static str,
}

/// Everything, as it is in a database file.
pub(super) struct World {
    pub(super) words: &'static Words,
    pub(super) now: DateTime<Utc>,
    pub(super) roles: Vec<Arc<Role>>,
    pub(super) targets: BTreeMap<Spot, Target>,
    pub(super) callers: BTreeMap<(usize, Spot, Condition), Caller>,
    pub(super) ann: Caller,
    pub(super) zoe: Caller,
    pub(super) without_role: Caller,
    pub(super) without_organization: Caller,
    /// The other organization. The Owners of accounts are members of it.
    pub(super) elsewhere: String,
    /// Tokens of invitations, by the state that their link is in.
    pub(super) links: BTreeMap<&'static str, String>,
    /// An event in the organization's record.
    pub(super) event: String,
    /// A service user of the organization, and a key of it.
    pub(super) machine: String,
    pub(super) api_key: String,
}

/// The places of the world while it is built.
struct Ground<'a> {
    server: &'a Server,
    words: &'static Words,
    ann: Person,
    zoe: Person,
    /// Each with its owner.
    accounts: BTreeMap<Spot, (String, String)>,
    groups: BTreeMap<Spot, String>,
    /// Somebody with an identity who is a member of nothing.
    nowhere: UserId,
}

impl World {
    /// Builds it for these jobs.
    pub(super) async fn build(server: &Server, words: &'static Words, jobs: &[Job]) -> Self {
        let ground = Ground::lay(server, words).await;
        let links = ground.links().await;
        ground.open_door().await;
        let (machine, api_key) = ground.machine().await;
        let mut targets = BTreeMap::new();
        for spot in [Spot::Acme, Spot::Main, Spot::Sub, Spot::Held, Spot::Shut, Spot::Left] {
            targets.insert(spot, ground.target(spot).await);
        }
        // An invitation is not resent within its first minute.
        server.pass(TimeDelta::minutes(2));
        let roles = server.app.roles.all().to_vec();
        let callers = ground.callers(&roles, jobs).await;
        let without_role = plant::member(server, &ground.ann.organization, "Nina").await;
        let tx = store::begin(&server.app.db).await.unwrap();
        let without_organization = ground.session(&tx, ground.nowhere, None).await;
        let without_role = ground.session(&tx, without_role.parse().unwrap(), None).await;
        let ann = ground.session(&tx, ground.ann.id.parse().unwrap(), None).await;
        let zoe = ground.session(&tx, ground.zoe.id.parse().unwrap(), None).await;
        tx.commit().await.unwrap();
        ground.stop().await;
        let elsewhere = ground.zoe.organization.clone();
        let events = rows::events(&server.app.db).await;
        let acme = ground.ann.organization.parse().ok();
        let event =
            events.iter().find(|event| event.organization_id == acme).unwrap().id.to_string();
        let (now, zoe) = (server.now(), Caller { email: ground.zoe.email.clone(), ..zoe });
        Self {
            words,
            now,
            roles,
            targets,
            callers,
            ann,
            zoe,
            without_role,
            without_organization,
            elsewhere,
            links,
            event,
            machine,
            api_key,
        }
    }
}

impl<'a> Ground<'a> {
    async fn lay(server: &'a Server, words: &'static Words) -> Self {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let zoe = server.sign_up("Zoe", "zoe@elsewhere.example", "Elsewhere").await;
        let (acme, away) = (ann.organization.clone(), zoe.organization.clone());
        let mut accounts = BTreeMap::from([
            (Spot::Acme, (acme.clone(), ann.id.clone())),
            (Spot::Away, (away.clone(), zoe.id.clone())),
        ]);
        let owned = [
            (Spot::Main, &acme, "Otto"),
            (Spot::Other, &acme, "Olga"),
            (Spot::Held, &acme, "Hanna"),
            (Spot::Shut, &acme, "Sam"),
            (Spot::Left, &acme, "Lea"),
            (Spot::AwayMain, &away, "Zed"),
        ];
        for (spot, organization, owner) in owned {
            let owner = plant::member(server, organization, owner).await;
            if *organization != away {
                let (db, member) = (&server.app.db, owner.parse().unwrap());
                let (id, away) = (server.app.random.id(server.now()), away.parse().unwrap());
                store::membership::insert(db, id, away, member, server.now()).await.unwrap();
            }
            let id = plant::account(server, organization, &format!("{spot:?}"), None, Some(&owner))
                .await;
            accounts.insert(spot, (id, owner));
        }
        for spot in [Spot::Sub, Spot::Twin] {
            let (main, owner) = accounts[&Spot::Main].clone();
            let id = plant::account(server, &acme, &format!("{spot:?}"), Some(&main), None).await;
            accounts.insert(spot, (id, owner));
        }
        let mut groups = BTreeMap::new();
        let linked: [(Spot, &str, &[Spot]); 3] = [
            (Spot::Acme, &acme, &[Spot::Main, Spot::Sub, Spot::Held, Spot::Shut]),
            (Spot::Other, &acme, &[Spot::Other, Spot::Twin]),
            (Spot::Away, &away, &[Spot::AwayMain]),
        ];
        for (spot, organization, linked) in linked {
            let linked: Vec<&str> = linked.iter().map(|spot| accounts[spot].0.as_str()).collect();
            let name = format!("Group of {spot:?}");
            groups.insert(spot, plant::billing_group(server, organization, &name, &linked).await);
        }
        let tx = store::begin(&server.app.db).await.unwrap();
        let nowhere = user(server, &tx, NOWHERE).await;
        tx.commit().await.unwrap();
        Self { server, words, ann, zoe, accounts, groups, nowhere }
    }

    fn organization(&self, spot: Spot) -> &str {
        let away = matches!(spot, Spot::Away | Spot::AwayMain);
        if away { &self.zoe.organization } else { &self.ann.organization }
    }

    async fn target(&self, spot: Spot) -> Target {
        let (server, words, ann) = (self.server, self.words, &self.ann);
        let (scope, owner) = self.accounts[&spot].clone();
        let kind = spot.scope_type();
        let at_organization = kind == ScopeType::Organization;
        let roles = if at_organization {
            words.at_organization.map(|role| [role, role])
        } else {
            Some(words.at_account)
        };
        let organization = ann.organization.clone();
        let member = plant::member(server, &organization, &format!("Member{spot:?}")).await;
        let spare = plant::member(server, &organization, &format!("Spare{spot:?}")).await;
        let (mut assignment, mut invitation) = (None, None);
        if let Some([role, _]) = roles {
            let grants = [(role, scope.as_str())];
            assignment = Some(give(ann, &member, &grants).await.remove(0));
            let email = format!("invited.{spot:?}@new.example");
            invitation = Some(ann.invite_one(&email.to_lowercase(), &grants).await);
        }
        let account =
            if at_organization { self.accounts[&Spot::Main].0.clone() } else { scope.clone() };
        let owner_caller = self.session(&server.app.db, owner.parse().unwrap(), None).await;
        let member_session = self.session(&server.app.db, member.parse().unwrap(), None).await;
        let (group, other_group) =
            (self.groups[&Spot::Acme].clone(), self.groups[&Spot::Other].clone());
        Target {
            kind,
            scope,
            organization,
            account,
            owner,
            owner_caller,
            group,
            other_group,
            member,
            assignment,
            member_session: member_session.session,
            spare,
            invitation,
            roles,
            above: words.above.filter(|_| !at_organization),
            owner_role: words.owners[usize::from(!at_organization)],
        }
    }

    /// A service user, and a key of it.
    async fn machine(&self) -> (String, String) {
        let grants = [(self.words.at_account[0], self.accounts[&Spot::Main].0.as_str())];
        let machine = service_user::machine(&self.ann, "Machine", &grants).await;
        let (api_key, _) = service_user::key(&self.ann, &machine).await;
        (machine, api_key)
    }

    /// People at the domain of the one who is a member of nothing join by themselves.
    async fn open_door(&self) {
        let (role, main) = (self.words.at_account[0], self.accounts[&Spot::Main].0.as_str());
        let domain = NOWHERE.split('@').next_back().unwrap();
        let domain = Domain::new(domain, entity::email_domain::JoinPolicy::Automatic);
        Domain { role: Some((role, Some(main))), ..domain }.of(&self.ann).await;
    }

    /// One link in every state.
    async fn links(&self) -> BTreeMap<&'static str, String> {
        let (server, ann) = (self.server, &self.ann);
        let main = self.accounts[&Spot::Main].0.clone();
        let grants = [(self.words.at_account[0], main.as_str())];
        let mut links = BTreeMap::new();
        let (_, token) = ann.invite_one("somebody.new@new.example", &grants).await;
        links.insert("for somebody new", token);
        let (_, token) = ann.invite_one(NOWHERE, &grants).await;
        links.insert("for somebody with an identity", token);
        let (id, token) = ann.invite_one("revoked@new.example", &grants).await;
        ann.revoke(&id).await.done("revokeInvitation");
        links.insert("revoked", token);
        let (_, token) = ann.invite_one("declined@new.example", &grants).await;
        server.decline(&token).await.done("declineInvitation");
        links.insert("declined", token);
        let (_, token) = ann.invite_one("accepted@new.example", &grants).await;
        server.accept(&token, "Accepted").await.done("acceptInvitation");
        links.insert("accepted", token);

        let manager = [(self.words.manager, main.as_str())];
        let mia = ann.colleague("Mia", "mia@acme.example", &manager).await;
        let (_, token) = mia.invite_one("lost@new.example", &grants).await;
        crate::support::roles::take(ann, &mia.id, &main).await.done("removeRoleAssignments");
        links.insert("of somebody who lost the right to invite", token);

        let liz = server.sign_up("Liz", "liz@little.example", "Little").await;
        let there = [(grants[0].0, liz.account.as_str())];
        let (_, token) = liz.invite_one("late@little.example", &there).await;
        let little = liz.organization.parse().unwrap();
        server.operator().entitle(little, true, Some(1)).await.unwrap();
        links.insert("to an organization without a seat", token);

        let input = serde_json::json!({
            "invitees": [{ "email": "late@new.example" }], "expiresInHours": 1,
            "grants": [{ "roleKey": grants[0].0, "scopeId": main }],
        });
        ann.invite_with(input).await.done("inviteUsers");
        links.insert("expired", server.invitation_token("late@new.example").await);
        let expired = "UPDATE invitations SET expires_at = created_at WHERE lifetime_hours = 1";
        plant::run(server, expired, &[]).await;
        links
    }

    /// A signed-in person for every role at every place that a job needs.
    async fn callers(
        &self,
        roles: &[Arc<Role>],
        jobs: &[Job],
    ) -> BTreeMap<(usize, Spot, Condition), Caller> {
        let tx = store::begin(&self.server.app.db).await.unwrap();
        let mut callers = BTreeMap::new();
        for key in jobs.iter().filter_map(|job| job.caller) {
            if callers.contains_key(&key) {
                continue;
            }
            let (role, spot, condition) = (&roles[key.0], key.1, key.2);
            let caller = if role.owner {
                let (_, owner) = &self.accounts[&spot];
                self.session(&tx, owner.parse().unwrap(), None).await
            } else {
                let email = format!("{}.{spot:?}.{condition:?}@callers.example", role.key);
                let user = user(self.server, &tx, &email.to_lowercase()).await;
                let assignment = self.hold(&tx, user, role, spot, condition).await;
                self.session(&tx, user, Some(assignment)).await
            };
            callers.insert(key, caller);
        }
        tx.commit().await.unwrap();
        callers
    }

    /// Makes the user a member who holds the role.
    async fn hold(
        &self,
        tx: &DatabaseTransaction,
        user_id: UserId,
        role: &Role,
        spot: Spot,
        condition: Condition,
    ) -> AssignmentId {
        let (now, random) = (self.server.now(), &self.server.app.random);
        let organization_id: OrganizationId = self.organization(spot).parse().unwrap();
        let id: MembershipId = random.id(now);
        store::membership::insert(tx, id, organization_id, user_id, now).await.unwrap();
        if condition == Condition::Suspended {
            let suspend = membership::Entity::update_many()
                .col_expr(membership::Column::Status, Expr::value(Status::Suspended))
                .filter(membership::Column::Id.eq(id));
            suspend.exec(tx).await.unwrap();
        }

        let group: Option<BillingGroupId> =
            role.resource.map(|_| self.groups[&spot].parse().unwrap());
        let account: Option<AccountId> = match group {
            Some(_) => None,
            None => self.accounts[&spot].0.parse().ok(),
        };
        let id: AssignmentId = random.id(now);
        let expired = (condition == Condition::Expired).then(|| now - TimeDelta::seconds(1));
        let row = role_assignment::ActiveModel {
            id: Set(id),
            organization_id: Set(organization_id),
            user_id: Set(user_id),
            role_id: Set(role.id),
            scope_id: Set(account.map_or(organization_id.0, |id| id.0)),
            account_id: Set(account),
            billing_group_id: Set(group),
            owned_scope_id: Set(None),
            valid_until: Set(expired),
            granted_by: Set(None),
            created_at: Set(now),
        };
        role_assignment::Entity::insert(row).exec_without_returning(tx).await.unwrap();
        id
    }

    async fn session(
        &self,
        db: &impl ConnectionTrait,
        user: UserId,
        assignment: Option<AssignmentId>,
    ) -> Caller {
        let (app, now) = (&self.server.app, self.server.now());
        let id: SessionId = app.random.id(now);
        let end = now + TimeDelta::days(1);
        store::session::insert(db, id, user, &Origin::default(), now, end).await.unwrap();
        let token = token::issue(&app.keys.ring(), &app.config, &app.random, now, user, id, None);
        Caller {
            id: user.to_string(),
            email: String::new(),
            token: Some(token.unwrap().0),
            session: id.to_string(),
            assignment: assignment.map(|id| id.to_string()),
        }
    }

    /// What is stopped is stopped last: nothing could be made there otherwise.
    async fn stop(&self) {
        for (spot, status) in [(Spot::Held, "SUSPENDED"), (Spot::Shut, "CLOSED")] {
            let sql = format!("UPDATE accounts SET status = '{status}' WHERE id = $1");
            plant::run(self.server, &sql, &[&self.accounts[&spot].0]).await;
        }
        let suspend = "UPDATE memberships SET status = 'SUSPENDED' WHERE user_id = $1";
        plant::run(self.server, suspend, &[&self.accounts[&Spot::Left].1]).await;
    }
}

/// The address of somebody who is a member of nothing.
const NOWHERE: &str = "nobody@nowhere.example";

async fn user(server: &Server, tx: &DatabaseTransaction, email: &str) -> UserId {
    let now = server.now();
    let id: UserId = server.app.random.id(now);
    let user = NewUser {
        id,
        name: email.split('@').next().unwrap().to_owned(),
        email: email.to_owned(),
        email_key: Address::parse("email", email).unwrap().key,
        email_verified: true,
        password_hash: Person::PASSWORD_HASH.to_owned(),
        locale: "en".to_owned(),
    };
    assert!(store::user::insert(tx, user, now).await.unwrap(), "{email} is taken");
    id
}
