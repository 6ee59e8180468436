//! English.

use chrono::{DateTime, Utc};

use super::{Grant, Invitation, Landed, Language, Place, Proof, Reset, Welcome};
use crate::app::invitation_link::LinkState;
use crate::auth::password;
use crate::error::{UserError, UserErrorCode};
use crate::http::pages::sheet::{Field, Form, Grants, Input, Link, Quote, Sheet};
use crate::http::pages::trouble::Trouble;
use crate::text;

pub(super) struct English;

impl Language for English {
    fn invitation(&self, facts: &Invitation) -> Sheet {
        let Invitation { organization, inviter, .. } = facts;
        match facts.state {
            LinkState::NeedsSignUp | LinkState::NeedsSignIn | LinkState::Ready => open(facts),
            LinkState::ForAnotherUser => for_another_user(facts),
            LinkState::Expired => notice(
                "This invitation has expired",
                [
                    format!(
                        "{inviter} invited you to join {organization}, but the time to accept is over."
                    ),
                    format!("Ask {inviter} for a new invitation."),
                ],
            ),
            LinkState::Revoked => notice(
                "This invitation was taken back",
                [
                    format!(
                        "{inviter} invited you to join {organization}, but the invitation has been \
                         taken back."
                    ),
                    format!("If you think that this is a mistake, ask {inviter}."),
                ],
            ),
            LinkState::Declined => notice(
                "This invitation was declined",
                [
                    format!(
                        "{inviter} invited you to join {organization}, and the invitation was \
                         declined. There is nothing left to do."
                    ),
                    format!("If this was a mistake, ask {inviter} for a new invitation."),
                ],
            ),
            LinkState::AlreadyAccepted => notice(
                "This invitation has been accepted",
                [
                    format!(
                        "{inviter} invited you to join {organization}, and the invitation has been \
                         accepted already."
                    ),
                    "Sign in to your application to go on.".to_owned(),
                ],
            ),
            LinkState::InviterLostAccess => notice(
                "This invitation does not hold any more",
                [
                    format!(
                        "{inviter} invited you to join {organization}, but may no longer give you \
                         the access that the invitation promised."
                    ),
                    format!("Ask an administrator of {organization} for a new invitation."),
                ],
            ),
        }
    }

    fn decline(&self, facts: &Invitation) -> Sheet {
        let Invitation { organization, inviter, .. } = facts;
        Sheet {
            heading: format!("Decline the invitation to {organization}?"),
            paragraphs: vec![format!(
                "The link will stop working. If you change your mind, {inviter} has to invite you again."
            )],
            form: Some(Form { button: "Decline".to_owned(), ..Form::default() }),
            links: vec![Link::new(&facts.path, "Back to the invitation")],
            ..Sheet::default()
        }
    }

    fn welcome(&self, facts: &Welcome) -> Sheet {
        let Welcome { name, email, .. } = facts;
        let paragraphs = match &facts.account {
            Some(landed) => vec![
                place(landed),
                format!(
                    "You can close this page now. Open your application, and sign in there as {email} \
                     with your password."
                ),
            ],
            None => vec![
                "You have joined, but there is no account that you can open yet.".to_owned(),
                "Ask the person who invited you, or an administrator, for access to one."
                    .to_owned(),
            ],
        };
        Sheet {
            heading: format!("Welcome, {name}"),
            paragraphs,
            links: tools(facts.development, false),
            ..Sheet::default()
        }
    }

    fn signed_out(&self) -> Sheet {
        notice(
            "You are signed out here",
            ["Open your application, and sign in there with your address and your password."],
        )
    }

    fn verify_email(&self, proof: Proof) -> Sheet {
        match proof {
            Proof::Open => Sheet {
                heading: "Confirm your e-mail address".to_owned(),
                paragraphs: vec![
                    "This link was mailed to you. By pressing the button you confirm that the address \
                     is yours."
                        .to_owned(),
                ],
                form: Some(Form { button: "Confirm address".to_owned(), ..Form::default() }),
                ..Sheet::default()
            },
            Proof::Given => {
                notice("Your address is confirmed", ["Thank you. You can close this page now."])
            }
            Proof::Refused => notice(
                "This link does not work",
                [
                    "If you have confirmed your address already, there is nothing left to do.",
                    "Otherwise check that you opened the whole link, from the newest mail: a link works \
                     once, and only for some days.",
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
                form: form(Field::new(Input::Email, "E-mail address", None), "Send me a link"),
                ..notice("Forgot your password?", ["We mail you a link that sets a new one."])
            },
            Reset::Asked => notice(
                "Look into your mails",
                [
                    "If somebody here has this address, a mail with a link is on its way. It works for \
                     an hour.",
                    "Nothing after some minutes? Look into the spam folder, or check the address.",
                ],
            ),
            Reset::Open => {
                let hint = format!("At least {} characters.", password::MIN_LENGTH);
                let field = Field::new(Input::NewPassword, "New password", Some(hint));
                Sheet {
                    form: form(field, "Set password"),
                    ..notice("Choose a new password", ["You will be signed out everywhere."])
                }
            }
            Reset::Done => notice(
                "Your password is set",
                [
                    "Open your application, and sign in there with your address and the new password.",
                ],
            ),
            Reset::Refused => Sheet {
                links: vec![Link::new("/reset-password", "Send me a new link")],
                ..notice("This link does not work", ["A link works once, for an hour."])
            },
        }
    }

    fn front(&self, development: bool, mailbox: bool) -> Sheet {
        let what = "This server knows who works in which organization, and with which roles.";
        let next = if development {
            "It is set up for development:"
        } else {
            "Your application talks to it; there is nothing to do here."
        };
        Sheet { links: tools(development, mailbox), ..notice("Rolecall", [what, next]) }
    }

    fn trouble(&self, trouble: Trouble, request_id: &str) -> Sheet {
        match trouble {
            Trouble::Unknown => notice(
                "There is nothing here",
                [
                    "If you followed a link in a mail: check that you opened the whole link, from the \
                  newest mail that you got.",
                ],
            ),
            Trouble::Forged => notice(
                "This form came from somewhere else",
                [
                    "It was not sent from our own page, so nothing was done. Open the link in your mail, \
                  and go on from there.",
                ],
            ),
            Trouble::Unreadable(_) => notice(
                "This form cannot be read",
                ["Nothing was done. Go back, check what you entered, and try again."],
            ),
            Trouble::Refused => notice(
                "This cannot be done",
                ["Nothing was done. Ask the person who invited you, or an administrator."],
            ),
            Trouble::Conflict => notice(
                "Please try again",
                [
                    "Something else changed at the same moment, so nothing was done. Go back, and try again.",
                ],
            ),
            Trouble::TooMany => notice(
                "Too many tries",
                ["Nothing was done. Wait a minute, go back, and try again."],
            ),
            Trouble::Ours => notice(
                "Something went wrong",
                [
                    "This is our fault, not yours. Please try again in a few minutes.".to_owned(),
                    format!(
                        "If it happens again, tell whoever runs this server: request {request_id}."
                    ),
                ],
            ),
        }
    }

    fn problems(&self) -> String {
        "Please check this".to_owned()
    }

    fn refusal(&self, error: &UserError) -> String {
        match error.code {
            UserErrorCode::InvalidName => {
                format!("Enter your name: 1 to {} characters in one line.", text::NAME_MAX)
            }
            UserErrorCode::InvalidPassword => {
                let (min, max) = (password::MIN_LENGTH, password::MAX_LENGTH);
                format!("Choose a password of {min} to {max} characters.")
            }
            UserErrorCode::InvalidEmail => "Enter an e-mail address, such as ann@corp.example.".to_owned(),
            UserErrorCode::InvalidCredentials => "This is not the password of that address.".to_owned(),
            UserErrorCode::SignInRequired => "Enter your password to accept.".to_owned(),
            UserErrorCode::WrongUser => {
                "The invitation is for another address than the one that you are signed in with."
                    .to_owned()
            }
            _ => "The invitation cannot be accepted as it is. Ask the person who invited you for a new one."
                .to_owned(),
        }
    }
}

/// An invitation that waits for its invitee.
fn open(facts: &Invitation) -> Sheet {
    let Invitation { organization, masked_email, .. } = facts;
    let join = format!("Join {organization}");
    let form = match (facts.state, &facts.viewer) {
        (LinkState::NeedsSignUp, _) => Form {
            heading: Some("Accept the invitation".to_owned()),
            paragraphs: vec![format!(
                "The invitation is for {masked_email}. Your link proves that this address is yours; \
                 you only have to choose a password."
            )],
            fields: vec![
                Field::new(Input::Name, "Your name", None),
                Field::new(
                    Input::NewPassword,
                    "Password",
                    Some(format!("At least {} characters.", password::MIN_LENGTH)),
                ),
            ],
            button: join,
            ..Form::default()
        },
        (LinkState::NeedsSignIn, _) => Form {
            heading: Some("Accept the invitation".to_owned()),
            paragraphs: vec![format!(
                "The invitation is for {masked_email}. This address has a password already; enter it to \
                 accept."
            )],
            fields: vec![Field::new(Input::Password, "Password", None)],
            button: format!("Sign in and join {organization}"),
            ..Form::default()
        },
        (_, viewer) => Form {
            heading: Some("Accept the invitation".to_owned()),
            paragraphs: viewer.iter().map(signed_in).collect(),
            button: join,
            ..Form::default()
        },
    };
    let mut links = vec![decline_link(facts)];
    if facts.state == LinkState::NeedsSignIn {
        links.insert(0, Link::new("/reset-password", "Forgot your password?"));
    }
    Sheet {
        heading: format!("Join {organization}"),
        paragraphs: vec![
            invites(facts),
            format!("You can accept until {}.", moment(facts.expires_at)),
        ],
        quote: facts
            .message
            .clone()
            .map(|text| Quote { heading: format!("{} writes:", facts.inviter), text }),
        grants: Some(&facts.grants).filter(|grants| !grants.is_empty()).map(|grants| Grants {
            heading: "Your roles will be".to_owned(),
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
        "The invitation is for {masked_email}. If this address is yours too, sign out here to go on \
         with it."
    ));
    Sheet {
        heading: format!("Join {organization}"),
        paragraphs,
        form: Some(Form {
            action: Some(format!("{}/sign-out", facts.path)),
            button: "Sign out and go on".to_owned(),
            ..Form::default()
        }),
        links: vec![decline_link(facts)],
        ..Sheet::default()
    }
}

fn invites(facts: &Invitation) -> String {
    format!("{} invites you to join {}.", facts.inviter, facts.organization)
}

fn signed_in((name, email): &(String, String)) -> String {
    format!("You are signed in as {name} ({email}).")
}

fn decline_link(facts: &Invitation) -> Link {
    Link::new(format!("{}/decline", facts.path), "I do not want to join")
}

fn line(grant: &Grant) -> (String, String) {
    let place = match &grant.place {
        Place::Organization(name) => format!("in the organization {name}"),
        Place::Account(name) => format!("in the account {name}"),
        Place::Subaccount(name, parent) => format!("in the subaccount {name} of {parent}"),
        Place::BillingGroup(name) => format!("for the billing group {name}"),
    };
    let place = match grant.until {
        Some(until) => format!("{place}, until {}", moment(until)),
        None => place,
    };
    (grant.role.clone(), place)
}

fn place(landed: &Landed) -> String {
    let Landed { account, organization, roles, .. } = landed;
    let parent = landed.parent.as_ref().map(|parent| format!(" (in {parent})")).unwrap_or_default();
    let roles = match &roles[..] {
        [] => String::new(),
        [role] => format!(", as {role}"),
        [most @ .., last] => format!(", as {} and {last}", most.join(", ")),
    };
    format!("You are in the account {account}{parent} of {organization}{roles}.")
}

fn tools(development: bool, mailbox: bool) -> Vec<Link> {
    let graphiql = development.then(|| Link::new("/graphiql", "GraphiQL: try the API"));
    let mailbox = mailbox.then(|| Link::new("/mailbox", "Mailbox: read the mails"));
    graphiql.into_iter().chain(mailbox).collect()
}

fn notice<T: Into<String>, const N: usize>(heading: &str, paragraphs: [T; N]) -> Sheet {
    Sheet {
        heading: heading.to_owned(),
        paragraphs: paragraphs.map(Into::into).into(),
        ..Sheet::default()
    }
}

/// `28 November 2026, 03:40 UTC`
fn moment(at: DateTime<Utc>) -> String {
    at.format("%-d %B %Y, %H:%M UTC").to_string()
}
