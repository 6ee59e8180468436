//! Every mail there is, with facts that are made up: to be looked at.

use chrono::{DateTime, TimeDelta, Utc};

use super::message::{
    AccessRemoved, EmailChange, EmailChangeRequested, EmailChanged, EmailDomainLapsed, GrantLine,
    GrantsApplied, Invitation, InvitationAccepted, InvitationExpiring, JoinApproved, JoinDeclined,
    JoinRequested, Lost, MemberJoined, Message, NewLinkRequested, OfferEnd, Owned,
    OwnershipOfferEnded, OwnershipOffered, PasswordChanged, PasswordReset, VerifyEmail,
};

/// Every mail by a name of its own. Links lead to `public_url`, with tokens that are none.
#[must_use]
#[expect(clippy::too_many_lines, reason = "a list of all mails, one after the other")]
pub fn all(public_url: &str, now: DateTime<Utc>) -> Vec<(&'static str, Message)> {
    let expires_at = now + TimeDelta::days(7);
    let link = public_url.to_owned();
    let token_link = |what: &str| format!("{public_url}/{what}/preview");
    let invitation = || Invitation {
        invitee_name: Some(BOB.to_owned()),
        inviter_name: ANN.to_owned(),
        inviter_email: ANN_EMAIL.to_owned(),
        organization_name: ACME.to_owned(),
        grants: grants(),
        note: Some("Welcome on board!\nSee you on Monday.".to_owned()),
        link: token_link("invitations"),
        unsubscribe: format!("{}/unsubscribe", token_link("invitations")),
        expires_at,
        resent: false,
    };
    let resent = Invitation { resent: true, invitee_name: None, note: None, ..invitation() };
    let expiring = InvitationExpiring {
        invitee_name: Some(BOB.to_owned()),
        inviter_name: ANN.to_owned(),
        inviter_email: ANN_EMAIL.to_owned(),
        organization_name: ACME.to_owned(),
        link: token_link("invitations"),
        unsubscribe: format!("{}/unsubscribe", token_link("invitations")),
        expires_at: now + TimeDelta::days(1),
    };
    let grants_applied = GrantsApplied {
        name: BOB.to_owned(),
        granter_name: ANN.to_owned(),
        granter_email: ANN_EMAIL.to_owned(),
        organization_name: ACME.to_owned(),
        grants: grants(),
        link: link.clone(),
    };
    let accepted = InvitationAccepted {
        name: ANN.to_owned(),
        invitee_name: BOB.to_owned(),
        invitee_email: BOB_EMAIL.to_owned(),
        organization_name: ACME.to_owned(),
    };
    let new_link = || NewLinkRequested {
        name: ANN.to_owned(),
        inviter_name: None,
        invitee_name: Some(BOB.to_owned()),
        invitee_email: BOB_EMAIL.to_owned(),
        organization_name: ACME.to_owned(),
        link: link.clone(),
    };
    let new_link_other =
        NewLinkRequested { inviter_name: Some(CAROL.to_owned()), invitee_name: None, ..new_link() };
    let verify_email =
        VerifyEmail { name: BOB.to_owned(), link: token_link("verify-email"), expires_at };
    let forgotten = PasswordReset {
        name: BOB.to_owned(),
        link: token_link("reset-password"),
        expires_at: now + TimeDelta::hours(1),
    };
    let changed = PasswordChanged {
        name: BOB.to_owned(),
        link: format!("{public_url}/reset-password"),
        at: now,
    };
    let email_change = EmailChange {
        name: BOB.to_owned(),
        link: token_link("change-email"),
        expires_at: now + TimeDelta::hours(1),
    };
    let new_email = || crate::app::email::masked("carol@new.example");
    let email_change_requested = EmailChangeRequested {
        name: BOB.to_owned(),
        new_email: new_email(),
        link: format!("{public_url}/reset-password"),
        at: now,
    };
    let email_changed = EmailChanged { name: BOB.to_owned(), new_email: new_email(), at: now };
    let offered = OwnershipOffered {
        name: BOB.to_owned(),
        owner_name: ANN.to_owned(),
        owner_email: ANN_EMAIL.to_owned(),
        owned: owned(None),
        link: link.clone(),
        expires_at,
    };
    let role = Some("Administrator".to_owned());
    let declined = JoinDeclined { name: BOB.to_owned(), organization_name: ACME.to_owned() };
    vec![
        ("invitation", Message::Invitation(invitation())),
        ("invitation_resent", Message::Invitation(resent)),
        ("invitation_expiring", Message::InvitationExpiring(expiring)),
        ("grants_applied", Message::GrantsApplied(grants_applied)),
        ("invitation_accepted", Message::InvitationAccepted(accepted)),
        ("new_link_requested", Message::NewLinkRequested(new_link())),
        ("new_link_requested_of_owner", Message::NewLinkRequested(new_link_other)),
        ("access_removed", removed(Lost::Membership)),
        ("access_removed_account", removed(Lost::Account("Production".to_owned()))),
        ("access_suspended", removed(Lost::Suspended)),
        ("verify_email", Message::VerifyEmail(verify_email)),
        ("password_reset", Message::PasswordReset(forgotten)),
        ("password_changed", Message::PasswordChanged(changed)),
        ("email_change", Message::EmailChange(email_change)),
        ("email_change_requested", Message::EmailChangeRequested(email_change_requested)),
        ("email_changed", Message::EmailChanged(email_changed)),
        ("ownership_offered", Message::OwnershipOffered(offered)),
        ("ownership_accepted", ended(OfferEnd::Accepted { role })),
        ("ownership_declined", ended(OfferEnd::Declined)),
        ("ownership_withdrawn", ended(OfferEnd::Withdrawn)),
        ("ownership_expired", ended(OfferEnd::Expired)),
        ("email_domain_lapsed", lapsed(public_url)),
        ("join_requested", join_requested(public_url)),
        ("join_approved", join_approved(public_url)),
        ("join_declined", Message::JoinDeclined(declined)),
        ("member_joined", member_joined()),
    ]
}

fn lapsed(public_url: &str) -> Message {
    Message::EmailDomainLapsed(EmailDomainLapsed {
        name: ANN.to_owned(),
        organization_name: ACME.to_owned(),
        domain: "acme.example".to_owned(),
        record_name: crate::app::email_domain::record_name("acme.example"),
        record_value: "rolecall-domain-verification=preview".to_owned(),
        link: public_url.to_owned(),
    })
}

fn join_requested(public_url: &str) -> Message {
    Message::JoinRequested(JoinRequested {
        name: ANN.to_owned(),
        asker_name: BOB.to_owned(),
        asker_email: BOB_EMAIL.to_owned(),
        organization_name: ACME.to_owned(),
        domain: DOMAIN.to_owned(),
        note: Some("I am new at the help desk.".to_owned()),
        link: public_url.to_owned(),
    })
}

fn join_approved(public_url: &str) -> Message {
    Message::JoinApproved(JoinApproved {
        name: BOB.to_owned(),
        approver_name: ANN.to_owned(),
        approver_email: ANN_EMAIL.to_owned(),
        organization_name: ACME.to_owned(),
        grants: grants(),
        link: public_url.to_owned(),
    })
}

fn member_joined() -> Message {
    Message::MemberJoined(MemberJoined {
        name: ANN.to_owned(),
        member_name: BOB.to_owned(),
        member_email: BOB_EMAIL.to_owned(),
        organization_name: ACME.to_owned(),
        domain: DOMAIN.to_owned(),
        grants: grants(),
    })
}

const ANN: &str = "Ann Owner";
const ANN_EMAIL: &str = "ann@acme.example";
const BOB: &str = "Bob Builder";
const BOB_EMAIL: &str = "bob@acme.example";
const CAROL: &str = "Carol Coworker";
const ACME: &str = "Acme";
const DOMAIN: &str = "acme.example";

fn grants() -> Vec<GrantLine> {
    let line =
        |role: &str, scope: &str| GrantLine { role: role.to_owned(), scope: scope.to_owned() };
    vec![line("Standard User", ACME), line("Developer", "Production")]
}

fn owned(account: Option<&str>) -> Owned {
    Owned { organization_name: ACME.to_owned(), account_name: account.map(str::to_owned) }
}

fn removed(lost: Lost) -> Message {
    Message::AccessRemoved(AccessRemoved {
        name: BOB.to_owned(),
        remover_name: ANN.to_owned(),
        remover_email: ANN_EMAIL.to_owned(),
        organization_name: ACME.to_owned(),
        lost,
    })
}

fn ended(end: OfferEnd) -> Message {
    Message::OwnershipOfferEnded(OwnershipOfferEnded {
        name: ANN.to_owned(),
        other_name: BOB.to_owned(),
        other_email: BOB_EMAIL.to_owned(),
        owned: owned(Some("Production")),
        end,
    })
}
