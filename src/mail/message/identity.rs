//! The facts of what we write to people about their own identity.

use chrono::{DateTime, Utc};

/// The facts of [`super::Message::VerifyEmail`].
pub struct VerifyEmail {
    /// The user.
    pub name: String,
    /// The page that proves the address, token included.
    pub link: String,
    /// Until when it does.
    pub expires_at: DateTime<Utc>,
}

/// The facts of [`super::Message::PasswordReset`].
pub struct PasswordReset {
    /// The user.
    pub name: String,
    /// The page that sets a password, token included.
    pub link: String,
    /// Until when it does.
    pub expires_at: DateTime<Utc>,
}

/// The facts of [`super::Message::PasswordChanged`].
pub struct PasswordChanged {
    /// The user.
    pub name: String,
    /// Where to ask for a link, if it was somebody else.
    pub link: String,
    /// When it was.
    pub at: DateTime<Utc>,
}

/// The facts of [`super::Message::EmailChange`].
pub struct EmailChange {
    /// The user.
    pub name: String,
    /// The page that proves the new address, token included.
    pub link: String,
    /// Until when it does.
    pub expires_at: DateTime<Utc>,
}

/// The facts of [`super::Message::EmailChangeRequested`].
pub struct EmailChangeRequested {
    /// The user.
    pub name: String,
    /// The new address, masked: this mail may be read by others than the user.
    pub new_email: String,
    /// Where to ask for a link to set a password, which ends the change too.
    pub link: String,
    /// When it was asked for.
    pub at: DateTime<Utc>,
}

/// The facts of [`super::Message::EmailChanged`].
pub struct EmailChanged {
    /// The user.
    pub name: String,
    /// The new address, masked as before.
    pub new_email: String,
    /// When it was.
    pub at: DateTime<Utc>,
}
