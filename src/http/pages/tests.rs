use axum::body::{Body, to_bytes};
use entity::id::OrganizationId;
use tower::ServiceExt;

use super::facts::{Door, Grant, Invitation, Landed, Place, Proof, Reset, Way, Welcome};
use super::sheet::Input;
use super::*;
use crate::app::invitation_link::LinkState;
use crate::error::{UserError, UserErrorCode};
use crate::words::Locale;

const STATES: [LinkState; 10] = [
    LinkState::Ready,
    LinkState::NeedsSignUp,
    LinkState::NeedsSignIn,
    LinkState::ForAnotherUser,
    LinkState::Expired,
    LinkState::Revoked,
    LinkState::Declined,
    LinkState::AlreadyAccepted,
    LinkState::InviterLostAccess,
    LinkState::SeatsExhausted,
];

const TROUBLES: [Trouble; 7] = [
    Trouble::Unknown,
    Trouble::Forged,
    Trouble::Unreadable(StatusCode::PAYLOAD_TOO_LARGE),
    Trouble::Refused,
    Trouble::Conflict,
    Trouble::TooMany,
    Trouble::Ours,
];

fn invitation(state: LinkState) -> Invitation {
    let until = "2027-03-31T22:00:00Z".parse().unwrap();
    let grant = |role: &str, place, until| Grant { role: role.to_owned(), place, until };
    let (account, parent) = ("Production".to_owned(), "Europe".to_owned());
    Invitation {
        state,
        path: "/invitations/TOKEN".to_owned(),
        organization: "Fish & Chips <Ltd>".to_owned(),
        inviter: "Ines O'Hara".to_owned(),
        masked_email: "a•••@corp.example".to_owned(),
        message: Some("Welcome on board!\nSee you on Monday.".to_owned()),
        grants: vec![
            grant("Standard User", Place::Organization("Fish & Chips <Ltd>".to_owned()), None),
            grant("Administrator", Place::Account(account.clone()), Some(until)),
            grant("Developer", Place::Subaccount(account, parent), None),
            grant("Payer", Place::BillingGroup("North".to_owned()), None),
        ],
        expires_at: "2026-11-28T03:40:00Z".parse().unwrap(),
        viewer: matches!(state, LinkState::Ready | LinkState::ForAnotherUser)
            .then(|| ("Ann Lee".to_owned(), "ann@corp.example".to_owned())),
        asked_at: None,
        application: Some("https://app.example/team".to_owned()),
    }
}

fn welcome(parent: Option<&str>) -> Welcome {
    Welcome {
        name: "Ann Lee".to_owned(),
        email: "ann@corp.example".to_owned(),
        account: Some(Landed {
            account: "Production".to_owned(),
            parent: parent.map(str::to_owned),
            organization: "Corp".to_owned(),
            roles: ["Administrator", "Developer", "Billing"].map(str::to_owned).into(),
        }),
        door: None,
        development: true,
        application: Some("myapp://home".to_owned()),
    }
}

/// A page whose language nobody has chosen.
fn plain(locale: Locale) -> Tongue {
    Tongue::of(&Uri::from_static("/"), &HeaderMap::new()).or(Some(locale))
}

/// Where the application is.
const TO: Option<&str> = Some("https://app.example/team");

fn door(way: Way) -> Door {
    let (organization, domain) = ("Fish & Chips <Ltd>".to_owned(), "corp.example".to_owned());
    let organization_id = OrganizationId(sea_orm::prelude::Uuid::from_u128(7));
    Door { organization_id, organization, domain, way }
}

/// Every page there is, in one language.
fn all(locale: Locale) -> Vec<(String, Sheet)> {
    let refuse = |state, code, field| {
        let error = UserError::new(code, field, "not in these words");
        let sheet = contents::invitation(locale, &invitation(state));
        sheet.refused(locale, &[error])
    };
    let mut pages: Vec<(String, Sheet)> = Vec::new();
    let mut add = |name: String, sheet| pages.push((name, sheet));
    for state in STATES {
        add(format!("{state:?}"), contents::invitation(locale, &invitation(state)));
    }
    for state in [LinkState::Expired, LinkState::InviterLostAccess] {
        let asked_at = Some("2026-11-29T08:00:00Z".parse().unwrap());
        let facts = Invitation { asked_at, ..invitation(state) };
        add(format!("{state:?}Asked"), contents::invitation(locale, &facts));
    }
    for step in [Reset::Ask, Reset::Asked, Reset::Open, Reset::Done, Reset::Refused] {
        add(format!("{step:?}"), contents::reset_password(locale, step, TO));
    }
    for proof in [Proof::Open, Proof::Given, Proof::Refused] {
        add(format!("Proof{proof:?}"), contents::verify_email(locale, proof, TO));
        add(format!("Change{proof:?}"), contents::change_email(locale, proof, TO));
    }
    for trouble in TROUBLES {
        add(format!("{trouble:?}"), contents::trouble(locale, trouble, "req_0123456789abcdef"));
    }
    let sign_up = [
        UserError::new(UserErrorCode::InvalidName, "name", "not in these words"),
        UserError::new(UserErrorCode::InvalidPassword, "password", "not in these words"),
    ];
    let sheet = contents::invitation(locale, &invitation(LinkState::NeedsSignUp));
    let sheet = sheet.refused(locale, &sign_up).typed(Input::Name, "Ann \"Lee\"".to_owned());
    add("SignUpRefused".into(), sheet);
    let code = UserErrorCode::InvalidCredentials;
    add("SignInRefused".into(), refuse(LinkState::NeedsSignIn, code, "password"));
    add("ReadyRefused".into(), refuse(LinkState::Ready, UserErrorCode::ExclusiveRoles, "token"));
    add("Decline".into(), contents::decline(locale, &invitation(LinkState::Ready)));
    add("Unsubscribe".into(), contents::unsubscribe(locale, &invitation(LinkState::Ready)));
    add("Unsubscribed".into(), contents::unsubscribed(locale, &invitation(LinkState::Expired)));
    add("Welcome".into(), contents::welcome(locale, &welcome(None)));
    add("WelcomeSubaccount".into(), contents::welcome(locale, &welcome(Some("Europe"))));
    let nowhere = Welcome { account: None, ..welcome(None) };
    add("WelcomeNowhere".into(), contents::welcome(locale, &nowhere));
    let at = "2026-11-28T03:40:00Z".parse().unwrap();
    for way in [Way::Join, Way::Ask, Way::Asked(at), Way::Contact("Ann <ann@x.example>".to_owned())]
    {
        let name = format!("Welcome{way:?}");
        let facts = Welcome { door: Some(door(way)), ..welcome(None) };
        add(name, contents::welcome(locale, &facts));
    }
    let facts = Welcome { door: Some(door(Way::Ask)), ..welcome(None) };
    let refused =
        UserError::new(UserErrorCode::NotJoinable, "organizationId", "not in these words");
    let sheet = contents::welcome(locale, &facts).refused(locale, &[refused]);
    add("WelcomeRefused".into(), sheet);
    add("Join".into(), contents::sign_in(locale));
    add("VerifiedDoor".into(), contents::verified(locale, Some(&door(Way::Join)), TO));
    add("SignedOut".into(), contents::signed_out(locale, TO));
    add("Front".into(), contents::front(locale, true, true));
    add("FrontProduction".into(), contents::front(locale, false, false));
    pages
}

/// Has every page say all that it can say: also what the pages above say only to some.
pub(crate) fn say_everything(locale: Locale) {
    for (_, sheet) in all(locale) {
        drop(page(StatusCode::OK, plain(locale), &sheet));
    }
    for parent in [None, Some("Europe")] {
        let mut facts = welcome(parent);
        facts.account.iter_mut().for_each(|landed| landed.roles.clear());
        contents::welcome(locale, &facts);
    }
    for code in [
        UserErrorCode::InvalidEmail,
        UserErrorCode::InvalidCredentials,
        UserErrorCode::WeakPassword,
        UserErrorCode::SignInRequired,
        UserErrorCode::WrongUser,
        UserErrorCode::EmailNotVerified,
        UserErrorCode::LimitReached,
    ] {
        contents::refusal(locale, &UserError::new(code, "password", "not in these words"));
    }
}

fn documents() -> impl Iterator<Item = (String, String)> {
    Locale::all().flat_map(|locale| {
        all(locale).into_iter().map(move |(name, sheet)| {
            (format!("{name} ({})", locale.tag()), sheet.render(plain(locale)).unwrap())
        })
    })
}

/// The values of an attribute wherever it occurs.
fn values<'a>(document: &'a str, attribute: &str) -> Vec<&'a str> {
    let start = format!(" {attribute}=\"");
    document.split(&start[..]).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

#[test]
fn every_page_can_be_read_by_a_screen_reader() {
    for (page, document) in documents() {
        assert!(document.contains("<html lang=\""), "{page}");
        assert_eq!(document.matches("<h1>").count(), 1, "{page}");
        let ids = values(&document, "id");
        let mut labels = values(&document, "for");
        let mut inputs: Vec<&str> = document.split("<input ").skip(1).collect();
        inputs
            .retain(|input| labels.iter().any(|label| input.contains(&format!("id=\"{label}\""))));
        assert_eq!(inputs.len(), document.matches("<input").count(), "{page}");
        let described = values(&document, "aria-describedby");
        labels.extend(described.iter().flat_map(|list| list.split_whitespace()));
        labels.extend(values(&document, "aria-labelledby"));
        labels.extend(values(&document, "href").iter().filter_map(|link| link.strip_prefix('#')));
        for label in labels {
            assert_eq!(ids.iter().filter(|id| **id == label).count(), 1, "{page}: #{label}");
        }
    }
}

#[test]
fn every_page_keeps_to_its_policy() {
    for (page, document) in documents() {
        for forbidden in
            ["<script", "style=", " on", "javascript:", "<style", "http://", "https://"]
        {
            let tags = document.split('<').filter_map(|tag| tag.split('>').next());
            // A link to the application leads elsewhere when it is followed, and loads nothing.
            let tags = tags.filter(|tag| !tag.starts_with("a href=\"https://app.example/team\""));
            assert!(
                !tags.into_iter().any(|tag| format!("<{tag}").contains(forbidden)),
                "{page}: {forbidden}"
            );
        }
    }
}

#[test]
fn names_cannot_bring_markup() {
    for (page, document) in documents() {
        assert!(!document.contains("<Ltd>"), "{page}");
    }
}

#[test]
fn a_refused_form_says_so_at_the_field_and_keeps_the_name_but_not_the_password() {
    let pages = all(Locale::default());
    let (_, sheet) = pages.into_iter().find(|(name, _)| name == "SignUpRefused").unwrap();
    let document = sheet.render(plain(Locale::default())).unwrap();
    let [name, password] = values(&document, "value")[..] else { panic!("{document}") };
    assert_eq!((name, password), ("Ann &#34;Lee&#34;", ""));
    assert_eq!(document.matches("aria-invalid").count(), 2);
    assert_eq!(
        values(&document, "aria-describedby"),
        ["name-error", "password-hint password-error"]
    );
    assert!(
        document.contains("<a href=\"#password\">Choose a password of 8 to 256 characters.</a>")
    );
    assert!(!document.contains("not in these words"));
}

#[test]
fn r49_a_link_that_leads_nowhere_any_more_shows_two_names_and_the_next_step() {
    for (page, document) in documents() {
        let dead = ["Expired", "Revoked", "Declined", "AlreadyAccepted", "InviterLost"];
        if !dead.iter().any(|state| page.starts_with(state)) {
            continue;
        }
        for hidden in ["corp.example", "Production", "Monday", "Ann Lee", "<input"] {
            assert!(!document.contains(hidden), "{page}: {hidden}");
        }
        assert!(document.contains("Ines") && document.contains("Chips"), "{page}");
        let ask =
            document.contains("<form method=\"post\" action=\"/invitations/TOKEN/new-link\">");
        let asks = ["Expired (", "InviterLostAccess ("];
        assert_eq!(ask, asks.iter().any(|state| page.starts_with(state)), "{page}");
        assert_eq!(document.contains("<form"), ask, "{page}");
        let open = document.contains("<a href=\"https://app.example/team\">");
        assert_eq!(open, page.starts_with("AlreadyAccepted"), "{page}");
        let asked = document.contains("29 November 2026, 08:00")
            || document.contains("29. November 2026, 08:00");
        assert_eq!(asked, page.contains("Asked"), "{page}");
    }
}

#[test]
fn every_page_can_be_read_in_every_language() {
    for locale in Locale::all() {
        let tongue =
            Tongue::of(&format!("/?lang={}", locale.tag()).parse().unwrap(), &HeaderMap::new());
        for (page, sheet) in all(locale) {
            let document = sheet.render(tongue).unwrap();
            for other in Locale::all().filter(|other| *other != locale) {
                let tag = other.tag();
                let link = format!("<a href=\"?lang={tag}\" lang=\"{tag}\" hreflang=\"{tag}\">");
                assert!(document.contains(&link), "{page}: {tag}");
            }
            // What was chosen goes along to every page of ours, and to none elsewhere.
            let ours = values(&document, "href").into_iter().chain(values(&document, "action"));
            for target in
                ours.filter(|target| target.starts_with('/') && !target.starts_with("/assets/"))
            {
                assert!(target.ends_with(&format!("?lang={}", locale.tag())), "{page}: {target}");
            }
        }
    }
}

#[test]
fn r49_a_mailed_link_is_found_however_its_path_is_written() {
    for (path, found) in [
        ("/INVITATIONS/ABC", "/invitations/ABC"),
        ("/invitations/abc/", "/invitations/abc"),
        ("//invitations//abc", "/invitations/abc"),
        ("/Invitations/abc/Decline", "/invitations/abc/decline"),
        ("/invitations/abc/%3E", "/invitations/abc"),
        ("/invitations/abc/decline).", "/invitations/abc/decline"),
        ("/VERIFY-EMAIL/%3Cabc%3E.", "/verify-email/abc"),
        ("/Reset-Password", "/reset-password"),
        ("/Change-Email/abc.", "/change-email/abc"),
    ] {
        assert_eq!(meant(path).as_deref(), Some(found), "{path}");
    }
    for path in
        ["/", "/graphql", "/invitation/abc", "/evil.example/invitations/abc", "/invitations/a/b:c"]
    {
        assert_eq!(meant(path), None, "{path}");
    }
}

#[tokio::test]
async fn what_goes_wrong_becomes_a_page_in_the_visitors_language() {
    let router = Router::new().route("/", get(async || Trouble::Conflict)).layer(from_fn(frame));
    let request = Request::get("/").header("accept-language", "de").body(Body::empty()).unwrap();
    let response = router.oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::CONFLICT);
    let headers = response.headers();
    assert_eq!(headers[CACHE_CONTROL], "no-store");
    assert_eq!(headers["x-robots-tag"], "noindex");
    assert!(headers[CONTENT_SECURITY_POLICY].to_str().unwrap().starts_with("default-src 'none';"));
    assert_eq!(headers[CONTENT_TYPE], "text/html; charset=utf-8");
    let body = to_bytes(response.into_body(), 100_000).await.unwrap();
    let body = String::from_utf8(body.to_vec()).unwrap();
    assert!(body.contains("<html lang=\"de\">") && body.contains("noch einmal"), "{body}");
}
