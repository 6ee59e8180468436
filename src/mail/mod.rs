//! Mail: messages ([`message`], in every [`language`]), queued in the transaction that causes them
//! ([`outbox`]), sent after its commit ([`worker`]) to a mail server or into the development mailbox
//! ([`transport`]). R53.

mod compose;
pub mod language;
mod letter;
pub mod message;
pub mod outbox;
pub mod smtp;
mod smtp_url;
pub mod transport;
pub mod worker;

pub use language::Locale;
