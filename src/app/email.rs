//! E-mail addresses: what is one, who it is, and whose domain it is at (R41, R42).

use std::sync::LazyLock;

use crate::error::{UserError, UserErrorCode};

/// An address that can be written to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// As it was typed, but for surrounding space and a trailing dot: for display and delivery.
    pub typed: String,
    /// The identity: lower case, the domain in ASCII (RFC 5890).
    pub key: String,
    /// The domain, in ASCII.
    domain: String,
}

/// The longest local part, in octets (RFC 5321 §4.5.3.1.1).
const LOCAL_MAX: usize = 64;
/// The longest address, in octets (RFC 5321 §4.5.3.1.3, less the angle brackets).
const ADDRESS_MAX: usize = 254;

static PERSONAL: LazyLock<Vec<&str>> =
    LazyLock::new(|| include_str!("email_domains/personal.txt").lines().collect());
static DISPOSABLE: LazyLock<Vec<&str>> =
    LazyLock::new(|| include_str!("email_domains/disposable.txt").lines().collect());

impl Address {
    /// Reads an address (R42).
    ///
    /// # Errors
    /// `INVALID_EMAIL` at `path`, saying what is wrong with it.
    pub fn parse(path: &str, input: &str) -> Result<Self, UserError> {
        let refuse = |why: &str| {
            UserError::new(
                UserErrorCode::InvalidEmail,
                path,
                format!("not an e-mail address: {why}"),
            )
        };
        let typed = input.trim();
        let typed = typed.strip_suffix('.').unwrap_or(typed);
        let (local, domain) = typed.rsplit_once('@').ok_or_else(|| refuse("there is no @"))?;
        if local.len() > LOCAL_MAX {
            return Err(refuse("more than 64 characters before the @"));
        }
        if !local.is_ascii() {
            return Err(refuse("only ASCII characters are accepted before the @"));
        }
        // Mail programs accept quoted local parts and address literals; people never mean them.
        if local.starts_with('"') || domain.starts_with('[') {
            return Err(refuse("quoted names and address literals are not accepted"));
        }
        let ascii = idna::domain_to_ascii_strict(domain)
            .map_err(|_| refuse("what follows the @ is not a domain name"))?;
        let key = format!("{}@{ascii}", local.to_ascii_lowercase());
        if key.len() > ADDRESS_MAX {
            return Err(refuse("more than 254 characters"));
        }
        if key.parse::<lettre::Address>().is_err() {
            return Err(refuse("it has characters that addresses do not have"));
        }
        let is_host = ascii.parse::<std::net::IpAddr>().is_err();
        if !is_host || registrable(&ascii).is_none() {
            return Err(refuse("its domain is not one that anybody can have mail at"));
        }
        Ok(Self { typed: typed.to_owned(), key, domain: ascii })
    }

    /// Refuses addresses at free mailbox providers and throw-away services (R41). Matching is by
    /// registrable domain (public suffix list), never by substring.
    ///
    /// # Errors
    /// `PERSONAL_EMAIL_DOMAIN` or `DISPOSABLE_EMAIL_DOMAIN` at `path`, naming the domain that matched.
    pub fn require_work(&self, path: &str) -> Result<(), UserError> {
        let Some(domain) = registrable(&self.domain) else { return Ok(()) };
        if PERSONAL.binary_search(&domain).is_ok() {
            let message =
                format!("{domain} gives mailboxes to private persons; a work address is needed");
            return Err(UserError::new(UserErrorCode::PersonalEmailDomain, path, message)
                .help("Use the address that the person has at their company."));
        }
        if DISPOSABLE.binary_search(&domain).is_ok() {
            let message =
                format!("{domain} gives out throw-away addresses; a work address is needed");
            return Err(UserError::new(UserErrorCode::DisposableEmailDomain, path, message)
                .help("Use the address that the person has at their company."));
        }
        Ok(())
    }
}

/// The registrable part of a domain: `example.co.uk` of `mail.example.co.uk`.
fn registrable(domain: &str) -> Option<&str> {
    psl::domain_str(domain)
}

/// An address as strangers may see it: the first letter and the domain (R49).
#[must_use]
pub fn masked(email: &str) -> String {
    match email.rsplit_once('@') {
        Some((local, domain)) => format!("{}•••@{domain}", local.chars().next().unwrap_or('•')),
        None => "•••".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(input: &str) -> Result<(), UserErrorCode> {
        Address::parse("email", input)
            .and_then(|address| address.require_work("email"))
            .map_err(|error| error.code)
    }

    #[test]
    fn r41_personal_domains_are_found_however_they_are_written() {
        for input in
            ["a@gmail.com", "a@GMAIL.com.", "a@mail.gmail.com", "a@Gmail.Com", "a@yahoo.co.uk"]
        {
            assert_eq!(code(input), Err(UserErrorCode::PersonalEmailDomain), "{input}");
        }
        assert_eq!(code("a@mailinator.com"), Err(UserErrorCode::DisposableEmailDomain));
    }

    #[test]
    fn r41_look_alikes_are_let_through() {
        for input in
            ["a@notgmail.com", "a@gmail.com.example.org", "gmail.com@example.org", "a@acme.example"]
        {
            assert_eq!(code(input), Ok(()), "{input}");
        }
    }

    #[test]
    fn r42_an_address_is_normalized_for_identity_and_kept_for_delivery() {
        let address = Address::parse("email", " Ann.Lee@Bücher.Example. ").unwrap();
        assert_eq!(address.typed, "Ann.Lee@Bücher.Example");
        assert_eq!(address.key, "ann.lee@xn--bcher-kva.example");
    }

    #[test]
    fn r42_what_is_no_address_is_refused() {
        let long = format!("{}@example.org", "a".repeat(65));
        let cases = [
            "",
            "ann",
            "@example.org",
            "ann@",
            "ann@localhost",
            "a b@example.org",
            "ann@exa_mple.org",
            "ann@example..org",
            "ann@[127.0.0.1]",
            "ann@127.0.0.1",
            "\"ann\"@example.org",
            "änn@example.org",
            "ann@com",
            "ann@example.org\nBcc: x@y.org",
            &long,
        ];
        for input in cases {
            assert_eq!(code(input), Err(UserErrorCode::InvalidEmail), "{input}");
        }
    }

    #[test]
    fn the_lists_are_sorted_because_they_are_searched_by_halves() {
        assert!(PERSONAL.is_sorted() && DISPOSABLE.is_sorted());
    }
}
