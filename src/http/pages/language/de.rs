//! German.

use chrono::{DateTime, Utc};

use super::{Grant, Invitation, Landed, Language, Place, Proof, Reset, Welcome};
use crate::app::invitation_link::LinkState;
use crate::auth::password;
use crate::error::{UserError, UserErrorCode};
use crate::http::pages::sheet::{Field, Form, Grants, Input, Link, Quote, Sheet};
use crate::http::pages::trouble::Trouble;
use crate::text;

pub(super) struct German;

impl Language for German {
    fn invitation(&self, facts: &Invitation) -> Sheet {
        let Invitation { organization, inviter, .. } = facts;
        match facts.state {
            LinkState::NeedsSignUp | LinkState::NeedsSignIn | LinkState::Ready => open(facts),
            LinkState::ForAnotherUser => for_another_user(facts),
            LinkState::Expired => notice(
                "Diese Einladung ist abgelaufen",
                [
                    format!(
                        "{inviter} hat Sie zu {organization} eingeladen, aber die Frist zum Annehmen \
                         ist vorbei."
                    ),
                    format!("Bitten Sie {inviter} um eine neue Einladung."),
                ],
            ),
            LinkState::Revoked => notice(
                "Diese Einladung wurde zurückgezogen",
                [
                    format!(
                        "{inviter} hat Sie zu {organization} eingeladen, aber die Einladung wurde \
                         zurückgezogen."
                    ),
                    format!("Falls Sie das für ein Versehen halten, fragen Sie {inviter}."),
                ],
            ),
            LinkState::Declined => notice(
                "Diese Einladung wurde abgelehnt",
                [
                    format!(
                        "{inviter} hat Sie zu {organization} eingeladen, und die Einladung wurde \
                         abgelehnt. Es ist nichts mehr zu tun."
                    ),
                    format!(
                        "Falls das ein Versehen war, bitten Sie {inviter} um eine neue Einladung."
                    ),
                ],
            ),
            LinkState::AlreadyAccepted => notice(
                "Diese Einladung wurde angenommen",
                [
                    format!(
                        "{inviter} hat Sie zu {organization} eingeladen, und die Einladung wurde \
                         bereits angenommen."
                    ),
                    "Melden Sie sich in Ihrer Anwendung an, um fortzufahren.".to_owned(),
                ],
            ),
            LinkState::InviterLostAccess => notice(
                "Diese Einladung gilt nicht mehr",
                [
                    format!(
                        "{inviter} hat Sie zu {organization} eingeladen, darf Ihnen den versprochenen \
                         Zugang aber nicht mehr geben."
                    ),
                    format!("Bitten Sie die Verwaltung von {organization} um eine neue Einladung."),
                ],
            ),
        }
    }

    fn decline(&self, facts: &Invitation) -> Sheet {
        let Invitation { organization, inviter, .. } = facts;
        Sheet {
            heading: format!("Einladung zu {organization} ablehnen?"),
            paragraphs: vec![format!(
                "Der Link gilt dann nicht mehr. Falls Sie es sich anders überlegen, muss {inviter} Sie \
                 noch einmal einladen."
            )],
            form: Some(Form { button: "Ablehnen".to_owned(), ..Form::default() }),
            links: vec![Link::new(&facts.path, "Zurück zur Einladung")],
            ..Sheet::default()
        }
    }

    fn welcome(&self, facts: &Welcome) -> Sheet {
        let Welcome { name, email, .. } = facts;
        let paragraphs = match &facts.account {
            Some(landed) => vec![
                place(landed),
                format!(
                    "Sie können diese Seite jetzt schließen. Öffnen Sie Ihre Anwendung und melden Sie \
                     sich dort als {email} mit Ihrem Passwort an."
                ),
            ],
            None => vec![
                "Sie sind dabei, aber es gibt noch kein Konto, das Sie öffnen können.".to_owned(),
                "Bitten Sie die Person, die Sie eingeladen hat, oder die Verwaltung um Zugang zu einem \
                 Konto."
                    .to_owned(),
            ],
        };
        Sheet {
            heading: format!("Willkommen, {name}"),
            paragraphs,
            links: tools(facts.development, false),
            ..Sheet::default()
        }
    }

    fn signed_out(&self) -> Sheet {
        notice(
            "Sie sind hier abgemeldet",
            [
                "Öffnen Sie Ihre Anwendung und melden Sie sich dort mit Ihrer Adresse und Ihrem Passwort an.",
            ],
        )
    }

    fn verify_email(&self, proof: Proof) -> Sheet {
        match proof {
            Proof::Open => Sheet {
                heading: "E-Mail-Adresse bestätigen".to_owned(),
                paragraphs: vec![
                    "Dieser Link kam mit einer E-Mail zu Ihnen. Mit der Schaltfläche bestätigen Sie, \
                     dass die Adresse Ihnen gehört."
                        .to_owned(),
                ],
                form: Some(Form { button: "Adresse bestätigen".to_owned(), ..Form::default() }),
                ..Sheet::default()
            },
            Proof::Given => notice(
                "Ihre Adresse ist bestätigt",
                ["Vielen Dank. Sie können diese Seite jetzt schließen."],
            ),
            Proof::Refused => notice(
                "Dieser Link funktioniert nicht",
                [
                    "Falls Sie Ihre Adresse schon bestätigt haben, ist nichts mehr zu tun.",
                    "Prüfen Sie sonst, ob Sie den ganzen Link aus der neuesten E-Mail geöffnet haben: \
                     Ein Link gilt nur einmal und nur für einige Tage.",
                ],
            ),
        }
    }

    fn reset_password(&self, step: Reset) -> Sheet {
        let form = |field, button: &str| {
            Some(Form { fields: vec![field], button: button.to_owned(), ..Form::default() })
        };
        match step {
            Reset::Ask => Sheet {
                form: form(Field::new(Input::Email, "E-Mail-Adresse", None), "Link schicken"),
                ..notice(
                    "Passwort vergessen?",
                    ["Wir schicken Ihnen einen Link, mit dem Sie ein neues setzen."],
                )
            },
            Reset::Asked => notice(
                "Sehen Sie in Ihre E-Mails",
                [
                    "Falls jemand hier diese Adresse hat, ist eine E-Mail mit einem Link unterwegs. Er \
                     gilt eine Stunde.",
                    "Nach einigen Minuten noch nichts? Sehen Sie im Spam-Ordner nach, oder prüfen Sie \
                     die Adresse.",
                ],
            ),
            Reset::Open => {
                let hint = format!("Mindestens {} Zeichen.", password::MIN_LENGTH);
                let field = Field::new(Input::NewPassword, "Neues Passwort", Some(hint));
                Sheet {
                    form: form(field, "Passwort setzen"),
                    ..notice("Neues Passwort wählen", ["Sie werden überall abgemeldet."])
                }
            }
            Reset::Done => notice(
                "Ihr Passwort ist gesetzt",
                ["Öffnen Sie Ihre Anwendung und melden Sie sich dort mit dem neuen Passwort an."],
            ),
            Reset::Refused => Sheet {
                links: vec![Link::new("/reset-password", "Neuen Link schicken")],
                ..notice("Dieser Link gilt nicht", ["Ein Link gilt einmal, eine Stunde lang."])
            },
        }
    }

    fn front(&self, development: bool, mailbox: bool) -> Sheet {
        let what = "Dieser Server weiß, wer in welcher Organisation mit welchen Rollen arbeitet.";
        let next = if development {
            "Er läuft zur Entwicklung:"
        } else {
            "Ihre Anwendung spricht mit ihm; hier ist nichts zu tun."
        };
        Sheet { links: tools(development, mailbox), ..notice("Rolecall", [what, next]) }
    }

    fn trouble(&self, trouble: Trouble, request_id: &str) -> Sheet {
        match trouble {
            Trouble::Unknown => notice(
                "Hier ist nichts",
                ["Falls Sie einem Link aus einer E-Mail gefolgt sind: Prüfen Sie, ob Sie den ganzen \
                  Link aus der neuesten E-Mail geöffnet haben."],
            ),
            Trouble::Forged => notice(
                "Dieses Formular kam von anderswo",
                ["Es wurde nicht von unserer eigenen Seite gesendet, darum ist nichts geschehen. Öffnen \
                  Sie den Link in Ihrer E-Mail und machen Sie von dort aus weiter."],
            ),
            Trouble::Unreadable(_) => notice(
                "Dieses Formular ist nicht lesbar",
                ["Es ist nichts geschehen. Gehen Sie zurück, prüfen Sie Ihre Eingaben und versuchen Sie \
                  es noch einmal."],
            ),
            Trouble::Refused => notice(
                "Das ist nicht möglich",
                ["Es ist nichts geschehen. Fragen Sie die Person, die Sie eingeladen hat, oder die \
                  Verwaltung."],
            ),
            Trouble::Conflict => notice(
                "Bitte versuchen Sie es noch einmal",
                ["Im selben Augenblick hat sich etwas anderes geändert, darum ist nichts geschehen. \
                  Gehen Sie zurück und versuchen Sie es noch einmal."],
            ),
            Trouble::TooMany => notice(
                "Zu viele Versuche",
                ["Es ist nichts geschehen. Warten Sie eine Minute, gehen Sie zurück und versuchen Sie \
                  es noch einmal."],
            ),
            Trouble::Ours => notice(
                "Etwas ist schiefgegangen",
                [
                    "Das ist unser Fehler, nicht Ihrer. Bitte versuchen Sie es in einigen Minuten noch \
                     einmal."
                        .to_owned(),
                    format!(
                        "Falls es wieder geschieht, sagen Sie es denen, die diesen Server betreiben: \
                         Anfrage {request_id}."
                    ),
                ],
            ),
        }
    }

    fn problems(&self) -> String {
        "Bitte prüfen Sie".to_owned()
    }

    fn refusal(&self, error: &UserError) -> String {
        match error.code {
            UserErrorCode::InvalidName => {
                format!(
                    "Geben Sie Ihren Namen ein: 1 bis {} Zeichen in einer Zeile.",
                    text::NAME_MAX
                )
            }
            UserErrorCode::InvalidPassword => {
                let (min, max) = (password::MIN_LENGTH, password::MAX_LENGTH);
                format!("Wählen Sie ein Passwort mit {min} bis {max} Zeichen.")
            }
            UserErrorCode::InvalidEmail => {
                "Geben Sie eine E-Mail-Adresse ein, etwa ann@corp.example.".to_owned()
            }
            UserErrorCode::InvalidCredentials => {
                "Das ist nicht das Passwort zu dieser Adresse.".to_owned()
            }
            UserErrorCode::SignInRequired => {
                "Geben Sie Ihr Passwort ein, um anzunehmen.".to_owned()
            }
            UserErrorCode::WrongUser => {
                "Die Einladung gilt einer anderen Adresse als der, mit der Sie angemeldet sind."
                    .to_owned()
            }
            _ => "Die Einladung kann so nicht angenommen werden. Bitten Sie die Person, die Sie \
                  eingeladen hat, um eine neue."
                .to_owned(),
        }
    }
}

/// An invitation that waits for its invitee.
fn open(facts: &Invitation) -> Sheet {
    let Invitation { organization, masked_email, .. } = facts;
    let join = format!("{organization} beitreten");
    let form = match (facts.state, &facts.viewer) {
        (LinkState::NeedsSignUp, _) => Form {
            heading: Some("Einladung annehmen".to_owned()),
            paragraphs: vec![format!(
                "Die Einladung gilt {masked_email}. Ihr Link beweist, dass diese Adresse Ihnen gehört; \
                 Sie müssen nur noch ein Passwort wählen."
            )],
            fields: vec![
                Field::new(Input::Name, "Ihr Name", None),
                Field::new(
                    Input::NewPassword,
                    "Passwort",
                    Some(format!("Mindestens {} Zeichen.", password::MIN_LENGTH)),
                ),
            ],
            button: join,
            ..Form::default()
        },
        (LinkState::NeedsSignIn, _) => Form {
            heading: Some("Einladung annehmen".to_owned()),
            paragraphs: vec![format!(
                "Die Einladung gilt {masked_email}. Zu dieser Adresse gibt es schon ein Passwort; geben \
                 Sie es ein, um anzunehmen."
            )],
            fields: vec![Field::new(Input::Password, "Passwort", None)],
            button: format!("Anmelden und {organization} beitreten"),
            ..Form::default()
        },
        (_, viewer) => Form {
            heading: Some("Einladung annehmen".to_owned()),
            paragraphs: viewer.iter().map(signed_in).collect(),
            button: join,
            ..Form::default()
        },
    };
    let mut links = vec![decline_link(facts)];
    if facts.state == LinkState::NeedsSignIn {
        links.insert(0, Link::new("/reset-password", "Passwort vergessen?"));
    }
    Sheet {
        heading: format!("Einladung zu {organization}"),
        paragraphs: vec![
            invites(facts),
            format!("Sie können bis zum {} annehmen.", moment(facts.expires_at)),
        ],
        quote: facts
            .message
            .clone()
            .map(|text| Quote { heading: format!("{} schreibt:", facts.inviter), text }),
        grants: Some(&facts.grants).filter(|grants| !grants.is_empty()).map(|grants| Grants {
            heading: "Ihre Rollen werden sein".to_owned(),
            lines: grants.iter().map(line).collect(),
        }),
        form: Some(form),
        links,
        ..Sheet::default()
    }
}

fn for_another_user(facts: &Invitation) -> Sheet {
    let Invitation { organization, masked_email, .. } = facts;
    let mut paragraphs = vec![invites(facts)];
    paragraphs.extend(facts.viewer.iter().map(signed_in));
    paragraphs.push(format!(
        "Die Einladung gilt {masked_email}. Falls auch diese Adresse Ihnen gehört, melden Sie sich hier \
         ab, um mit ihr fortzufahren."
    ));
    Sheet {
        heading: format!("Einladung zu {organization}"),
        paragraphs,
        form: Some(Form {
            action: Some(format!("{}/sign-out", facts.path)),
            button: "Abmelden und fortfahren".to_owned(),
            ..Form::default()
        }),
        links: vec![decline_link(facts)],
        ..Sheet::default()
    }
}

fn invites(facts: &Invitation) -> String {
    format!("{} lädt Sie ein, Mitglied von {} zu werden.", facts.inviter, facts.organization)
}

fn signed_in((name, email): &(String, String)) -> String {
    format!("Sie sind angemeldet als {name} ({email}).")
}

fn decline_link(facts: &Invitation) -> Link {
    Link::new(format!("{}/decline", facts.path), "Ich möchte nicht beitreten")
}

fn line(grant: &Grant) -> (String, String) {
    let place = match &grant.place {
        Place::Organization(name) => format!("in der Organisation {name}"),
        Place::Account(name) => format!("im Konto {name}"),
        Place::Subaccount(name, parent) => format!("im Unterkonto {name} von {parent}"),
        Place::BillingGroup(name) => format!("für die Abrechnungsgruppe {name}"),
    };
    let place = match grant.until {
        Some(until) => format!("{place}, bis zum {}", moment(until)),
        None => place,
    };
    (grant.role.clone(), place)
}

fn place(landed: &Landed) -> String {
    let Landed { account, organization, roles, .. } = landed;
    let parent = landed.parent.as_ref().map(|parent| format!(" (in {parent})")).unwrap_or_default();
    let roles = match &roles[..] {
        [] => String::new(),
        [role] => format!(", als {role}"),
        [most @ .., last] => format!(", als {} und {last}", most.join(", ")),
    };
    format!("Sie sind im Konto {account}{parent} von {organization}{roles}.")
}

fn tools(development: bool, mailbox: bool) -> Vec<Link> {
    let graphiql =
        development.then(|| Link::new("/graphiql", "GraphiQL: die Schnittstelle ausprobieren"));
    let mailbox = mailbox.then(|| Link::new("/mailbox", "Postfach: die E-Mails lesen"));
    graphiql.into_iter().chain(mailbox).collect()
}

fn notice<T: Into<String>, const N: usize>(heading: &str, paragraphs: [T; N]) -> Sheet {
    Sheet {
        heading: heading.to_owned(),
        paragraphs: paragraphs.map(Into::into).into(),
        ..Sheet::default()
    }
}

/// `28.11.2026, 03:40 Uhr (UTC)`
fn moment(at: DateTime<Utc>) -> String {
    at.format("%-d.%-m.%Y, %H:%M Uhr (UTC)").to_string()
}
