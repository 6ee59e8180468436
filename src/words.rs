//! The words of mails and pages, in every language.
//!
//! `locales/<tag>.ftl` holds all words of a language (Fluent, <https://projectfluent.org>), and a new
//! file there is a new language. What a mail or a page consists of is told once for all of them, in
//! [`mail`](crate::mail) and [`http::pages`](crate::http): they ask here for one message after the other.
//! What strangers call themselves gets into a message only as the value of a variable, so it is
//! never taken for a message itself.

use std::fmt;
use std::sync::LazyLock;

use chrono::{DateTime, Datelike, Utc};
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use serde::{Deserialize, Deserializer, Serialize};
use unic_langid::LanguageIdentifier;

/// The tag of each language with its file.
const BUILT_IN: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/locales.rs"));

/// The language of those of whom we know none, and the one that the others are measured by.
const FALLBACK: &str = "en";

/// The messages of each language, in the order of [`BUILT_IN`].
static MESSAGES: LazyLock<Vec<FluentBundle<FluentResource>>> =
    LazyLock::new(|| BUILT_IN.iter().map(|(tag, file)| messages(tag, file)).collect());

/// A language that there are words in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Locale(&'static str);

impl Locale {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        BUILT_IN.iter().map(|(tag, _)| Self(tag))
    }

    /// The language of a tag (BCP 47) such as `de` or `en-US`, in whatever case: the very one, or
    /// else the one of its primary subtag. `None` for a language that there are no words in.
    #[must_use]
    pub fn parse(tag: &str) -> Option<Self> {
        let primary = tag.split('-').next().unwrap_or_default();
        let named = |tag: &str| Self::all().find(|locale| locale.0.eq_ignore_ascii_case(tag));
        named(tag).or_else(|| named(primary))
    }

    /// The language's tag (BCP 47).
    #[must_use]
    pub fn tag(self) -> &'static str {
        self.0
    }

    /// What the language calls itself.
    #[must_use]
    pub fn name(self) -> String {
        Words::of(self, "language").say("name")
    }

    fn messages(self) -> Option<&'static FluentBundle<FluentResource>> {
        let place = BUILT_IN.iter().position(|(tag, _)| *tag == self.0)?;
        MESSAGES.get(place)
    }
}

impl Default for Locale {
    fn default() -> Self {
        Self(FALLBACK)
    }
}

/// What was written down by a server that knew a language which this one does not is read all the same.
impl<'de> Deserialize<'de> for Locale {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let tag = String::deserialize(deserializer)?;
        Ok(Self::parse(&tag).unwrap_or_default())
    }
}

/// The words about one thing, a mail or a page, in one language: the attributes of one message, and
/// the values of the variables in them.
pub struct Words<'a> {
    locale: Locale,
    about: &'a str,
    values: FluentArgs<'a>,
}

impl<'a> Words<'a> {
    /// The words of the message `about`.
    #[must_use]
    pub fn of(locale: Locale, about: &'a str) -> Self {
        Self { locale, about, values: FluentArgs::new() }
    }

    /// The same where `{ $name }` is this value: a text, or a number.
    #[must_use]
    pub fn with(mut self, name: &'a str, value: impl Into<FluentValue<'a>>) -> Self {
        self.values.set(name, value);
        self
    }

    /// The same where `{ $name }` is an instant, written out.
    #[must_use]
    pub fn with_moment(self, name: &'a str, at: DateTime<Utc>) -> Self {
        let moment = moment(self.locale, at);
        self.with(name, moment)
    }

    /// The attribute `part`, with the values put in.
    #[must_use]
    pub fn say(&self, part: &str) -> String {
        for locale in [self.locale, Locale::default()] {
            if let Some(text) = self.find(locale, part) {
                return text;
            }
        }
        debug_assert!(false, "{}.{part} has no words", self.about);
        tracing::error!(message = self.about, part, "there are no words for this");
        String::new()
    }

    fn find(&self, locale: Locale, part: &str) -> Option<String> {
        let messages = locale.messages()?;
        let pattern = messages.get_message(self.about)?.get_attribute(part)?.value();
        let mut errors = Vec::new();
        let text = messages.format_pattern(pattern, Some(&self.values), &mut errors);
        debug_assert!(errors.is_empty(), "{}.{part} in {}: {errors:?}", self.about, locale.tag());
        #[cfg(test)]
        tests::said(self.about, part);
        Some(text.into_owned())
    }
}

// Values may be links, and a link holds a secret (R48).
impl fmt::Debug for Words<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Words")
            .field("locale", &self.locale)
            .field("about", &self.about)
            .finish_non_exhaustive()
    }
}

/// `28 November 2026, 03:40 UTC`
fn moment(locale: Locale, at: DateTime<Utc>) -> String {
    let month = Words::of(locale, "months").say(&format!("m{:02}", at.month()));
    Words::of(locale, "moment")
        .with("day", at.day().to_string())
        .with("month", month)
        .with("year", at.year().to_string())
        .with("time", at.format("%H:%M").to_string())
        .say("text")
}

/// A file's messages. What is wrong with a file is left out; a test says what it is.
fn messages(tag: &str, file: &str) -> FluentBundle<FluentResource> {
    let language: LanguageIdentifier = tag.parse().unwrap_or_default();
    let mut bundle = FluentBundle::new_concurrent(vec![language]);
    // The marks around values would be seen in plain text, and values have no marks of their own
    // that could turn what follows.
    bundle.set_use_isolating(false);
    let resource = FluentResource::try_new(file.to_owned()).unwrap_or_else(|(rest, _)| rest);
    bundle.add_resource_overriding(resource);
    bundle
}

#[cfg(test)]
mod tests;
