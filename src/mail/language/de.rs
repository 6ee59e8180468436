//! German.

use chrono::{DateTime, Datelike, Utc};

use super::Language;
use crate::mail::letter::{Action, Grants, Letter, Quote};
use crate::mail::message::{
    GrantsApplied, Invitation, InvitationAccepted, OfferEnd, Owned, OwnershipOfferEnded,
    OwnershipOffered, PasswordChanged, PasswordReset, VerifyEmail,
};

pub(super) struct German;

impl Language for German {
    fn invitation(&self, facts: &Invitation) -> Letter {
        let Invitation { inviter_name, inviter_email, organization_name, .. } = facts;
        let mut paragraphs = vec![format!(
            "{inviter_name} ({inviter_email}) lädt Sie ein, Mitglied von {organization_name} zu werden."
        )];
        if facts.resent {
            paragraphs.push(
                "Diese E-Mail enthält einen neuen Link. Der Link in der vorigen E-Mail gilt nicht mehr."
                    .to_owned(),
            );
        }
        Letter {
            subject: if facts.resent {
                format!("Erinnerung: Einladung von {inviter_name} zu {organization_name}")
            } else {
                format!("Einladung von {inviter_name} zu {organization_name}")
            },
            heading: format!("Einladung zu {organization_name}"),
            greeting: greeting(facts.invitee_name.as_deref()),
            paragraphs,
            quote: facts.note.clone().map(|text| Quote {
                heading: format!("{inviter_name} schreibt:"),
                text,
            }),
            grants: Some(Grants {
                heading: "Ihre Rollen werden sein:".to_owned(),
                lines: facts.grants.clone(),
            }),
            action: Some(Action {
                label: "Einladung ansehen".to_owned(),
                link: facts.link.clone(),
                note: Some(format!(
                    "Sie können die Einladung bis zum {} annehmen.",
                    moment(facts.expires_at)
                )),
                fallback: FALLBACK.to_owned(),
            }),
            small_print: vec![
                "Falls Sie diese Einladung nicht erwartet haben, können Sie diese E-Mail ignorieren: \
                 Es geschieht nichts, solange Sie nicht annehmen."
                    .to_owned(),
                "Der Link ist nur für Sie bestimmt. Bitte leiten Sie ihn nicht weiter.".to_owned(),
            ],
        }
    }

    fn grants_applied(&self, facts: &GrantsApplied) -> Letter {
        let GrantsApplied { granter_name, granter_email, organization_name, .. } = facts;
        Letter {
            subject: format!("Sie haben neue Rollen bei {organization_name}"),
            heading: format!("Neue Rollen bei {organization_name}"),
            greeting: greeting(Some(&facts.name)),
            paragraphs: vec![format!(
                "{granter_name} ({granter_email}) hat Ihnen weitere Rollen bei {organization_name} \
                 gegeben. Sie gelten ab sofort; Sie brauchen nichts anzunehmen."
            )],
            grants: Some(Grants {
                heading: "Ihre neuen Rollen sind:".to_owned(),
                lines: facts.grants.clone(),
            }),
            action: Some(Action {
                label: "Anwendung öffnen".to_owned(),
                link: facts.link.clone(),
                note: None,
                fallback: FALLBACK.to_owned(),
            }),
            small_print: vec![format!(
                "Sie erhalten diese E-Mail, weil Sie Mitglied von {organization_name} sind. Falls Sie \
                 die neuen Rollen überraschen, fragen Sie {granter_name}."
            )],
            ..Letter::default()
        }
    }

    fn invitation_accepted(&self, facts: &InvitationAccepted) -> Letter {
        let InvitationAccepted { invitee_name, invitee_email, organization_name, .. } = facts;
        Letter {
            subject: format!("{invitee_name} ist jetzt bei {organization_name}"),
            heading: format!("{invitee_name} ist da"),
            greeting: greeting(Some(&facts.name)),
            paragraphs: vec![format!(
                "{invitee_name} ({invitee_email}) hat Ihre Einladung angenommen und ist jetzt \
                 Mitglied von {organization_name}."
            )],
            small_print: vec![format!(
                "Sie erhalten diese E-Mail, weil Sie {invitee_email} eingeladen haben. Sie brauchen \
                 nichts zu tun."
            )],
            ..Letter::default()
        }
    }

    fn verify_email(&self, facts: &VerifyEmail) -> Letter {
        Letter {
            subject: "Bitte bestätigen Sie Ihre E-Mail-Adresse".to_owned(),
            heading: "E-Mail-Adresse bestätigen".to_owned(),
            greeting: greeting(Some(&facts.name)),
            paragraphs: vec![
                "Jemand, hoffentlich Sie selbst, hat sich mit dieser Adresse registriert. Bitte \
                 bestätigen Sie, dass sie Ihnen gehört."
                    .to_owned(),
            ],
            action: Some(Action {
                label: "Adresse bestätigen".to_owned(),
                link: facts.link.clone(),
                note: Some(format!("Der Link gilt bis zum {}.", moment(facts.expires_at))),
                fallback: FALLBACK.to_owned(),
            }),
            small_print: vec![
                "Falls Sie es nicht waren, können Sie diese E-Mail ignorieren: Ohne Bestätigung \
                 bleibt die Adresse unbestätigt."
                    .to_owned(),
            ],
            ..Letter::default()
        }
    }

    fn password_reset(&self, facts: &PasswordReset) -> Letter {
        Letter {
            subject: "Neues Passwort wählen".to_owned(),
            heading: "Neues Passwort wählen".to_owned(),
            greeting: greeting(Some(&facts.name)),
            paragraphs: vec![
                "Jemand, hoffentlich Sie selbst, möchte für diese Adresse ein neues Passwort setzen. Bis \
                 dahin gilt Ihr altes."
                    .to_owned(),
            ],
            action: Some(Action {
                label: "Passwort wählen".to_owned(),
                link: facts.link.clone(),
                note: Some(format!("Der Link gilt einmal, bis zum {}.", moment(facts.expires_at))),
                fallback: FALLBACK.to_owned(),
            }),
            small_print: vec![
                "Falls Sie es nicht waren, können Sie diese E-Mail ignorieren: Es hat sich nichts \
                 geändert, und niemand sonst hat den Link erhalten."
                    .to_owned(),
            ],
            ..Letter::default()
        }
    }

    fn password_changed(&self, facts: &PasswordChanged) -> Letter {
        Letter {
            subject: "Ihr Passwort wurde geändert".to_owned(),
            heading: "Ihr Passwort wurde geändert".to_owned(),
            greeting: greeting(Some(&facts.name)),
            paragraphs: vec![format!(
                "Ihr Passwort wurde am {} geändert. Überall sonst wurden Sie abgemeldet.",
                moment(facts.at)
            )],
            action: Some(Action {
                label: "Ich war das nicht".to_owned(),
                link: facts.link.clone(),
                note: None,
                fallback: FALLBACK.to_owned(),
            }),
            small_print: vec![
                "Falls Sie es waren, ist nichts zu tun. Falls nicht, wählen Sie sofort ein neues \
                 Passwort."
                    .to_owned(),
            ],
            ..Letter::default()
        }
    }

    fn ownership_offered(&self, facts: &OwnershipOffered) -> Letter {
        let OwnershipOffered { owner_name, owner_email, .. } = facts;
        let owned = owned(&facts.owned);
        Letter {
            subject: format!("{owner_name} möchte Ihnen {owned} übergeben"),
            heading: "Angebot zur Übergabe".to_owned(),
            greeting: greeting(Some(&facts.name)),
            paragraphs: vec![
                format!("{owner_name} ({owner_email}) möchte Ihnen {owned} übergeben."),
                format!(
                    "Wenn Sie annehmen, treten Sie als alleiniger Inhaber an die Stelle von \
                     {owner_name}. Bis dahin ändert sich nichts."
                ),
            ],
            action: Some(Action {
                label: "Anwendung öffnen".to_owned(),
                link: facts.link.clone(),
                note: Some(format!(
                    "Sie können das Angebot bis zum {} annehmen.",
                    moment(facts.expires_at)
                )),
                fallback: FALLBACK.to_owned(),
            }),
            small_print: vec![format!(
                "Falls Sie dieses Angebot nicht erwartet haben, fragen Sie {owner_name} oder lehnen Sie \
                 es ab: Es geschieht nichts, solange Sie nicht annehmen."
            )],
            ..Letter::default()
        }
    }

    fn ownership_offer_ended(&self, facts: &OwnershipOfferEnded) -> Letter {
        let OwnershipOfferEnded { other_name, other_email, .. } = facts;
        let owned = owned(&facts.owned);
        let (subject, heading, mut paragraphs) = match &facts.end {
            OfferEnd::Accepted { role } => {
                let kept = role.as_ref().map(|role| format!("Ihre Rolle dort ist jetzt: {role}."));
                let told = format!(
                    "{other_name} ({other_email}) hat Ihr Angebot angenommen und besitzt jetzt {owned}."
                );
                (
                    format!("{other_name} besitzt jetzt {owned}"),
                    "Ihr Angebot wurde angenommen",
                    [Some(told), kept].into_iter().flatten().collect(),
                )
            }
            OfferEnd::Declined => (
                format!("{other_name} möchte {owned} nicht übernehmen"),
                "Ihr Angebot wurde abgelehnt",
                vec![format!(
                    "{other_name} ({other_email}) hat Ihr Angebot abgelehnt, {owned} zu übernehmen. \
                     Alles bleibt in Ihrem Besitz."
                )],
            ),
            OfferEnd::Withdrawn => (
                format!("Angebot zurückgezogen: {owned}"),
                "Das Angebot wurde zurückgezogen",
                vec![format!(
                    "{other_name} ({other_email}) wollte Ihnen {owned} übergeben. Dieses Angebot wurde \
                     zurückgezogen und kann nicht mehr angenommen werden."
                )],
            ),
            OfferEnd::Expired => (
                format!("Ihr Angebot an {other_name} ist abgelaufen"),
                "Ihr Angebot ist abgelaufen",
                vec![format!(
                    "{other_name} ({other_email}) hat auf Ihr Angebot, {owned} zu übernehmen, nicht \
                     rechtzeitig geantwortet. Alles bleibt in Ihrem Besitz, und Sie können das Angebot \
                     erneut machen."
                )],
            ),
        };
        if !matches!(facts.end, OfferEnd::Expired) {
            paragraphs.push("Sie brauchen nichts zu tun.".to_owned());
        }
        Letter {
            subject,
            heading: heading.to_owned(),
            greeting: greeting(Some(&facts.name)),
            paragraphs,
            ..Letter::default()
        }
    }
}

/// `das Konto Produktion (Acme)`
fn owned(owned: &Owned) -> String {
    let organization = &owned.organization_name;
    match &owned.account_name {
        Some(account) => format!("das Konto {account} ({organization})"),
        None => format!("die Organisation {organization}"),
    }
}

const FALLBACK: &str =
    "Falls die Schaltfläche nicht funktioniert, öffnen Sie diesen Link im Browser:";

const MONTHS: [&str; 12] = [
    "Januar",
    "Februar",
    "März",
    "April",
    "Mai",
    "Juni",
    "Juli",
    "August",
    "September",
    "Oktober",
    "November",
    "Dezember",
];

fn greeting(name: Option<&str>) -> String {
    match name {
        Some(name) => format!("Guten Tag {name},"),
        None => "Guten Tag,".to_owned(),
    }
}

/// `28. November 2026, 03:40 Uhr (UTC)`
fn moment(at: DateTime<Utc>) -> String {
    let month = MONTHS[at.month0() as usize];
    format!("{}. {month} {}", at.day(), at.format("%Y, %H:%M Uhr (UTC)"))
}
