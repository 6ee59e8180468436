//! What is wrong with a setting, in one sentence, without the secrets in it.

use std::fmt;

/// A setting that is not accepted. The program ends with exit code 2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// The setting, as the environment spells it; or the option of the command line.
    pub setting: &'static str,
    /// What it got: a quoted value, or a phrase. Fit to be shown: passwords are cut out.
    pub got: String,
    /// What it accepts.
    pub accepts: String,
}

impl ConfigError {
    /// `setting` got `value` but accepts something else. Passwords in the URLs of mail servers and
    /// databases are cut out here.
    #[must_use]
    pub fn new(setting: &'static str, value: &str, accepts: impl Into<String>) -> Self {
        let shown = if matches!(setting, "SMTP_URL" | "DATABASE_URL") {
            redacted(value)
        } else {
            value.to_owned()
        };
        Self { setting, got: format!("{shown:?}"), accepts: accepts.into() }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} got {}; it accepts {}", self.setting, self.got, self.accepts)
    }
}

impl std::error::Error for ConfigError {}

/// A URL without user, password and whatever looks like a password among its parameters. It has to
/// work on malformed URLs too, because those are what gets shown: an unescaped `@`, `/` or `?` may be
/// part of a password, so everything before the last `@` goes.
#[must_use]
pub fn redacted(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").map_or(("", url), |(scheme, rest)| (scheme, rest));
    let separator = if scheme.is_empty() { "" } else { "://" };
    let place = match rest.rsplit_once('@') {
        Some((_, place)) => format!("***@{place}"),
        None => rest.to_owned(),
    };
    let place = match place.split_once('?') {
        Some((path, parameters)) if parameters.to_ascii_lowercase().contains("pass") => {
            format!("{path}?***")
        }
        _ => place,
    };
    format!("{scheme}{separator}{place}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown_however_badly_the_url_is_written() {
        for url in [
            "smtp://ann:hunter2@mail.example.com:25",
            "smtp://ann:hunter2@@mail.example.com",
            "smtp://ann:x/hunter2?y@mail.example.com",
            "smtp:ann:hunter2@mail.example.com",
            "postgres://ann@db/rolecall?password=hunter2",
            "postgres://db/rolecall?sslmode=require&PASSWORD=hunter2",
        ] {
            let error = ConfigError::new("SMTP_URL", url, "something else").to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
        assert_eq!(
            redacted("smtp://ann:hunter2@mail.example.com:25"),
            "smtp://***@mail.example.com:25"
        );
        assert_eq!(redacted("sqlite://data/rolecall.db"), "sqlite://data/rolecall.db");
    }
}
