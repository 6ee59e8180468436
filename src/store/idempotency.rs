//! Answers to calls that carried an idempotency key (R71).

use chrono::{DateTime, Utc};
use entity::id::UserId;
use entity::idempotency_key;
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait, TryInsertResult};
use serde_json::Value;

/// The call that a user made with a key.
pub async fn find(
    db: &impl ConnectionTrait,
    user_id: UserId,
    key: &str,
) -> Result<Option<idempotency_key::Model>, DbErr> {
    idempotency_key::Entity::find_by_id((user_id, key.to_owned())).one(db).await
}

/// Keeps a call's answer; tells whether it could, which is not so if the key was used meanwhile.
pub async fn insert(
    db: &impl ConnectionTrait,
    user_id: UserId,
    key: &str,
    operation: &str,
    input_hash: Vec<u8>,
    result: Value,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let row = idempotency_key::ActiveModel {
        user_id: Set(user_id),
        key: Set(key.to_owned()),
        operation: Set(operation.to_owned()),
        input_hash: Set(input_hash),
        result: Set(result),
        created_at: Set(now),
    };
    let outcome = idempotency_key::Entity::insert(row)
        .on_conflict_do_nothing_on([idempotency_key::Column::UserId, idempotency_key::Column::Key])
        .exec_without_returning(db)
        .await?;
    Ok(matches!(outcome, TryInsertResult::Inserted(rows) if rows > 0))
}
