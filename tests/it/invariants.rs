//! What the database itself refuses, whatever the program does: rows are put in by hand here.

use chrono::TimeDelta;
use entity::account::{self, Status};
use entity::id::{AccountId, AssignmentId, BillingGroupId, OrganizationId, UserId};
use entity::{
    billing_group, invitation, membership, organization, ownership_offer, role_assignment,
};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, DatabaseTransaction, DbErr, EntityTrait,
    IntoActiveModel, QueryFilter, SqlErr, TransactionTrait,
};

use crate::support::ownership::offered;
use crate::support::rows::counts;
use crate::support::{Person, Server, both};

/// Why the database refused.
#[derive(Debug, PartialEq, Eq)]
enum Because {
    /// It would be there twice.
    Unique,
    /// What it refers to is not there, or not of that kind.
    Reference,
    /// The row contradicts itself.
    Check,
}

fn reason(error: &DbErr) -> Because {
    match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(_)) => Because::Unique,
        Some(SqlErr::ForeignKeyConstraintViolation(_)) => Because::Reference,
        _ => {
            let text = error.to_string().to_lowercase();
            assert!(text.contains("check constraint"), "{text}");
            Because::Check
        }
    }
}

/// Does something in a transaction; why it was refused, and that nothing is left of it.
async fn refused<F>(server: &Server, doing: impl FnOnce(DatabaseTransaction) -> F) -> Because
where
    F: Future<Output = Result<(), DbErr>>,
{
    let before = counts(&server.app.db).await;
    let tx = server.app.db.begin().await.unwrap();
    let error = doing(tx).await.expect_err("the database took it");
    assert_eq!(counts(&server.app.db).await, before);
    reason(&error)
}

/// Inserts a row and commits.
async fn insert<A>(server: &Server, row: A) -> Because
where
    A: ActiveModelTrait + Send,
{
    refused(server, async |tx| {
        A::Entity::insert(row).exec_without_returning(&tx).await?;
        tx.commit().await
    })
    .await
}

fn org(person: &Person) -> OrganizationId {
    person.organization.parse().unwrap()
}

fn acct(person: &Person) -> AccountId {
    person.account.parse().unwrap()
}

fn user(person: &Person) -> UserId {
    person.id.parse().unwrap()
}

/// A role that `person` is to hold in an organization, or in one of its accounts.
fn holding(
    server: &Server,
    person: &Person,
    role: &str,
    organization_id: OrganizationId,
    account_id: Option<AccountId>,
) -> role_assignment::ActiveModel {
    let now = server.now();
    let id: AssignmentId = server.app.random.id(now);
    role_assignment::ActiveModel {
        id: Set(id),
        organization_id: Set(organization_id),
        user_id: Set(user(person)),
        role_id: Set(server.app.roles.by_key(role).unwrap().id),
        scope_id: Set(account_id.map_or(organization_id.0, |id| id.0)),
        account_id: Set(account_id),
        billing_group_id: Set(None),
        owned_scope_id: Set(None),
        valid_until: Set(None),
        granted_by: Set(None),
        created_at: Set(now),
    }
}

fn new_account(
    server: &Server,
    organization_id: OrganizationId,
    parent_id: Option<AccountId>,
) -> account::ActiveModel {
    let now = server.now();
    let id: AccountId = server.app.random.id(now);
    account::ActiveModel {
        id: Set(id),
        organization_id: Set(organization_id),
        parent_id: Set(parent_id),
        top_level_id: Set(parent_id.is_none().then_some(id)),
        name: Set("By hand".to_owned()),
        name_key: Set("by hand".to_owned()),
        status: Set(Status::Active),
        created_at: Set(now),
        updated_at: Set(now),
    }
}

fn new_group(server: &Server, organization_id: OrganizationId) -> billing_group::ActiveModel {
    let now = server.now();
    let id: BillingGroupId = server.app.random.id(now);
    billing_group::ActiveModel {
        id: Set(id),
        organization_id: Set(organization_id),
        name: Set("Europe".to_owned()),
        name_key: Set("europe".to_owned()),
        created_at: Set(now),
        updated_at: Set(now),
    }
}

both!(
    /// Always exactly one: a second owner is one too many.
    r22_a_second_owner_is_refused,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let bob = ann.colleague("Bob", "bob@corp.example", &[]).await;
        let mut second = holding(&server, &bob, "organization_owner", org(&ann), None);
        second.owned_scope_id = Set(Some(org(&ann).0));
        assert_eq!(insert(&server, second).await, Because::Unique);
        let mut second = holding(&server, &bob, "account_owner", org(&ann), Some(acct(&ann)));
        second.owned_scope_id = Set(Some(acct(&ann).0));
        assert_eq!(insert(&server, second).await, Because::Unique);

        // Nobody owns one thing by holding a role in another, or only for a while.
        let mut askew = holding(&server, &bob, "account_owner", org(&ann), Some(acct(&ann)));
        askew.owned_scope_id = Set(Some(org(&ann).0));
        assert_eq!(insert(&server, askew).await, Because::Check);
        let id: AccountId = server.app.random.id(server.now());
        let ending = refused(&server, async |tx| {
            let mut account = new_account(&server, org(&ann), None);
            account.id = Set(id);
            account.top_level_id = Set(Some(id));
            account.insert(&tx).await?;
            let mut owner = holding(&server, &bob, "account_owner", org(&ann), Some(id));
            owner.owned_scope_id = Set(Some(id.0));
            owner.valid_until = Set(Some(server.now() + TimeDelta::days(1)));
            owner.insert(&tx).await?;
            tx.commit().await
        });
        assert_eq!(ending.await, Because::Check);
    }
);

both!(
    /// Never none: what has no owner is not committed, and an owner does not just go.
    r22_nothing_is_without_an_owner,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let now = server.now();
        let row = organization::ActiveModel {
            id: Set(server.app.random.id(now)),
            name: Set("Orphan".to_owned()),
            name_key: Set("orphan".to_owned()),
            standard_users_create_accounts: Set(false),
            invitation_hours: Set(168),
            created_at: Set(now),
            updated_at: Set(now),
        };
        assert_eq!(insert(&server, row).await, Because::Reference);
        let account = new_account(&server, org(&ann), None);
        assert_eq!(insert(&server, account).await, Because::Reference);

        for owned in [org(&ann).0, acct(&ann).0] {
            let assignments = role_assignment::Entity::delete_many()
                .filter(role_assignment::Column::OwnedScopeId.eq(owned));
            let gone = refused(&server, async |tx| {
                assert_eq!(assignments.exec(&tx).await?.rows_affected, 1);
                tx.commit().await
            });
            assert_eq!(gone.await, Because::Reference);
            let disowned = role_assignment::Entity::update_many()
                .col_expr(role_assignment::Column::OwnedScopeId, Expr::cust("NULL"))
                .filter(role_assignment::Column::OwnedScopeId.eq(owned));
            let disowned = refused(&server, async |tx| {
                assert_eq!(disowned.exec(&tx).await?.rows_affected, 1);
                tx.commit().await
            });
            assert_eq!(disowned.await, Because::Reference);
        }
        // Refused at its commit or not, a transaction leaves its connection in order.
        for name in ["One", "Two", "Three", "Four", "Five", "Six"] {
            ann.create_account(name, None).await;
        }
    }
);

both!(
    /// One level, within one organization, and no two ways to say so.
    subaccounts_are_one_level_deep_and_stay_in_their_organization,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let bob = server.sign_up("Bob", "bob@blue.example", "Blue").await;
        let below: AccountId =
            ann.create_account("Below", Some(&ann.account)).await.parse().unwrap();

        let deeper = new_account(&server, org(&ann), Some(below));
        assert_eq!(insert(&server, deeper).await, Because::Reference);
        let elsewhere = new_account(&server, org(&ann), Some(acct(&bob)));
        assert_eq!(insert(&server, elsewhere).await, Because::Reference);
        let mut both = new_account(&server, org(&ann), Some(acct(&ann)));
        both.top_level_id = Set(Some(acct(&ann)));
        assert_eq!(insert(&server, both).await, Because::Check);
        let mut neither = new_account(&server, org(&ann), None);
        neither.top_level_id = Set(None);
        assert_eq!(insert(&server, neither).await, Because::Check);
        // An account with subaccounts does not become one itself.
        let demoted = account::Entity::update_many()
            .col_expr(account::Column::ParentId, Expr::value(below))
            .col_expr(account::Column::TopLevelId, Expr::cust("NULL"))
            .filter(account::Column::Id.eq(acct(&ann)));
        let demoted = refused(&server, async |tx| {
            demoted.exec(&tx).await?;
            tx.commit().await
        });
        assert_eq!(demoted.await, Because::Reference);
    }
);

both!(
    /// Once per user, role and scope; once per user, role and resource.
    r15_an_assignment_is_there_once,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let roles = [("account_developer", &*ann.account), ("studio_admin", &ann.organization)];
        let bob = ann.colleague("Bob", "bob@corp.example", &roles).await;
        let again = holding(&server, &bob, "account_developer", org(&ann), Some(acct(&ann)));
        assert_eq!(insert(&server, again).await, Because::Unique);
        let again = holding(&server, &bob, "studio_admin", org(&ann), None);
        assert_eq!(insert(&server, again).await, Because::Unique);

        let db = &server.app.db;
        let roles = server.app.roles.all().iter().filter(|role| role.resource.is_some());
        let role = roles.map(|role| role.key.clone()).next().unwrap();
        let groups = [new_group(&server, org(&ann)), new_group(&server, org(&ann))];
        let mut held = Vec::new();
        for group in groups {
            let group = group.insert(db).await.unwrap();
            let mut holding = holding(&server, &bob, &role, org(&ann), None);
            holding.billing_group_id = Set(Some(group.id));
            held.push(holding.insert(db).await.unwrap());
        }
        let mut again = held.remove(0).into_active_model();
        again.id = Set(server.app.random.id(server.now()));
        assert_eq!(insert(&server, again.clone()).await, Because::Unique);
        again.account_id = Set(Some(acct(&ann)));
        again.scope_id = Set(acct(&ann).0);
        assert_eq!(insert(&server, again).await, Because::Check);
    }
);

both!(
    /// Only members hold roles, only in their organization's scopes, and as long as they are members.
    assignments_are_those_of_members_in_their_organization,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let bob = server.sign_up("Bob", "bob@blue.example", "Blue").await;
        let stranger = holding(&server, &bob, "organization_standard_user", org(&ann), None);
        assert_eq!(insert(&server, stranger).await, Because::Reference);
        let foreign = holding(&server, &bob, "account_developer", org(&bob), Some(acct(&ann)));
        assert_eq!(insert(&server, foreign).await, Because::Reference);
        let mut askew = holding(&server, &bob, "account_developer", org(&bob), Some(acct(&bob)));
        askew.scope_id = Set(org(&bob).0);
        assert_eq!(insert(&server, askew).await, Because::Check);

        let group = new_group(&server, org(&ann)).insert(&server.app.db).await.unwrap();
        let role = server.app.roles.all().iter().find(|role| role.resource.is_some()).unwrap();
        let mut foreign = holding(&server, &bob, &role.key, org(&bob), None);
        foreign.billing_group_id = Set(Some(group.id));
        assert_eq!(insert(&server, foreign).await, Because::Reference);

        let member = membership::Entity::delete_many()
            .filter(membership::Column::UserId.eq(user(&bob)));
        let left = refused(&server, async |tx| {
            member.exec(&tx).await?;
            tx.commit().await
        });
        assert_eq!(left.await, Because::Reference);
        let twice = membership::ActiveModel {
            id: Set(server.app.random.id(server.now())),
            organization_id: Set(org(&bob)),
            user_id: Set(user(&bob)),
            status: Set(membership::Status::Active),
            created_at: Set(server.now()),
            updated_at: Set(server.now()),
            ..Default::default()
        };
        assert_eq!(insert(&server, twice).await, Because::Unique);
    }
);

both!(
    /// One pending invitation per organization and address; what is over does not count.
    r43_a_second_pending_invitation_is_refused,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let bob = server.sign_up("Bob", "bob@blue.example", "Blue").await;
        ann.invite("cy@corp.example", &[]).await.done("inviteUsers");
        let db = &server.app.db;
        let first = invitation::Entity::find().one(db).await.unwrap().unwrap();
        let another = |organization_id, status| {
            let mut row = first.clone().into_active_model().reset_all();
            row.id = Set(server.app.random.id(server.now()));
            row.token_hash = Set(server.app.random.bytes::<32>().to_vec());
            row.organization_id = Set(organization_id);
            row.status = Set(status);
            row
        };
        let second = another(org(&ann), invitation::Status::Pending);
        assert_eq!(insert(&server, second).await, Because::Unique);
        another(org(&bob), invitation::Status::Pending).insert(db).await.unwrap();
        another(org(&ann), invitation::Status::Revoked).insert(db).await.unwrap();
        let mut same_link = another(org(&ann), invitation::Status::Expired);
        same_link.token_hash = Set(first.token_hash.clone());
        assert_eq!(insert(&server, same_link).await, Because::Unique);
    }
);

both!(
    /// One pending offer of ownership for a scope, between two people; what is over does not count.
    r22_a_second_pending_offer_is_refused,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let bob = ann.colleague("Bob", "bob@corp.example", &[]).await;
        let eve = ann.colleague("Eve", "eve@corp.example", &[]).await;
        offered(&ann, &ann.account, &bob.id).await;
        let db = &server.app.db;
        let first = ownership_offer::Entity::find().one(db).await.unwrap().unwrap();
        let another = |to: &Person, status| {
            let mut row = first.clone().into_active_model().reset_all();
            row.id = Set(server.app.random.id(server.now()));
            row.to_user_id = Set(user(to));
            row.status = Set(status);
            row
        };
        let second = another(&eve, ownership_offer::Status::Pending);
        assert_eq!(insert(&server, second).await, Because::Unique);
        let own = another(&ann, ownership_offer::Status::Declined);
        assert_eq!(insert(&server, own).await, Because::Check);
        let mut askew = another(&eve, ownership_offer::Status::Declined);
        askew.scope_id = Set(org(&ann).0);
        assert_eq!(insert(&server, askew).await, Because::Check);
        another(&eve, ownership_offer::Status::Withdrawn).insert(db).await.unwrap();
    }
);
