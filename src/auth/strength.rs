//! Whether a password is easily guessed (R66).
//!
//! Rules about kinds of characters make passwords worse (NIST SP 800-63B §3.1.1.2). What counts is how
//! many guesses somebody needs who tries common passwords, words, names, dates and patterns first, and who
//! knows whose password it is. `zxcvbn` estimates that, and looks at 100 characters at most.

use zxcvbn::{Score, zxcvbn};

use crate::error::{UserError, UserErrorCode};

/// The least score that is accepted: more than 10^6 guesses. Signing in leaves nobody the tries for that, and
/// a stolen hash takes hours of a processor. The next score would refuse all passwords of eight characters, also
/// those that a generator made.
const LEAST: Score = Score::Two;

/// How many words about a person are looked for in their password. A name of 255 letters has no more that
/// matter.
const WORDS: usize = 40;

/// Words that are shorter are found in too many good passwords.
const WORD_MIN: usize = 3;

/// Refuses a password that is easily guessed by somebody who knows `about` the person: their name, their
/// address, their organization. Takes up to some milliseconds of a processor.
///
/// # Errors
/// `WEAK_PASSWORD` at `path`, with what makes it weak and what would help.
pub(super) fn check(path: &str, password: &str, about: &[String]) -> Result<(), UserError> {
    let about = words(about);
    let about: Vec<&str> = about.iter().map(String::as_str).collect();
    let estimate = zxcvbn(password, &about);
    if estimate.score() >= LEAST {
        return Ok(());
    }
    let feedback = estimate.feedback();
    let why = feedback.and_then(zxcvbn::feedback::Feedback::warning);
    let message = why.map_or_else(
        || "this password is easily guessed".to_owned(),
        |why| format!("this password is easily guessed: {why}"),
    );
    let mut help = vec![
        "Use several words that do not belong together, and not your name or address.".to_owned(),
    ];
    help.extend(
        feedback
            .into_iter()
            .flat_map(zxcvbn::feedback::Feedback::suggestions)
            .map(ToString::to_string),
    );
    Err(UserError::new(UserErrorCode::WeakPassword, path, message).help(help.join(" ")))
}

/// What a guesser would try who knows this: each text as it is without its spaces, and its words.
fn words(about: &[String]) -> Vec<String> {
    let mut words = Vec::new();
    for text in about {
        let text = text.to_lowercase();
        let parts = text.split(|c: char| !c.is_alphanumeric()).map(str::to_owned);
        let together = text.split_whitespace().collect();
        for word in std::iter::once(together).chain(parts) {
            if word.chars().count() >= WORD_MIN && !words.contains(&word) && words.len() < WORDS {
                words.push(word);
            }
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(password: &str) -> Option<UserError> {
        let about = ["Ann Lindqvist", "ann.lindqvist@frobnicate.example", "Frobnicate Works"];
        check("input.password", password, &about.map(str::to_owned)).err()
    }

    #[test]
    fn r66_what_a_guesser_tries_first_is_refused() {
        for weak in [
            "iloveyou",
            "Password1!",
            "12345678",
            "qwertyuiop",
            "aaaaaaaaaaaaaaaa",
            "p4ssw0rd",
            "31.12.1999",
            "abcabcabcabc",
        ] {
            let error = refusal(weak).unwrap_or_else(|| panic!("{weak} was accepted"));
            assert_eq!(
                (error.code, error.path.join(".").as_str()),
                (UserErrorCode::WeakPassword, "input.password"),
                "{weak}"
            );
            assert!(error.help.unwrap().contains("several words"), "{weak}");
            assert!(!error.message.contains(weak), "a refusal does not repeat the password");
        }
    }

    #[test]
    fn r66_what_takes_long_to_guess_is_accepted_whatever_it_consists_of() {
        for strong in [
            "correct horse battery staple",
            "wvqzkdpm",
            "Чайник стоит на полке",
            "🦀🦞🦐🐙🦑🐟🐠🐡",
        ] {
            assert_eq!(refusal(strong), None, "{strong}");
        }
    }

    /// What is strong for others is weak for her, whose name and organization it is made of.
    #[test]
    fn r66_who_somebody_is_does_not_make_a_password() {
        for own in ["AnnLindqvist", "lindqvist2026", "frobnicateworks"] {
            assert!(refusal(own).is_some(), "{own}");
        }
        assert_eq!(check("password", "lindqvistfrobnicate", &[]), Ok(()));
    }
}
