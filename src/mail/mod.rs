//! Mail: messages ([`message`], in the [words](crate::words) of every language), queued in the transaction that causes them
//! ([`outbox`]), sent after its commit ([`worker`]) to a mail server or into the development mailbox
//! ([`transport`]). R53.

mod compose;
mod letter;
mod letters;
mod limit;
pub mod message;
pub mod outbox;
pub mod previews;
pub mod smtp;
mod smtp_url;
pub mod transport;
pub mod worker;

pub use crate::words::Locale;
