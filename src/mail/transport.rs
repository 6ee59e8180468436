//! Where mails go: to a mail server, or into the development mailbox.

use entity::mail::Model;
use lettre::transport::smtp::client::{Certificate, TlsParameters};

use super::compose::compose;
use super::outbox::Contents;
use super::smtp::Smtp;
use crate::config::Config;

/// How mails leave the house.
pub enum Transport {
    /// To the mail server of `SMTP_URL`.
    Smtp(Smtp),
    /// Nowhere: without `SMTP_URL` they are kept to be looked at in `/mailbox`.
    Mailbox,
}

/// What came of an attempt to send a mail. The texts are for administrators (R53): mostly the mail
/// server's own reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was handed over.
    Sent,
    /// It never will be: the recipient or the mail itself was refused.
    Permanent(String),
    /// It was not, this time.
    Transient(String),
}

/// The authorities of `SMTP_CA`, if there are any.
///
/// # Errors
/// What the setting accepts, and why its file is not that.
pub fn authorities(config: &Config) -> Result<Option<Certificate>, String> {
    let Some(path) = &config.smtp_ca else { return Ok(None) };
    let wrong = |why: &str| format!("a PEM file of certificates ({why})");
    let pem = std::fs::read(path).map_err(|error| wrong(&error.to_string()))?;
    if !pem.windows(CERTIFICATE.len()).any(|window| window == CERTIFICATE) {
        return Err(wrong("there is none in it"));
    }
    let read = Certificate::from_pem(&pem).map_err(|_| wrong("one in it cannot be read"))?;
    // Whether it can be trusted is only seen when it is put to use.
    match TlsParameters::builder(String::new()).add_root_certificate(read.clone()).build() {
        Ok(_) => Ok(Some(read)),
        Err(_) => Err(wrong("one in it cannot be read")),
    }
}

/// What a certificate in a PEM file begins with (RFC 7468).
const CERTIFICATE: &[u8] = b"-----BEGIN CERTIFICATE-----";

impl Transport {
    /// The transport that the settings ask for.
    ///
    /// # Errors
    /// A sentence that names the setting when `SMTP_URL` cannot be used.
    pub fn from_config(config: &Config) -> Result<Self, String> {
        match &config.smtp_url {
            Some(url) => Ok(Self::Smtp(Smtp::new(url, authorities(config)?.as_ref())?)),
            None => Ok(Self::Mailbox),
        }
    }

    /// Whether what was sent is to be kept, because it is only here that it can be read.
    #[must_use]
    pub fn keeps_mails(&self) -> bool {
        matches!(self, Self::Mailbox)
    }

    /// Sends a mail, within [`smtp::SEND_TIMEOUT`](super::smtp::SEND_TIMEOUT).
    pub async fn send(&self, config: &Config, mail: &Model, contents: &Contents) -> Outcome {
        let message = match compose(&config.mail_from, mail, contents) {
            Ok(message) => message,
            Err(unusable) => return Outcome::Permanent(unusable),
        };
        match self {
            Self::Smtp(smtp) => smtp.send(&message).await,
            Self::Mailbox => Outcome::Sent,
        }
    }

    /// Makes the acquaintance of the mail server, as before sending a mail, and takes leave.
    ///
    /// # Errors
    /// Why it cannot be used: mostly its own reply.
    pub async fn greet(&self) -> Result<(), String> {
        match self {
            Self::Smtp(smtp) => smtp.greet().await,
            Self::Mailbox => Ok(()),
        }
    }

    /// Ends the connections that are kept for the next mail; there is none for now.
    pub async fn rest(&self) {
        if let Self::Smtp(smtp) = self {
            smtp.rest().await;
        }
    }
}
