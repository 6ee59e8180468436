//! Who signs in: users, their sessions, refresh tokens, and links mailed to prove an address.

use sea_orm_migration::prelude::*;

use crate::Dialect;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        crate::ALL_OR_NOTHING
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        Dialect::of(manager)
            .run(&[
                // One person, one identity. `email` is what was typed, for display and delivery;
                // `email_key` is the identity (R42). The default and last accounts carry no foreign
                // key: landing checks them against today's access anyway (R64).
                "CREATE TABLE users (
                    id {id} PRIMARY KEY,
                    name text NOT NULL,
                    name_key {key} NOT NULL,
                    email text NOT NULL,
                    email_key {key} NOT NULL UNIQUE,
                    email_verified_at {time},
                    password_hash text,
                    locale text NOT NULL,
                    default_account_id {id},
                    last_account_id {id},
                    last_sign_in_at {time},
                    created_at {time} NOT NULL,
                    updated_at {time} NOT NULL)",
                "CREATE INDEX users_by_name ON users (name_key, id)",
                "CREATE INDEX users_by_last_sign_in ON users (last_sign_in_at, id)",
                "CREATE TABLE sessions (
                    id {id} PRIMARY KEY,
                    user_id {id} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                    user_agent text,
                    network_address text,
                    created_at {time} NOT NULL,
                    last_seen_at {time} NOT NULL,
                    expires_at {time} NOT NULL,
                    ended_at {time})",
                "CREATE INDEX sessions_by_user ON sessions (user_id, created_at)",
                // A refresh token belongs to one chain of one tab: it remembers the account that the
                // chain works in, so that two tabs refresh into two accounts (R63).
                "CREATE TABLE refresh_tokens (
                    hash {bytes} PRIMARY KEY,
                    session_id {id} NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
                    account_id {id},
                    issued_at {time} NOT NULL,
                    rotated_at {time})",
                "CREATE INDEX refresh_tokens_by_session ON refresh_tokens (session_id)",
                "CREATE TABLE email_links (
                    hash {bytes} PRIMARY KEY,
                    user_id {id} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                    purpose text NOT NULL CHECK (purpose IN ('VERIFY_EMAIL')),
                    email_key {key} NOT NULL,
                    created_at {time} NOT NULL,
                    expires_at {time} NOT NULL,
                    used_at {time})",
                "CREATE INDEX email_links_by_user ON email_links (user_id)",
            ])
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        Dialect::of(manager)
            .run(&[
                "DROP TABLE email_links",
                "DROP TABLE refresh_tokens",
                "DROP TABLE sessions",
                "DROP TABLE users",
            ])
            .await
    }
}
