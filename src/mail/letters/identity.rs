//! The letters to people about their own identity: address and password.

use super::{action, noted, told};
use crate::mail::letter::Letter;
use crate::mail::message::{
    EmailChange, EmailChangeRequested, EmailChanged, PasswordChanged, PasswordReset, VerifyEmail,
};
use crate::words::{Locale, Words};

pub(super) fn verify_email(locale: Locale, facts: &VerifyEmail) -> Letter {
    let words = Words::of(locale, "mail-verify-email").with_moment("until", facts.expires_at);
    Letter {
        action: Some(noted(locale, &words, &facts.link)),
        small_print: vec![words.say("small-print")],
        ..told(locale, &words, &facts.name)
    }
}

pub(super) fn password_reset(locale: Locale, facts: &PasswordReset) -> Letter {
    let words = Words::of(locale, "mail-password-reset").with_moment("until", facts.expires_at);
    Letter {
        action: Some(noted(locale, &words, &facts.link)),
        small_print: vec![words.say("small-print")],
        ..told(locale, &words, &facts.name)
    }
}

pub(super) fn password_changed(locale: Locale, facts: &PasswordChanged) -> Letter {
    let words = Words::of(locale, "mail-password-changed").with_moment("at", facts.at);
    Letter {
        action: Some(action(locale, &words, &facts.link)),
        small_print: vec![words.say("small-print")],
        ..told(locale, &words, &facts.name)
    }
}

pub(super) fn email_change(locale: Locale, facts: &EmailChange) -> Letter {
    let words = Words::of(locale, "mail-email-change").with_moment("until", facts.expires_at);
    Letter {
        action: Some(noted(locale, &words, &facts.link)),
        small_print: vec![words.say("small-print")],
        ..told(locale, &words, &facts.name)
    }
}

pub(super) fn email_change_requested(locale: Locale, facts: &EmailChangeRequested) -> Letter {
    let words = Words::of(locale, "mail-email-change-requested")
        .with("new-email", &facts.new_email)
        .with_moment("at", facts.at);
    Letter {
        action: Some(action(locale, &words, &facts.link)),
        small_print: vec![words.say("small-print")],
        ..told(locale, &words, &facts.name)
    }
}

pub(super) fn email_changed(locale: Locale, facts: &EmailChanged) -> Letter {
    let words = Words::of(locale, "mail-email-changed")
        .with("new-email", &facts.new_email)
        .with_moment("at", facts.at);
    Letter { small_print: vec![words.say("small-print")], ..told(locale, &words, &facts.name) }
}
