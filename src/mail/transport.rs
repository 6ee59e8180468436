//! Where mails go: to a mail server, or into the development mailbox.

use entity::mail::Model;

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

impl Transport {
    /// The transport that the settings ask for.
    ///
    /// # Errors
    /// A sentence that names the setting when `SMTP_URL` cannot be used.
    pub fn from_config(config: &Config) -> Result<Self, String> {
        match &config.smtp_url {
            Some(url) => Ok(Self::Smtp(Smtp::new(url)?)),
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

    /// Ends the connections that are kept for the next mail; there is none for now.
    pub async fn rest(&self) {
        if let Self::Smtp(smtp) = self {
            smtp.rest().await;
        }
    }
}
