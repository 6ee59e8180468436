//! The development mailbox: without a mail server, mails are read here.
//!
//! It shows everybody's links, so it is mounted only in development, and only without `SMTP_URL`.
//! Its pages run no script and load nothing.

mod previews;

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, VARY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use chrono::{DateTime, SecondsFormat, Utc};
use entity::id::MailId;
use entity::mail::{self, Model};
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::error::Error;
use crate::mail::outbox::{self, Contents};
use crate::store::mail as store;

/// How many mails a page shows.
const PAGE: u64 = 50;

/// For our own pages.
const PAGE_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// For a mail shown in a frame of ours: its links open new pages, and that is all that it can do.
const MAIL_POLICY: &str = "sandbox allow-popups allow-popups-to-escape-sandbox \
     allow-top-navigation-by-user-activation; default-src 'none'; style-src 'unsafe-inline'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'self'";

/// `/mailbox` (the newest mails; as JSON for who accepts that), `/mailbox.json`, `/mailbox/{id}` and
/// `/mailbox/{id}/html`; `/mailbox/previews` for every mail there is. Whoever mounts them sees to it that they are in development only.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/mailbox", get(list))
        .route("/mailbox.json", get(list_json))
        .route("/mailbox/previews", get(previews::list))
        .route("/mailbox/previews/{name}/{tag}", get(previews::show))
        .route("/mailbox/previews/{name}/{tag}/html", get(previews::show_html))
        .route("/mailbox/{id}", get(show))
        .route("/mailbox/{id}/html", get(show_html))
}

/// Which mails to list.
#[derive(Deserialize)]
struct Page {
    /// Those before this one; else the newest.
    before: Option<MailId>,
}

/// A mail for programs.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    id: MailId,
    to: String,
    kind: String,
    state: &'static str,
    created_at: String,
    subject: Option<String>,
    text: Option<String>,
    links: Vec<String>,
}

#[derive(Template)]
#[template(path = "mailbox/list.html")]
struct ListPage {
    mails: Vec<(Model, String)>,
    older: Option<MailId>,
    first: bool,
}

#[derive(Template)]
#[template(path = "mailbox/show.html")]
struct ShowPage {
    mail: Model,
    contents: Option<Contents>,
}

/// A piece of a plain text.
#[derive(Debug, PartialEq, Eq)]
enum Piece<'a> {
    Text(&'a str),
    Link(&'a str),
}

async fn list(
    State(app): State<Arc<App>>,
    Query(page): Query<Page>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    let mut response = if accept.contains("application/json") && !accept.contains("text/html") {
        json(&app, &page).await?
    } else {
        let rows = store::recent(&app.db, app.clock.now(), PAGE, page.before).await?;
        let full = rows.len() as u64 == PAGE;
        let older = rows.last().filter(|_| full).map(|mail| mail.id);
        let with_subject = |mail: Model| {
            let contents = outbox::open(&app.keys.ring(), &mail);
            let subject = contents.map_or("(erased)".to_owned(), |contents| contents.mail.subject);
            (mail, subject)
        };
        let mails = rows.into_iter().map(with_subject).collect();
        html(&ListPage { mails, older, first: page.before.is_none() })?
    };
    response.headers_mut().insert(VARY, ACCEPT.into());
    Ok(response)
}

async fn list_json(
    State(app): State<Arc<App>>,
    Query(page): Query<Page>,
) -> Result<Response, Failure> {
    json(&app, &page).await
}

async fn json(app: &App, page: &Page) -> Result<Response, Failure> {
    let rows = store::recent(&app.db, app.clock.now(), PAGE, page.before).await?;
    let items: Vec<Item> = rows
        .into_iter()
        .map(|mail| {
            let contents = outbox::open(&app.keys.ring(), &mail).map(|contents| contents.mail);
            let (subject, text) = contents.map(|mail| (mail.subject, mail.text)).unzip();
            Item {
                id: mail.id,
                state: state(&mail),
                created_at: mail.created_at.to_rfc3339_opts(SecondsFormat::Millis, true),
                to: mail.recipient,
                kind: mail.kind,
                subject,
                links: text.as_deref().map(links).unwrap_or_default(),
                text,
            }
        })
        .collect();
    Ok(([(CACHE_CONTROL, "no-store")], Json(items)).into_response())
}

async fn show(State(app): State<Arc<App>>, Path(id): Path<String>) -> Result<Response, Failure> {
    let mail = find(&app, &id).await?;
    let contents = outbox::open(&app.keys.ring(), &mail);
    html(&ShowPage { mail, contents })
}

async fn show_html(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let mail = find(&app, &id).await?;
    let contents = outbox::open(&app.keys.ring(), &mail).ok_or(Failure::NotFound)?;
    Ok(framed(&contents.mail.html))
}

/// A mail's HTML for a frame of ours: its links lead out of it.
fn framed(html: &str) -> Response {
    page(html.replacen("<head>", "<head><base target=\"_blank\">", 1), MAIL_POLICY)
}

async fn find(app: &App, id: &str) -> Result<Model, Failure> {
    let id: MailId = id.parse().map_err(|_| Failure::NotFound)?;
    store::find(&app.db, id).await?.ok_or(Failure::NotFound)
}

fn html(template: &impl Template) -> Result<Response, Failure> {
    let document =
        template.render().map_err(|error| Error::internal("rendering the mailbox", error))?;
    Ok(page(document, PAGE_POLICY))
}

fn page(document: String, policy: &'static str) -> Response {
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, policy),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // A link holds a token; where it leads need not be told where it stood.
        (REFERRER_POLICY, "no-referrer"),
        (CACHE_CONTROL, "no-store"),
    ];
    (headers, document).into_response()
}

/// Why there is no page.
enum Failure {
    NotFound,
    Internal(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Internal(error)
    }
}

impl From<sea_orm::DbErr> for Failure {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Internal(error.into())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        match self {
            Self::NotFound => (StatusCode::NOT_FOUND, "there is no such mail").into_response(),
            Self::Internal(error) => {
                tracing::error!(?error, "the mailbox cannot be shown");
                (StatusCode::INTERNAL_SERVER_ERROR, "the mailbox cannot be shown").into_response()
            }
        }
    }
}

fn state(mail: &Model) -> &'static str {
    match mail.state {
        mail::State::Queued => "QUEUED",
        mail::State::Sent => "SENT",
        mail::State::Failed => "FAILED",
        mail::State::Cancelled => "CANCELLED",
    }
}

fn moment(at: &DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

fn links(text: &str) -> Vec<String> {
    let links = pieces(text).into_iter().filter_map(|piece| match piece {
        Piece::Link(link) => Some(link.to_owned()),
        Piece::Text(_) => None,
    });
    links.collect()
}

/// The text cut into its web addresses and what lies between them.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(start) =
        [rest.find("https://"), rest.find("http://")].into_iter().flatten().min()
    {
        let (before, link) = rest.split_at(start);
        let end = link.find(|c: char| c.is_whitespace() || "<>\"'".contains(c));
        let link = &link[..end.unwrap_or(link.len())];
        // The end of a sentence is not the link's.
        let link = link.trim_end_matches(['.', ',', ';', ':', '!', '?', ')']);
        if !before.is_empty() {
            pieces.push(Piece::Text(before));
        }
        pieces.push(Piece::Link(link));
        rest = &rest[start + link.len()..];
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_into_links_and_the_rest() {
        assert_eq!(
            pieces("See https://a.example/x?y=1. Or\nhttp://b.example\n"),
            [
                Piece::Text("See "),
                Piece::Link("https://a.example/x?y=1"),
                Piece::Text(". Or\n"),
                Piece::Link("http://b.example"),
                Piece::Text("\n"),
            ]
        );
        assert_eq!(pieces("none"), [Piece::Text("none")]);
        assert_eq!(pieces(""), []);
        assert_eq!(links("http://a https://b"), ["http://a", "https://b"]);
    }
}
