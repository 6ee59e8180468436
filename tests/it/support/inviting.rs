//! Inviting, as many stories need it: calls, their rows, links, mails, and what the database keeps.

use chrono::{DateTime, TimeDelta, Utc};
use entity::{audit_event, mail};
use rolecall::config::Config;
use rolecall::mail::transport::Transport;
use rolecall::mail::worker;
use sea_orm::{ConnectionTrait, DbBackend, EntityTrait, QueryOrder, Statement};
use serde_json::{Value, json};

use super::answer::{Answer, refusal};
use super::custom::mutate;
use super::person::Person;
use super::server::Server;
use super::smtp::SmtpServer;

/// What is asked of an `inviteUsers` call: all of its rows.
pub(crate) const RESULTS: &str = "results { email line outcome
    invitation { id name email status grants { role { key } scope { __typename
        ... on Organization { name } ... on Account { name } } } }
    userError { code message path help } }";

impl Person {
    /// Calls `inviteUsers` in the person's organization; `input` holds the rest.
    pub(crate) async fn invite_with(&self, mut input: Value) -> Answer {
        input["organizationId"] = json!(self.organization);
        self.call("InviteUsers", input).await
    }

    /// The same from CSV text, with the line of each row; `input` holds the rest.
    pub(crate) async fn invite_csv(&self, csv: &str, mut input: Value) -> Answer {
        input["organizationId"] = json!(self.organization);
        input["csv"] = json!(csv);
        mutate(self, "inviteUsers", RESULTS, input).await
    }

    /// Invites one address; the invitation's id and the token of its link.
    pub(crate) async fn invite_one(
        &self,
        email: &str,
        grants: &[(&str, &str)],
    ) -> (String, String) {
        let invited = self.invite(email, grants).await.done("inviteUsers");
        assert_eq!(invited.rows(), ["INVITED"], "{:#}", invited.body);
        let id = invited.text("/inviteUsers/results/0/invitation/id");
        (id, self.server.invitation_token(email).await)
    }

    /// The same person after some time, signed in anew: an access token lives for minutes.
    pub(crate) async fn later(&self, time: TimeDelta) -> Self {
        self.server.pass(time);
        let anew = self.server.sign_in(&self.name, &self.email).await;
        let (account, organization) = (self.account.clone(), self.organization.clone());
        Self { account, organization, ..anew }
    }

    /// The invitations of the person's organization, newest first.
    pub(crate) async fn invitations(&self, filter: Value) -> Vec<Value> {
        let variables =
            json!({ "organizationId": self.organization, "first": 100, "filter": filter });
        let listed = self.ask("Invitations", variables).await;
        listed.at("/organization/invitations/nodes").as_array().unwrap().clone()
    }

    /// The one invitation of an address.
    pub(crate) async fn invitation_of(&self, email: &str) -> Value {
        let mut found = self.invitations(json!({ "email": email })).await;
        assert_eq!(found.len(), 1, "{found:#?}");
        found.remove(0)
    }

    pub(crate) async fn resend(&self, invitation: &str) -> Answer {
        self.call("ResendInvitation", json!({ "invitationId": invitation })).await
    }

    pub(crate) async fn revoke(&self, invitation: &str) -> Answer {
        self.call("RevokeInvitation", json!({ "invitationId": invitation })).await
    }
}

impl Answer {
    /// The rows of an `inviteUsers` call, each as `OUTCOME` or `REFUSED CODE path.to.field`.
    pub(crate) fn rows(&self) -> Vec<String> {
        let rows = self.at("/inviteUsers/results").as_array();
        let rows = rows.unwrap_or_else(|| panic!("no rows: {:#}", self.body));
        rows.iter()
            .map(|row| {
                let outcome = row["outcome"].as_str().unwrap();
                match &row["userError"] {
                    Value::Null => outcome.to_owned(),
                    error => format!("{outcome} {}", refusal(error)),
                }
            })
            .collect()
    }
}

impl Server {
    /// The type of what a link shows to somebody who is not signed in.
    pub(crate) async fn link_state(&self, token: &str) -> String {
        let shown = self.ask("InvitationByToken", json!({ "token": token })).await;
        shown.text("/invitationByToken/__typename")
    }

    /// Accepts as somebody new, with everybody's password.
    pub(crate) async fn accept(&self, token: &str, name: &str) -> Answer {
        let input = json!({ "token": token, "name": name, "password": Person::PASSWORD });
        self.ask("AcceptInvitation", json!({ "input": input })).await
    }

    pub(crate) async fn decline(&self, token: &str) -> Answer {
        self.ask("DeclineInvitation", json!({ "input": { "token": token } })).await
    }

    /// Has the worker send all that is due to this mail server; how many attempts it made.
    pub(crate) async fn deliver_to(&self, smtp: &SmtpServer) -> usize {
        let transport = transport(smtp);
        let mut attempts = 0;
        loop {
            match worker::run_once(&self.app, &transport).await.unwrap() {
                0 => return attempts,
                count => attempts += count,
            }
        }
    }

    /// What the outbox holds for an address, oldest first.
    pub(crate) async fn outbox(&self, email: &str) -> Vec<mail::Model> {
        let mut mails = self.all_mails().await;
        mails.retain(|mail| mail.recipient == email);
        mails
    }

    /// The outbox, oldest first, without what is for later.
    pub(crate) async fn all_mails(&self) -> Vec<mail::Model> {
        let mut mails = self.mails_of_all_times().await;
        mails.retain(|mail| mail.created_at <= self.now());
        mails
    }

    /// The outbox with what is for later, in the order in which it goes out.
    pub(crate) async fn mails_of_all_times(&self) -> Vec<mail::Model> {
        mail::Entity::find()
            .order_by_asc(mail::Column::CreatedAt)
            .order_by_asc(mail::Column::Id)
            .all(&self.app.db)
            .await
            .unwrap()
    }

    /// The audit events of one action, oldest first.
    pub(crate) async fn audit(&self, action: &str) -> Vec<audit_event::Model> {
        let events = audit_event::Entity::find()
            .order_by_asc(audit_event::Column::CreatedAt)
            .order_by_asc(audit_event::Column::Id)
            .all(&self.app.db);
        let mut events = events.await.unwrap();
        events.retain(|event| event.action == action);
        events
    }

    /// Every row of every table as one line of text, bytes in hexadecimal digits; sorted.
    pub(crate) async fn dump(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for (table, columns) in self.tables().await {
            // NULL would swallow the whole line; SQLite's `quote` has a word for it.
            let line = match self.app.db.get_database_backend() {
                DbBackend::Postgres => "t::text".to_owned(),
                _ => columns
                    .iter()
                    .map(|c| format!("quote(\"{c}\")"))
                    .collect::<Vec<_>>()
                    .join("||','||"),
            };
            let sql = format!("SELECT {line} AS line FROM \"{table}\" t");
            lines.extend(self.texts(&sql).await.into_iter().map(|line| format!("{table}: {line}")));
        }
        lines.sort();
        lines
    }

    /// The tables, with their columns.
    async fn tables(&self) -> Vec<(String, Vec<String>)> {
        let sql = match self.app.db.get_database_backend() {
            DbBackend::Postgres => {
                "SELECT table_name || '.' || column_name AS line FROM information_schema.columns
                WHERE table_schema = 'public' ORDER BY table_name, ordinal_position"
            }
            _ => {
                "SELECT m.name || '.' || c.name AS line FROM sqlite_master m, pragma_table_info(m.name) c
                WHERE m.type = 'table' ORDER BY m.name, c.cid"
            }
        };
        let mut tables: Vec<(String, Vec<String>)> = Vec::new();
        for line in self.texts(sql).await {
            let (table, column) = line.split_once('.').unwrap();
            match tables.last_mut() {
                Some((name, columns)) if name == table => columns.push(column.to_owned()),
                _ => tables.push((table.to_owned(), vec![column.to_owned()])),
            }
        }
        tables
    }

    async fn texts(&self, sql: &str) -> Vec<String> {
        let statement = Statement::from_string(self.app.db.get_database_backend(), sql.to_owned());
        let rows = self.app.db.query_all_raw(statement).await.unwrap();
        rows.iter().map(|row| row.try_get("", "line").unwrap()).collect()
    }
}

/// The way to this mail server.
pub(crate) fn transport(smtp: &SmtpServer) -> Transport {
    let config = Config { smtp_url: Some(smtp.url()), ..Config::default() };
    Transport::from_config(&config).unwrap()
}

/// A time of an answer.
pub(crate) fn moment(value: &Value) -> DateTime<Utc> {
    value.as_str().unwrap().parse().unwrap()
}
