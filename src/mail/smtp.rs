//! Hands messages to a mail server (RFC 5321).
//!
//! lettre's connections, without its pool. The pool takes a connection back whose command was cut
//! off by a time limit; the next mail on it then reads the answers to the former one's commands, and
//! can count as sent though it was refused. And lettre's own time limit ends with the connecting,
//! so that there has to be another one. Here a connection belongs to the attempt that uses it, is
//! kept only after a complete exchange, and goes down with an attempt that is cut off.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use lettre::message::Message;
use lettre::transport::smtp;
use lettre::transport::smtp::authentication::DEFAULT_MECHANISMS;
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, Tls};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt, Rset};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use tokio::time::timeout;

use super::compose::is_ascii;
use super::letter::{one_line, shortened};
use super::smtp_url::Server;
use super::transport::Outcome;

/// How long one mail may take, from the connecting to the server's last word.
pub const SEND_TIMEOUT: Duration = Duration::from_secs(30);

/// How long connecting to one of the server's addresses may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a farewell may take; nothing depends on it.
const QUIT_TIMEOUT: Duration = Duration::from_secs(1);

/// The longest error text that is kept, in characters.
const ERROR_MAX: usize = 500;

/// A mail server, and the connections to it that are ready for another mail.
pub struct Smtp {
    server: Server,
    hello: ClientId,
    idle: Mutex<Vec<AsyncSmtpConnection>>,
}

/// Why an attempt ended before the server had taken the mail.
enum Failure {
    /// The server spoke about this mail or its recipient.
    Mail(smtp::Error),
    /// The server cannot be used, or not now, whatever the mail.
    Server(smtp::Error),
    /// The server lacks what this recipient needs.
    Recipient(&'static str),
}

impl Smtp {
    /// The mail server of `SMTP_URL`, with further authorities that its certificate may come from. It is
    /// not looked for yet.
    ///
    /// # Errors
    /// A sentence that names the setting when the URL cannot be used.
    pub fn new(url: &str, authorities: Option<&Certificate>) -> Result<Self, String> {
        Ok(Self {
            server: Server::parse(url, authorities)?,
            hello: ClientId::default(),
            idle: Mutex::default(),
        })
    }

    /// Sends a message, within [`SEND_TIMEOUT`].
    pub async fn send(&self, message: &Message) -> Outcome {
        match timeout(SEND_TIMEOUT, self.attempt(message)).await {
            Ok(Ok(())) => Outcome::Sent,
            Ok(Err(Failure::Mail(error))) if error.is_permanent() => {
                Outcome::Permanent(describe(&error))
            }
            Ok(Err(Failure::Mail(error) | Failure::Server(error))) => {
                Outcome::Transient(describe(&error))
            }
            Ok(Err(Failure::Recipient(why))) => Outcome::Permanent(why.to_owned()),
            Err(_) => Outcome::Transient(silent()),
        }
    }

    /// Takes leave of the server on all connections that are kept.
    pub async fn rest(&self) {
        let idle = std::mem::take(&mut *self.idle.lock().unwrap_or_else(PoisonError::into_inner));
        join_all(idle.into_iter().map(async |mut connection| {
            // Whether the server answers or not, the connection ends here.
            let _farewell = timeout(QUIT_TIMEOUT, connection.quit()).await;
        }))
        .await;
    }

    /// Connects, encrypts and signs in as for a mail, and takes leave, within [`SEND_TIMEOUT`].
    ///
    /// # Errors
    /// What the server said, or what kept it from saying something.
    pub async fn greet(&self) -> Result<(), String> {
        match timeout(SEND_TIMEOUT, self.connection()).await {
            Ok(Ok(mut connection)) => {
                // Nothing depends on the farewell.
                let _ = timeout(QUIT_TIMEOUT, connection.quit()).await;
                Ok(())
            }
            Ok(Err(error)) => Err(describe(&error)),
            Err(_) => Err(silent()),
        }
    }

    async fn attempt(&self, message: &Message) -> Result<(), Failure> {
        let mut connection = self.connection().await.map_err(Failure::Server)?;
        let result = exchange(&mut connection, message).await;
        // After a complete answer the connection is good for another mail, whatever was said.
        let answered = match &result {
            Ok(()) | Err(Failure::Recipient(_)) => true,
            Err(Failure::Mail(error) | Failure::Server(error)) => {
                error.status().is_some_and(|code| u16::from(code) != 421)
            }
        };
        if answered {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        }
        result
    }

    /// A connection that is ready for a mail: a kept one, else a new one.
    async fn connection(&self) -> Result<AsyncSmtpConnection, smtp::Error> {
        loop {
            let kept = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let Some(mut connection) = kept else { break };
            // Asks whether the server is still there, and ends what a refusal left unfinished.
            if connection.command(Rset).await.is_ok() {
                return Ok(connection);
            }
        }
        let Server { host, port, tls, credentials } = &self.server;
        let wrapper = match tls {
            Tls::Wrapper(parameters) => Some(parameters.clone()),
            _ => None,
        };
        let mut connection = AsyncSmtpConnection::connect_tokio1(
            (host.as_str(), *port),
            Some(CONNECT_TIMEOUT),
            &self.hello,
            wrapper,
            None,
        )
        .await?;
        match tls {
            Tls::Opportunistic(parameters) if connection.can_starttls() => {
                connection.starttls(parameters.clone(), &self.hello).await?;
            }
            Tls::Required(parameters) => {
                connection.starttls(parameters.clone(), &self.hello).await?;
            }
            _ => {}
        }
        if let Some(credentials) = credentials {
            connection.auth(DEFAULT_MECHANISMS, credentials).await?;
        }
        Ok(connection)
    }
}

/// One mail on a connection that is ready for it.
///
/// Before the recipient is named the server can only complain about us: about the sender, a missing
/// authentication, its own state. That can be mended while the mail waits, so only what it says from
/// then on is about the mail.
async fn exchange(connection: &mut AsyncSmtpConnection, message: &Message) -> Result<(), Failure> {
    let bytes = message.formatted();
    let envelope = message.envelope();
    let mut parameters = Vec::new();
    if !envelope.to().iter().chain(envelope.from()).all(is_ascii) {
        if !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
            return Err(Failure::Recipient(
                "the mail server cannot deliver to an address with characters beyond ASCII (it \
                 lacks SMTPUTF8)",
            ));
        }
        parameters.push(MailParameter::SmtpUtfEight);
    }
    // Only such an address makes a message that is not ASCII, and its server has 8BITMIME (RFC 6531
    // §3.1).
    if !bytes.is_ascii() {
        parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
    }
    let mail = Mail::new(envelope.from().cloned(), parameters);
    connection.command(mail).await.map_err(Failure::Server)?;
    for recipient in envelope.to() {
        let recipient = Rcpt::new(recipient.clone(), Vec::new());
        connection.command(recipient).await.map_err(Failure::Mail)?;
    }
    connection.command(Data).await.map_err(Failure::Mail)?;
    connection.message(&bytes).await.map_err(Failure::Mail)?;
    Ok(())
}

fn silent() -> String {
    format!("the mail server did not answer within {} s", SEND_TIMEOUT.as_secs())
}

/// The server's reply, or what kept it from replying, as one line of at most [`ERROR_MAX`]
/// characters.
fn describe(error: &smtp::Error) -> String {
    // The innermost cause says it best: `Connection refused`, not `Connection error`.
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    let text = match error.status() {
        Some(code) => format!("{code} {cause}"),
        None if error.is_client() => cause.to_string(),
        None => format!("the connection failed: {cause}"),
    };
    shortened(&without_secrets(&one_line(&text)), ERROR_MAX)
}

/// The text without anything as long as a token: servers quote from the mails that they refuse, and
/// a mail holds a link (R48).
fn without_secrets(text: &str) -> String {
    const LONGEST: usize = 31;
    let in_token = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let run = rest.find(|c| !in_token(c)).unwrap_or(rest.len());
        clean.push_str(if run > LONGEST { "…" } else { &rest[..run] });
        let other = rest[run..].find(in_token).map_or(rest.len(), |length| run + length);
        clean.push_str(&rest[run..other]);
        rest = &rest[other..];
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::without_secrets;

    #[test]
    fn a_reply_that_quotes_the_link_is_kept_without_its_token() {
        let token = "Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYm-_";
        assert_eq!(
            without_secrets(&format!("554 5.7.1 listed: https://a.example/invitations/{token}.")),
            "554 5.7.1 listed: https://a.example/invitations/…."
        );
        assert_eq!(
            without_secrets("550 5.1.1 <bob@a.example>: no such user"),
            "550 5.1.1 <bob@a.example>: no such user"
        );
        assert_eq!(without_secrets(token), "…");
        assert_eq!(without_secrets(""), "");
    }
}
