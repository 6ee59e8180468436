//! English.

use chrono::{DateTime, Utc};

use super::Language;
use crate::mail::letter::{Action, Grants, Letter, Quote};
use crate::mail::message::{
    GrantsApplied, Invitation, InvitationAccepted, OfferEnd, Owned, OwnershipOfferEnded,
    OwnershipOffered, PasswordChanged, PasswordReset, VerifyEmail,
};

pub(super) struct English;

impl Language for English {
    fn invitation(&self, facts: &Invitation) -> Letter {
        let Invitation { inviter_name, inviter_email, organization_name, .. } = facts;
        let mut paragraphs = vec![format!(
            "{inviter_name} ({inviter_email}) invites you to join {organization_name}."
        )];
        if facts.resent {
            paragraphs.push(
                "This mail has a new link. The link in the mail that you got before no longer works."
                    .to_owned(),
            );
        }
        Letter {
            subject: if facts.resent {
                format!("Reminder: {inviter_name} invited you to join {organization_name}")
            } else {
                format!("{inviter_name} invited you to join {organization_name}")
            },
            heading: format!("Join {organization_name}"),
            greeting: greeting(facts.invitee_name.as_deref()),
            paragraphs,
            quote: facts
                .note
                .clone()
                .map(|text| Quote { heading: format!("{inviter_name} writes:"), text }),
            grants: Some(Grants {
                heading: "Your roles will be:".to_owned(),
                lines: facts.grants.clone(),
            }),
            action: Some(Action {
                label: "View invitation".to_owned(),
                link: facts.link.clone(),
                note: Some(format!("You can accept until {}.", moment(facts.expires_at))),
                fallback: FALLBACK.to_owned(),
            }),
            small_print: vec![
                "If you did not expect this invitation, you can ignore this mail: nothing happens \
                 unless you accept."
                    .to_owned(),
                "The link is meant for you alone. Please do not forward it.".to_owned(),
            ],
        }
    }

    fn grants_applied(&self, facts: &GrantsApplied) -> Letter {
        let GrantsApplied { granter_name, granter_email, organization_name, .. } = facts;
        Letter {
            subject: format!("You have new roles in {organization_name}"),
            heading: format!("New roles in {organization_name}"),
            greeting: greeting(Some(&facts.name)),
            paragraphs: vec![format!(
                "{granter_name} ({granter_email}) gave you more roles in {organization_name}. They \
                 are yours already; there is nothing to accept."
            )],
            grants: Some(Grants {
                heading: "Your new roles are:".to_owned(),
                lines: facts.grants.clone(),
            }),
            action: Some(Action {
                label: "Open the application".to_owned(),
                link: facts.link.clone(),
                note: None,
                fallback: FALLBACK.to_owned(),
            }),
            small_print: vec![format!(
                "You get this mail because you are a member of {organization_name}. If the new \
                 roles surprise you, ask {granter_name}."
            )],
            ..Letter::default()
        }
    }

    fn invitation_accepted(&self, facts: &InvitationAccepted) -> Letter {
        let InvitationAccepted { invitee_name, invitee_email, organization_name, .. } = facts;
        Letter {
            subject: format!("{invitee_name} joined {organization_name}"),
            heading: format!("{invitee_name} is here"),
            greeting: greeting(Some(&facts.name)),
            paragraphs: vec![format!(
                "{invitee_name} ({invitee_email}) accepted your invitation and is now a member of \
                 {organization_name}."
            )],
            small_print: vec![format!(
                "You get this mail because you invited {invitee_email}. There is nothing that you \
                 need to do."
            )],
            ..Letter::default()
        }
    }

    fn verify_email(&self, facts: &VerifyEmail) -> Letter {
        Letter {
            subject: "Please confirm your e-mail address".to_owned(),
            heading: "Confirm your e-mail address".to_owned(),
            greeting: greeting(Some(&facts.name)),
            paragraphs: vec![
                "Somebody, hopefully you, signed up with this address. Please confirm that it is \
                 yours."
                    .to_owned(),
            ],
            action: Some(Action {
                label: "Confirm address".to_owned(),
                link: facts.link.clone(),
                note: Some(format!("The link works until {}.", moment(facts.expires_at))),
                fallback: FALLBACK.to_owned(),
            }),
            small_print: vec![
                "If it was not you, you can ignore this mail: without a confirmation the address \
                 stays unconfirmed."
                    .to_owned(),
            ],
            ..Letter::default()
        }
    }

    fn password_reset(&self, facts: &PasswordReset) -> Letter {
        Letter {
            subject: "Choose a new password".to_owned(),
            heading: "Choose a new password".to_owned(),
            greeting: greeting(Some(&facts.name)),
            paragraphs: vec![
                "Somebody, hopefully you, asked to set a new password for this address. Your old one works \
                 until you do."
                    .to_owned(),
            ],
            action: Some(Action {
                label: "Choose a password".to_owned(),
                link: facts.link.clone(),
                note: Some(format!("The link works once, until {}.", moment(facts.expires_at))),
                fallback: FALLBACK.to_owned(),
            }),
            small_print: vec![
                "If it was not you, you can ignore this mail: nothing has changed, and nobody else got the \
                 link."
                    .to_owned(),
            ],
            ..Letter::default()
        }
    }

    fn password_changed(&self, facts: &PasswordChanged) -> Letter {
        Letter {
            subject: "Your password was changed".to_owned(),
            heading: "Your password was changed".to_owned(),
            greeting: greeting(Some(&facts.name)),
            paragraphs: vec![format!(
                "Your password was changed on {}. You were signed out everywhere else.",
                moment(facts.at)
            )],
            action: Some(Action {
                label: "It was not me".to_owned(),
                link: facts.link.clone(),
                note: None,
                fallback: FALLBACK.to_owned(),
            }),
            small_print: vec![
                "If it was you, there is nothing to do. If it was not, choose a new password at once."
                    .to_owned(),
            ],
            ..Letter::default()
        }
    }

    fn ownership_offered(&self, facts: &OwnershipOffered) -> Letter {
        let OwnershipOffered { owner_name, owner_email, .. } = facts;
        let owned = owned(&facts.owned);
        Letter {
            subject: format!("{owner_name} wants to hand over {owned} to you"),
            heading: format!("Become the Owner of {owned}"),
            greeting: greeting(Some(&facts.name)),
            paragraphs: vec![
                format!("{owner_name} ({owner_email}) wants to hand over {owned} to you."),
                format!(
                    "If you accept, you will be its only Owner, in the place of {owner_name}. Until \
                     then nothing changes."
                ),
            ],
            action: Some(Action {
                label: "Open the application".to_owned(),
                link: facts.link.clone(),
                note: Some(format!("You can accept until {}.", moment(facts.expires_at))),
                fallback: FALLBACK.to_owned(),
            }),
            small_print: vec![format!(
                "If you did not expect this offer, ask {owner_name}, or decline it: nothing happens \
                 unless you accept."
            )],
            ..Letter::default()
        }
    }

    fn ownership_offer_ended(&self, facts: &OwnershipOfferEnded) -> Letter {
        let OwnershipOfferEnded { other_name, other_email, .. } = facts;
        let owned = owned(&facts.owned);
        let (subject, heading, mut paragraphs) = match &facts.end {
            OfferEnd::Accepted { role } => {
                let kept = role.as_ref().map(|role| format!("Your role there is now: {role}."));
                let told = format!(
                    "{other_name} ({other_email}) accepted your offer and is now the Owner of {owned}."
                );
                (
                    format!("{other_name} is now the Owner of {owned}"),
                    "Your offer was accepted",
                    [Some(told), kept].into_iter().flatten().collect(),
                )
            }
            OfferEnd::Declined => (
                format!("{other_name} does not want to own {owned}"),
                "Your offer was declined",
                vec![format!(
                    "{other_name} ({other_email}) declined your offer to hand over {owned}. You are \
                     still its Owner."
                )],
            ),
            OfferEnd::Withdrawn => (
                format!("No longer on offer: {owned}"),
                "The offer was withdrawn",
                vec![format!(
                    "{other_name} ({other_email}) wanted to hand over {owned} to you. This offer has \
                     been withdrawn and can no longer be accepted."
                )],
            ),
            OfferEnd::Expired => (
                format!("Your offer to {other_name} has expired"),
                "Your offer has expired",
                vec![format!(
                    "{other_name} ({other_email}) did not answer your offer to hand over {owned} in \
                     time. You are still its Owner, and can offer it again."
                )],
            ),
        };
        if !matches!(facts.end, OfferEnd::Expired) {
            paragraphs.push("There is nothing that you need to do.".to_owned());
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

/// `the account Production (Acme)`
fn owned(owned: &Owned) -> String {
    let organization = &owned.organization_name;
    match &owned.account_name {
        Some(account) => format!("the account {account} ({organization})"),
        None => format!("the organization {organization}"),
    }
}

const FALLBACK: &str = "If the button does not work, open this link in your browser:";

fn greeting(name: Option<&str>) -> String {
    match name {
        Some(name) => format!("Hello {name},"),
        None => "Hello,".to_owned(),
    }
}

/// `28 November 2026, 03:40 UTC`
fn moment(at: DateTime<Utc>) -> String {
    at.format("%-d %B %Y, %H:%M UTC").to_string()
}
