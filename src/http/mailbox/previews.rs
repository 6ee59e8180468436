//! Every mail there is, in every language, with made-up facts: to be looked at.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;

use super::{Failure, Piece, framed, html, pieces};
use crate::app::App;
use crate::mail::message::Rendered;
use crate::mail::{Locale, previews};

#[derive(Template)]
#[template(path = "mailbox/previews.html")]
struct ListPage {
    locales: Vec<Locale>,
    mails: Vec<&'static str>,
}

#[derive(Template)]
#[template(path = "mailbox/preview.html")]
struct ShowPage<'a> {
    name: &'a str,
    kind: &'a str,
    locale: Locale,
    locales: Vec<Locale>,
    mail: Rendered,
}

pub(super) async fn list(State(app): State<Arc<App>>) -> Result<Response, Failure> {
    let mails = previews::all(&app.config.public_url, app.clock.now());
    let mails = mails.into_iter().map(|(name, _)| name).collect();
    html(&ListPage { locales: Locale::all().collect(), mails })
}

pub(super) async fn show(
    State(app): State<Arc<App>>,
    Path((name, tag)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let (kind, locale, mail) = rendered(&app, &name, &tag)?;
    html(&ShowPage { name: &name, kind, locale, locales: Locale::all().collect(), mail })
}

pub(super) async fn show_html(
    State(app): State<Arc<App>>,
    Path((name, tag)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let (_, _, mail) = rendered(&app, &name, &tag)?;
    Ok(framed(&mail.html))
}

fn rendered(app: &App, name: &str, tag: &str) -> Result<(&'static str, Locale, Rendered), Failure> {
    let locale = Locale::all().find(|locale| locale.tag() == tag).ok_or(Failure::NotFound)?;
    let mails = previews::all(&app.config.public_url, app.clock.now());
    let (_, message) =
        mails.into_iter().find(|(known, _)| *known == name).ok_or(Failure::NotFound)?;
    Ok((message.kind(), locale, message.render(locale)?))
}
