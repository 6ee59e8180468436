//! How every mail looks: one HTML and one plain text template, filled with the sentences of a
//! language.
//!
//! Names, notes and addresses come from strangers. The HTML template escapes all that it is given,
//! and [`Letter::tidied`] sees to it that what should be one line is one line: in the headers, where
//! a line break would begin a new header, and in the plain text, where it would begin a sentence
//! that looks like ours.

use askama::Template;

use super::message::{GrantLine, Rendered};
use crate::error::Error;
use crate::words::Locale;

/// The longest subject, in characters: two names can have 255 each (R3), and nobody reads that far.
const SUBJECT_MAX: usize = 200;

/// The sentences of a mail, in the order in which they are read.
#[derive(Default)]
pub(super) struct Letter {
    /// What the list of mails shows.
    pub subject: String,
    /// What it is about, in a few words.
    pub heading: String,
    /// `Hello Ann,`
    pub greeting: String,
    /// What happened, a paragraph each.
    pub paragraphs: Vec<String>,
    /// Somebody else's words.
    pub quote: Option<Quote>,
    /// The roles that it is about.
    pub grants: Option<Grants>,
    /// The one thing to do.
    pub action: Option<Action>,
    /// What to know about the mail itself: what to do if it was not expected, and the like.
    pub small_print: Vec<String>,
}

/// Somebody else's words.
pub(super) struct Quote {
    /// Whose.
    pub heading: String,
    /// The words, over as many lines as they have.
    pub text: String,
}

/// A list of roles.
pub(super) struct Grants {
    /// What the list says.
    pub heading: String,
    /// The roles with their scopes.
    pub lines: Vec<GrantLine>,
}

/// The one thing to do.
pub(super) struct Action {
    /// What the button says.
    pub label: String,
    /// Where it leads; made by us.
    pub link: String,
    /// Until when that works, and other remarks.
    pub note: Option<String>,
    /// What stands before the link written out.
    pub fallback: String,
}

#[derive(Template)]
#[template(path = "mail/letter.html")]
struct Html<'a> {
    letter: &'a Letter,
    locale: Locale,
}

#[derive(Template)]
#[template(path = "mail/letter.txt")]
struct Text<'a> {
    letter: &'a Letter,
}

impl Letter {
    /// The same with everything that comes from strangers on one line, except the quote, which
    /// keeps its lines.
    #[must_use]
    pub(super) fn tidied(mut self) -> Self {
        let lines = [&mut self.subject, &mut self.heading, &mut self.greeting]
            .into_iter()
            .chain(&mut self.paragraphs)
            .chain(&mut self.small_print);
        for line in lines {
            *line = one_line(line);
        }
        self.subject = shortened(&self.subject, SUBJECT_MAX);
        if let Some(quote) = &mut self.quote {
            quote.heading = one_line(&quote.heading);
            quote.text = quote.text.trim().lines().map(one_line).collect::<Vec<_>>().join("\n");
        }
        if let Some(grants) = &mut self.grants {
            grants.heading = one_line(&grants.heading);
            for grant in &mut grants.lines {
                grant.role = one_line(&grant.role);
                grant.scope = one_line(&grant.scope);
            }
        }
        self
    }

    /// The mail, ready to be sent.
    ///
    /// # Errors
    /// `Internal` when a template fails.
    pub(super) fn render(
        &self,
        locale: Locale,
        reply_to: Option<(String, String)>,
    ) -> Result<Rendered, Error> {
        let failed = |error| Error::internal("rendering a mail", error);
        Ok(Rendered {
            text: Text { letter: self }.render().map_err(failed)?,
            html: Html { letter: self, locale }.render().map_err(failed)?,
            subject: self.subject.clone(),
            reply_to: reply_to.map(|(name, address)| (one_line(&name), address)),
            unsubscribe: None,
        })
    }
}

/// The text with every run of white space and of characters that break lines or turn the writing
/// direction made one space.
#[must_use]
pub(super) fn one_line(text: &str) -> String {
    let harmful = |c: char| {
        c.is_whitespace()
            || c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let words: Vec<&str> = text.split(harmful).filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

/// The text, with its end left out if it has more than `max` characters.
#[must_use]
pub(super) fn shortened(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        None => text.to_owned(),
        Some(_) => text.chars().take(max.saturating_sub(1)).chain(['…']).collect(),
    }
}
