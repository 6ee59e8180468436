//! E-mail addresses: what is one, who it is, and whose domain it is at (R41, R42).

use std::sync::LazyLock;

use lettre::address::AddressError;

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

/// The longest address, in octets (RFC 5321 §4.5.3.1.3, less the angle brackets).
const ADDRESS_MAX: usize = 254;
/// The longest domain that can be decided about, in octets: names below it have to fit into the 253 that a
/// name may have.
const DOMAIN_MAX: usize = 200;

static PERSONAL: LazyLock<Vec<&str>> =
    LazyLock::new(|| include_str!("email_domains/personal.txt").lines().collect());
static DISPOSABLE: LazyLock<Vec<&str>> =
    LazyLock::new(|| include_str!("email_domains/disposable.txt").lines().collect());

impl Address {
    /// Reads an address (R42). Which texts are addresses at all is for the library to say (RFC 5321, and
    /// RFC 5322 for quoted names); we narrow it down to what people have, and say what is wrong.
    ///
    /// # Errors
    /// `INVALID_EMAIL` at `path`, saying what is wrong with it, and with which domain.
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
        let at = |domain: &str, why: &str| {
            refuse(&format!("{} {why}", quoted(domain))).domain(&shown(domain))
        };
        let address: lettre::Address = typed.parse().map_err(|error| match error {
            AddressError::MissingParts => refuse("there is no @"),
            AddressError::InvalidDomain => {
                at(typed.rsplit('@').next().unwrap_or_default(), "is not a domain name")
            }
            _ => refuse(
                "before the @ stand 1 to 64 characters, and there are some that addresses do not have",
            ),
        })?;
        let (local, domain) = (address.user(), address.domain());
        if !local.is_ascii() {
            return Err(refuse("only ASCII characters are accepted before the @"));
        }
        // Mail programs accept quoted local parts and address literals; people never mean them.
        if local.starts_with('"') || domain.starts_with('[') {
            return Err(refuse("quoted names and address literals are not accepted"));
        }
        let ascii = to_ascii(domain).ok_or_else(|| at(domain, "is not a domain name"))?;
        let key = format!("{}@{ascii}", local.to_ascii_lowercase());
        if key.len() > ADDRESS_MAX {
            return Err(refuse("more than 254 characters"));
        }
        if registrable(&ascii).is_none() {
            return Err(at(&ascii, "is not a domain that anybody can have mail at"));
        }
        Ok(Self { typed: typed.to_owned(), key, domain: ascii })
    }

    /// The domain, in ASCII and lower case.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// Refuses addresses at free mailbox providers and throw-away services (R41). Matching is by
    /// registrable domain (public suffix list), never by substring.
    ///
    /// # Errors
    /// `PERSONAL_EMAIL_DOMAIN` or `DISPOSABLE_EMAIL_DOMAIN` at `path`, naming the domain that matched.
    pub fn require_work(&self, path: &str) -> Result<(), UserError> {
        let (domain, code, gives) = match provider(&self.domain) {
            None => return Ok(()),
            Some(Provider::Personal(domain)) => {
                (domain, UserErrorCode::PersonalEmailDomain, "gives mailboxes to private persons")
            }
            Some(Provider::Disposable(domain)) => {
                (domain, UserErrorCode::DisposableEmailDomain, "gives out throw-away addresses")
            }
        };
        let message = format!("{domain} {gives}; a work address is needed");
        Err(UserError::new(code, path, message)
            .domain(domain)
            .help("Use the address that the person has at their company."))
    }
}

/// Whose mailboxes there are at a domain, with the registrable domain that is on the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provider<'a> {
    /// Anybody's.
    Personal(&'a str),
    /// Anybody's, for an hour.
    Disposable(&'a str),
}

/// The provider of mailboxes for everybody that a domain belongs to, if it belongs to one. Two searches
/// by halves in lists that are in the program.
#[must_use]
pub fn provider(domain: &str) -> Option<Provider<'_>> {
    let domain = registrable(domain)?;
    if PERSONAL.binary_search(&domain).is_ok() {
        return Some(Provider::Personal(domain));
    }
    DISPOSABLE.binary_search(&domain).is_ok().then_some(Provider::Disposable(domain))
}

/// Reads a domain that somebody can have mail at, as people write it: in any case, in letters of their
/// own, with the @ of an address or the dot at its end. Gives it in ASCII and lower case.
///
/// # Errors
/// `INVALID_DOMAIN` at `path`, naming the domain.
pub fn domain(path: &str, input: &str) -> Result<String, UserError> {
    let typed = input.trim();
    let typed = typed.strip_prefix('@').unwrap_or(typed);
    let typed = typed.strip_suffix('.').unwrap_or(typed);
    let refuse = |domain: &str, why: &str| {
        let message = format!("{} {why}", quoted(domain));
        UserError::new(UserErrorCode::InvalidDomain, path, message).domain(&shown(domain))
    };
    let ascii = to_ascii(typed).ok_or_else(|| refuse(typed, "is not a domain name"))?;
    if ascii.len() > DOMAIN_MAX {
        return Err(refuse(&ascii, "is longer than 200 characters"));
    }
    if registrable(&ascii).is_none() {
        let why =
            "is not a domain that anybody can have mail at: everybody registers theirs below it";
        return Err(refuse(&ascii, why));
    }
    Ok(ascii)
}

/// A domain and those above it, up to the registrable one: what a rule or proof may be about.
pub fn lineage(domain: &str) -> impl Iterator<Item = &str> {
    let top = registrable(domain).unwrap_or(domain).len();
    std::iter::successors(Some(domain), |below| below.split_once('.').map(|(_, above)| above))
        .take_while(move |name| name.len() >= top)
}

/// A domain name in ASCII and lower case (RFC 5891). None for what is none; an address of a host is none.
fn to_ascii(domain: &str) -> Option<String> {
    let ascii = idna::domain_to_ascii_strict(domain).ok()?;
    ascii.parse::<std::net::IpAddr>().is_err().then_some(ascii)
}

/// The registrable part of a domain: `example.co.uk` of `mail.example.co.uk`.
fn registrable(domain: &str) -> Option<&str> {
    psl::domain_str(domain)
}

/// What somebody typed for a domain, as far as it can be repeated to them.
fn shown(domain: &str) -> String {
    domain.chars().filter(|c| !c.is_control()).take(DOMAIN_MAX).collect()
}

fn quoted(domain: &str) -> String {
    format!("{:?}", shown(domain))
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
    fn r41_every_refusal_names_the_domain() {
        let refused = |input: &str| {
            let read = Address::parse("email", input);
            let error = read.and_then(|address| address.require_work("email")).unwrap_err();
            let domain = error.domain.unwrap();
            assert!(error.message.contains(&domain), "{}", error.message);
            domain
        };
        assert_eq!(refused("a@mail.GMAIL.com"), "gmail.com");
        assert_eq!(refused("a@x.mailinator.com."), "mailinator.com");
        assert_eq!(refused("a@exa_mple.org"), "exa_mple.org");
        assert_eq!(refused("a@example..org"), "example..org");
        assert_eq!(refused("a@co.uk"), "co.uk");
        assert_eq!(refused("a@127.0.0.1"), "127.0.0.1");
    }

    #[test]
    fn r41_a_domain_is_read_as_people_write_it() {
        for (typed, read) in [
            (" @Acme.Example. ", "acme.example"),
            ("Bücher.example", "xn--bcher-kva.example"),
            ("eu.acme.co.uk", "eu.acme.co.uk"),
        ] {
            assert_eq!(domain("domain", typed).unwrap(), read);
        }
        let long = format!("{}example.org", "a.".repeat(100));
        for typed in
            ["", ".", "com", "co.uk", "localhost", "10.0.0.1", "a b.org", "a@b.org", "-.org", &long]
        {
            let error = domain("domain", typed).unwrap_err();
            assert_eq!(error.code, UserErrorCode::InvalidDomain, "{typed}");
        }
    }

    #[test]
    fn r41_a_rule_can_be_about_a_domain_and_those_above_it() {
        let of = |domain| lineage(domain).collect::<Vec<_>>();
        assert_eq!(of("a.b.acme.co.uk"), ["a.b.acme.co.uk", "b.acme.co.uk", "acme.co.uk"]);
        assert_eq!(of("acme.example"), ["acme.example"]);
    }

    /// Looking an address up costs nothing measurable: parsed, its domain cut out and looked for in both
    /// lists, in some microseconds even without optimization. The bound leaves room for a busy machine;
    /// walking the lists, or reading them anew, would take a hundred times as long.
    #[test]
    fn r41_looking_up_costs_nothing_measurable() {
        let inputs =
            ["ann@acme.example", "a@notgmail.com", "a@mail.gmail.com", "a@x.mailinator.com"];
        // The first use cuts the lists into lines.
        let found: Vec<bool> = inputs.iter().map(|input| code(input).is_err()).collect();
        assert_eq!(found, [false, false, true, true]);
        let (rounds, began) = (5_000_u32, std::time::Instant::now());
        for _ in 0..rounds {
            for input in inputs {
                std::hint::black_box(code(std::hint::black_box(input)).is_ok());
            }
        }
        let each = began.elapsed() / (rounds * 4);
        assert!(each < std::time::Duration::from_micros(200), "{each:?} for one address");
    }

    #[test]
    fn the_lists_are_sorted_because_they_are_searched_by_halves() {
        assert!(PERSONAL.is_sorted() && DISPOSABLE.is_sorted());
    }
}
