use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::mail::previews;

thread_local! {
    /// What has been said on this thread.
    static SAID: RefCell<BTreeSet<String>> = const { RefCell::new(BTreeSet::new()) };
}

/// Remembers that a part of a message has been said.
pub(super) fn said(about: &str, part: &str) {
    SAID.with_borrow_mut(|said| said.insert(format!("{about}.{part}")));
}

/// The variables of each part of each message of a file, which is written as ours are: a part is one line.
fn parts(file: &str) -> BTreeMap<String, BTreeSet<&str>> {
    let mut message = "";
    let mut parts = BTreeMap::new();
    for line in file.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (name, text) = line.split_once('=').unwrap_or_else(|| panic!("{line:?}"));
        match name.trim().strip_prefix('.') {
            None => {
                assert_eq!(text, "", "{name}has parts only");
                message = name.trim();
            }
            Some(part) => {
                let variables = text.split('$').skip(1).filter_map(|rest| rest.split(' ').next());
                let before = parts.insert(format!("{message}.{part}"), variables.collect());
                assert_eq!(before, None, "{message}.{part} is there twice");
            }
        }
    }
    parts
}

#[test]
fn every_file_can_be_read_and_its_name_is_a_language() {
    for (tag, file) in BUILT_IN {
        let resource = FluentResource::try_new((*file).to_owned());
        if let Err((_, errors)) = resource {
            panic!("locales/{tag}.ftl: {errors:?}");
        }
        let language: LanguageIdentifier = tag.parse().unwrap();
        assert_eq!(language.to_string(), *tag);
    }
}

#[test]
fn every_language_has_the_same_messages_with_the_same_variables() {
    let (_, fallback) = BUILT_IN.iter().find(|(tag, _)| *tag == FALLBACK).unwrap();
    let expected = parts(fallback);
    for (tag, file) in BUILT_IN {
        let found = parts(file);
        for (part, variables) in &expected {
            assert_eq!(found.get(part), Some(variables), "{part} in locales/{tag}.ftl");
        }
        for part in found.keys() {
            assert!(expected.contains_key(part), "{part} in locales/{tag}.ftl is not in English");
        }
    }
}

/// With every mail and every page, in all their states.
#[test]
fn every_message_is_used_and_no_other() {
    for locale in Locale::all() {
        SAID.take();
        for (name, message) in previews::all("https://acme.example", DateTime::UNIX_EPOCH) {
            assert!(message.render(locale).is_ok(), "{name}");
        }
        crate::http::pages::say_everything(locale);
        assert!(!locale.name().is_empty());
        for month in 1..=12 {
            moment(locale, DateTime::UNIX_EPOCH.with_month(month).unwrap());
        }
        let said = SAID.take();
        let (_, file) = BUILT_IN.iter().find(|(tag, _)| *tag == locale.tag()).unwrap();
        let written: BTreeSet<String> = parts(file).into_keys().collect();
        let unused: Vec<_> = written.difference(&said).collect();
        assert!(unused.is_empty(), "nobody says these in {}: {unused:?}", locale.tag());
        assert_eq!(said, written);
    }
}

#[test]
fn a_language_is_found_by_its_tag_or_its_primary_subtag() {
    let german = Locale::parse("de").unwrap();
    assert_eq!(german.tag(), "de");
    assert_eq!(german.name(), "Deutsch");
    for tag in ["DE", "de-AT"] {
        assert_eq!(Locale::parse(tag), Some(german), "{tag}");
    }
    assert_eq!(Locale::parse("en-US"), Some(Locale::default()));
    for tag in ["", "-", "english", "fr", "d", "de_DE"] {
        assert_eq!(Locale::parse(tag), None, "{tag}");
    }
}

#[test]
fn a_language_is_written_down_as_its_tag() {
    let german = Locale::parse("de").unwrap();
    assert_eq!(serde_json::to_string(&german).unwrap(), "\"de\"");
    assert_eq!(serde_json::from_str::<Locale>("\"de\"").unwrap(), german);
    assert_eq!(serde_json::from_str::<Locale>("\"xx\"").unwrap(), Locale::default());
}

#[test]
fn what_a_variable_holds_is_never_a_message() {
    let name = "{ $email } { mail.fallback }";
    let words = Words::of(Locale::default(), "mail").with("name", name);
    assert_eq!(words.say("greeting"), format!("Hello {name},"));
    assert!(!format!("{words:?}").contains("fallback"));
}

#[test]
fn an_instant_is_written_as_the_language_writes_it() {
    let at: DateTime<Utc> = "2026-03-09T09:05:00Z".parse().unwrap();
    assert_eq!(moment(Locale::default(), at), "9 March 2026, 09:05 UTC");
    assert_eq!(moment(Locale::parse("de").unwrap(), at), "9. März 2026, 09:05 Uhr (UTC)");
}
