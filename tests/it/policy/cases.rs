//! What is tried: a line for every mutation, and a way to every type that has fields of its own.
//! Everything else is made of the schema. A field or mutation without a line fails the test by name.

use rolecall::access::ScopeType::{self, Account, Organization, Subaccount};
use serde_json::{Value, json};

use super::structure;
use super::world::{Caller, Target, World};
use crate::support::Person;

/// Who tries, and on what.
pub(super) struct Ask<'a> {
    pub(super) me: &'a Caller,
    pub(super) to: &'a Target,
    pub(super) world: &'a World,
    /// The id of what was made for this case (see [`Given`]).
    pub(super) given: String,
}

impl Ask<'_> {
    /// One of the target's two roles, to be granted there.
    fn grant(&self, index: usize) -> Option<Value> {
        Some(json!([{ "roleKey": self.to.roles?[index], "scopeId": self.to.scope }]))
    }

    fn above(&self) -> Option<Value> {
        Some(json!([{ "roleKey": self.to.above?, "scopeId": self.to.scope }]))
    }

    fn owner(&self) -> Value {
        json!([{ "roleKey": self.to.owner_role, "scopeId": self.to.scope }])
    }

    fn invite(&self, grants: Value) -> Value {
        let invitees = json!([{ "email": "pat@new.example" }]);
        json!({ "organizationId": self.to.organization, "invitees": invitees, "grants": grants })
    }
}

/// Something that is made anew for a case, and taken back with it: what stands in the world would be
/// in the way of other cases.
#[derive(Clone, Copy)]
pub(super) struct Given {
    pub(super) mutation: &'static str,
    pub(super) by: By,
    pub(super) input: Input,
    /// The field of the payload that has the id.
    pub(super) object: &'static str,
}

/// Who makes it.
#[derive(Clone, Copy)]
pub(super) enum By {
    /// The Owner of the organization.
    Ann,
    /// The Owner of the target.
    Owner,
    /// Somebody who is a member of nothing.
    Nobody,
}

/// A mutation to try.
pub(super) struct Case {
    pub(super) given: Option<Given>,
    pub(super) mutation: &'static str,
    pub(super) about: &'static str,
    pub(super) at: &'static [ScopeType],
    /// Its input; none where it makes no sense for that target in that catalogue.
    pub(super) input: fn(&Ask<'_>) -> Option<Value>,
    /// What checks a password takes its time, and asks for no role: few try it.
    pub(super) slow: bool,
}

const ALL: &[ScopeType] = &[Organization, Account, Subaccount];
pub(super) const ACCOUNTS: &[ScopeType] = &[Account, Subaccount];
pub(super) const TOP_LEVEL: &[ScopeType] = &[Account];
/// What is not about a scope at all, or always about an organization.
pub(super) const ONCE: &[ScopeType] = &[Organization];

type Input = fn(&Ask<'_>) -> Option<Value>;

pub(super) const fn case(
    mutation: &'static str,
    at: &'static [ScopeType],
    about: &'static str,
    input: Input,
) -> Case {
    Case { given: None, mutation, about, at, input, slow: false }
}

/// A case for which something has to be there.
pub(super) const fn given(given: Given, case: Case) -> Case {
    Case { given: Some(given), ..case }
}

const fn slow(case: Case) -> Case {
    Case { slow: true, ..case }
}

const WITHIN: &str = "a role that its administrators hold all of";
const BEYOND: &str = "a role that permits more than its administrators may do";
const OWNERS: &str = "an owner's role";

/// Every mutation of the schema.
pub(super) fn mutations() -> Vec<Case> {
    people().into_iter().chain(structure::mutations()).collect()
}

/// Those about roles, invitations and sessions, and how accounts are entered.
fn people() -> Vec<Case> {
    vec![
        case("assignRoles", ALL, WITHIN, |a| {
            Some(json!({ "userId": a.to.spare, "grants": a.grant(0)? }))
        }),
        case("assignRoles", ALL, BEYOND, |a| {
            Some(json!({ "userId": a.to.spare, "grants": a.above()? }))
        }),
        case("assignRoles", &[Organization, Account], OWNERS, |a| {
            Some(json!({ "userId": a.to.spare, "grants": a.owner() }))
        }),
        case("assignRoles", ALL, "to oneself", |a| {
            Some(json!({ "userId": a.me.id, "grants": a.grant(0)? }))
        }),
        case("changeAccountRole", ACCOUNTS, WITHIN, |a| {
            Some(
                json!({ "userId": a.to.member, "accountId": a.to.scope, "roleKey": a.to.roles?[1] }),
            )
        }),
        case("changeAccountRole", ACCOUNTS, BEYOND, |a| {
            Some(json!({ "userId": a.to.member, "accountId": a.to.scope, "roleKey": a.to.above? }))
        }),
        case("changeAccountRole", TOP_LEVEL, "of the account's Owner", |a| {
            Some(
                json!({ "userId": a.to.owner, "accountId": a.to.scope, "roleKey": a.to.roles?[0] }),
            )
        }),
        case("removeRoleAssignments", ALL, "somebody's", |a| {
            Some(json!({ "assignmentIds": [a.to.assignment.as_ref()?] }))
        }),
        case("removeRoleAssignments", ALL, "all of somebody's", |a| {
            a.to.assignment.as_ref()?;
            Some(json!({ "userId": a.to.member, "scopeId": a.to.scope }))
        }),
        case("removeRoleAssignments", &[Organization, Account], "all of the Owner's", |a| {
            Some(json!({ "userId": a.to.owner, "scopeId": a.to.scope }))
        }),
        case("removeRoleAssignments", ONCE, "one's own", |a| {
            Some(json!({ "assignmentIds": [a.me.assignment.as_ref()?] }))
        }),
        case("createAccount", ONCE, "a top-level one", |a| {
            Some(json!({ "organizationId": a.to.organization, "name": "New" }))
        }),
        case("createAccount", TOP_LEVEL, "a subaccount", |a| {
            let (organization, parent) = (&a.to.organization, &a.to.scope);
            Some(
                json!({ "organizationId": organization, "parentAccountId": parent, "name": "New" }),
            )
        }),
        case("switchAccount", ACCOUNTS, "", |a| Some(json!({ "accountId": a.to.scope }))),
        case("setDefaultAccount", ACCOUNTS, "", |a| Some(json!({ "accountId": a.to.scope }))),
        // Invitations.
        case("inviteUsers", ONCE, "without a role", |a| Some(a.invite(json!([])))),
        case("inviteUsers", ALL, WITHIN, |a| Some(a.invite(a.grant(0)?))),
        case("inviteUsers", ALL, BEYOND, |a| Some(a.invite(a.above()?))),
        case("inviteUsers", &[Organization, Account], OWNERS, |a| Some(a.invite(a.owner()))),
        case("resendInvitation", ALL, "", |a| {
            Some(json!({ "invitationId": a.to.invitation.as_ref()?.0 }))
        }),
        case("revokeInvitation", ALL, "", |a| {
            Some(json!({ "invitationId": a.to.invitation.as_ref()?.0 }))
        }),
        case("updateInvitation", ALL, WITHIN, |a| {
            Some(json!({ "invitationId": a.to.invitation.as_ref()?.0, "grants": a.grant(1)? }))
        }),
        case("updateInvitation", ALL, BEYOND, |a| {
            Some(json!({ "invitationId": a.to.invitation.as_ref()?.0, "grants": a.above()? }))
        }),
        case("updateInvitation", &[Organization, Account], OWNERS, |a| {
            Some(json!({ "invitationId": a.to.invitation.as_ref()?.0, "grants": a.owner() }))
        }),
        slow(case("acceptInvitation", ONCE, "of somebody new", |a| {
            let token = &a.world.links["for somebody new"];
            Some(json!({ "token": token, "name": "Pat", "password": Person::PASSWORD }))
        })),
        slow(case("acceptInvitation", ONCE, "of somebody with an identity", |a| {
            Some(json!({ "token": a.world.links["for somebody with an identity"] }))
        })),
        case("declineInvitation", ONCE, "by whoever has the link", |a| {
            Some(json!({ "token": a.world.links["for somebody new"] }))
        }),
        case("requestNewInvitation", ONCE, "by whoever has a link that has expired", |a| {
            Some(json!({ "token": a.world.links["expired"] }))
        }),
        // Signing in and out.
        slow(case("signUp", ONCE, "", |_| {
            let (email, password) = ("kim@new.example", Person::PASSWORD);
            let organization = "Kim's";
            Some(json!({
                "name": "Kim", "email": email, "password": password, "organizationName": organization,
            }))
        })),
        slow(case("signIn", ONCE, "", |_| {
            Some(json!({ "email": "zoe@elsewhere.example", "password": Person::PASSWORD }))
        })),
        case("signOut", ONCE, "", |_| Some(json!(null))),
        case("endSession", ONCE, "one's own", |a| Some(json!({ "sessionId": a.me.session }))),
        case("endSession", ONCE, "somebody else's", |a| {
            Some(json!({ "sessionId": a.to.member_session }))
        }),
        case("endOtherSessions", ONCE, "", |_| Some(json!(null))),
        slow(case("requestPasswordReset", ONCE, "of whoever has the address", |_| {
            Some(json!({ "email": "zoe@elsewhere.example" }))
        })),
        slow(case("resetPassword", ONCE, "with a token that is not good", |_| {
            Some(json!({ "token": "no such token", "password": Person::PASSWORD }))
        })),
        case("refreshSession", ONCE, "with a token that is not good", |_| {
            Some(json!({ "refreshToken": "no such token" }))
        }),
        slow(case("changePassword", ONCE, "with the password", |_| {
            let new = "another horse, another staple";
            Some(json!({ "currentPassword": Person::PASSWORD, "newPassword": new }))
        })),
        slow(case("requestEmailChange", ONCE, "with the password", |_| {
            Some(json!({ "email": "me@elsewhere.example", "password": Person::PASSWORD }))
        })),
        case("confirmEmailChange", ONCE, "with a token that is not good", |_| {
            Some(json!({ "token": "no such token" }))
        }),
        slow(case("deleteOwnUser", ONCE, "with the password", |_| {
            Some(json!({ "password": Person::PASSWORD }))
        })),
        case("resendVerificationEmail", ONCE, "", |_| Some(json!(null))),
        case("verifyEmail", ONCE, "with a token that is not good", |_| {
            Some(json!({ "token": "no such token" }))
        }),
    ]
}

/// A way to an object through a field of `Query`.
#[derive(Clone, Copy)]
pub(super) struct Way {
    pub(super) given: Option<Given>,
    /// The type of the object, or the interface.
    pub(super) of: &'static str,
    pub(super) about: &'static str,
    pub(super) at: &'static [ScopeType],
    /// The field with its arguments.
    pub(super) root: fn(&Ask<'_>) -> Option<String>,
    /// Whether all fields of the object are asked for; otherwise only whether it is there.
    pub(super) whole: bool,
    /// Whether it leads to what is the same whoever looks: few need to.
    pub(super) public: bool,
}

type Root = fn(&Ask<'_>) -> Option<String>;

/// The way on which all of a type's fields are asked for.
pub(super) const fn all_of(
    of: &'static str,
    at: &'static [ScopeType],
    about: &'static str,
    root: Root,
) -> Way {
    Way { given: None, of, about, at, root, whole: true, public: false }
}

/// Another way to an object that has one.
pub(super) const fn also(
    of: &'static str,
    at: &'static [ScopeType],
    about: &'static str,
    root: Root,
) -> Way {
    Way { given: None, of, about, at, root, whole: false, public: false }
}

/// The way to something that is about no organization.
const fn public(of: &'static str, about: &'static str, root: Root) -> Way {
    Way { given: None, of, about, at: ONCE, root, whole: true, public: true }
}

/// A way to something that has to be made.
pub(super) const fn way_given(given: Given, way: Way) -> Way {
    Way { given: Some(given), ..way }
}

/// A field of `Query` that takes one id.
pub(super) fn by_id(field: &str, id: &str) -> Option<String> {
    Some(format!("{field}(id: \"{id}\")"))
}

fn access(a: &Ask<'_>, user: &str) -> Option<String> {
    let (scope, permission) = (&a.to.scope, "account.users.manage");
    Some(format!("access(userId: \"{user}\", permission: \"{permission}\", scopeId: \"{scope}\")"))
}

fn link(a: &Ask<'_>, state: &str) -> Option<String> {
    Some(format!("invitationByToken(token: \"{}\")", a.world.links[state]))
}

/// Every field of `Query`, and through them every type that has an entry of its own.
pub(super) fn ways() -> Vec<Way> {
    standing_ways().into_iter().chain(structure::ways()).collect()
}

fn standing_ways() -> Vec<Way> {
    vec![
        all_of("Organization", ONCE, "", |a| by_id("organization", &a.to.scope)),
        also("Node", ONCE, "an organization", |a| by_id("node", &a.to.scope)),
        all_of("Account", ACCOUNTS, "", |a| by_id("account", &a.to.scope)),
        also("Node", ACCOUNTS, "an account", |a| by_id("node", &a.to.scope)),
        all_of("User", ALL, "a member with a role there", |a| by_id("node", &a.to.member)),
        all_of("User", ONCE, "oneself", |a| by_id("node", &a.me.id)),
        all_of("RoleAssignment", ALL, "somebody's", |a| by_id("node", a.to.assignment.as_ref()?)),
        all_of("RoleAssignment", ONCE, "one's own", |a| by_id("node", a.me.assignment.as_ref()?)),
        all_of("Invitation", ALL, "", |a| by_id("node", &a.to.invitation.as_ref()?.0)),
        public("Role", "", |a| by_id("node", &a.world.roles[0].id.to_string())),
        all_of("Access", ALL, "of oneself", |a| access(a, &a.me.id)),
        all_of("Access", ALL, "of a member with a role there", |a| access(a, &a.to.member)),
        all_of("Viewer", ONCE, "", |_| Some("viewer".to_owned())),
        also("Node", ONCE, "several at once", |a| {
            Some(format!("nodes(ids: [\"{}\"])", a.to.scope))
        }),
        all_of("AuditEvent", ONCE, "of the organization's record", |a| {
            by_id("node", &a.world.event)
        }),
        all_of("Session", ONCE, "one's own", |a| by_id("node", &a.me.session)),
        all_of("Session", ONCE, "somebody else's", |a| by_id("node", &a.to.member_session)),
        Way {
            whole: false,
            ..public("RoleConnection", "", |_| Some("roles(first: 1)".to_owned()))
        },
        public("Permission", "", |_| Some("permissions".to_owned())),
        public("InvitationPreview", "accepted", |a| link(a, "accepted")),
        public("InvitationPreview", "declined", |a| link(a, "declined")),
        public("InvitationPreview", "expired", |a| link(a, "expired")),
        public("InvitationPreview", "for somebody new", |a| link(a, "for somebody new")),
        public("InvitationPreview", "for somebody with an identity", |a| {
            link(a, "for somebody with an identity")
        }),
        public("InvitationPreview", "of somebody who lost the right to invite", |a| {
            link(a, "of somebody who lost the right to invite")
        }),
        public("InvitationPreview", "revoked", |a| link(a, "revoked")),
        public("InvitationPreview", "to an organization without a seat", |a| {
            link(a, "to an organization without a seat")
        }),
    ]
}
