//! Cases about what an organization is made of: its custom roles and billing groups, who owns what, the
//! life of accounts, memberships and the organization itself, and accounts that move.

use rolecall::access::ScopeType;
use serde_json::json;

use super::cases::{
    ACCOUNTS, Ask, By, Case, Given, ONCE, TOP_LEVEL, Way, all_of, also, by_id, case, given,
    way_given,
};

const ROLE: Given = Given {
    mutation: "createCustomRole",
    by: By::Ann,
    input: |a| Some(custom_role(a, "given")),
    object: "role",
};

const OFFER: Given = Given {
    mutation: "offerOwnership",
    by: By::Owner,
    input: |a| Some(json!({ "scopeId": a.to.scope, "userId": a.to.spare })),
    object: "ownershipOffer",
};

const OFFER_TO_ME: Given =
    Given { input: |a| Some(json!({ "scopeId": a.to.scope, "userId": a.me.id })), ..OFFER };

const MOVE: Given = Given {
    mutation: "requestAccountMove",
    by: By::Owner,
    input: |a| Some(json!({ "accountId": a.to.scope, "organizationId": a.world.elsewhere })),
    object: "accountMove",
};

const SUSPENDED_ACCOUNT: Given = Given {
    mutation: "suspendAccount",
    by: By::Ann,
    input: |a| Some(json!({ "accountId": a.to.scope })),
    object: "account",
};

const SUSPENDED_USER: Given = Given {
    mutation: "suspendUser",
    by: By::Ann,
    input: |a| Some(json!({ "userId": a.to.member, "organizationId": a.to.organization })),
    object: "user",
};

const DOMAIN: Given = Given {
    mutation: "addEmailDomain",
    by: By::Ann,
    input: |a| Some(domain(a)),
    object: "emailDomain",
};

/// With the default role; where there is none, with one at an account.
fn machine(a: &Ask<'_>) -> serde_json::Value {
    let role = a.world.words.at_account[0];
    let grants = match a.to.roles {
        Some(_) => json!([]),
        None => json!([{ "roleKey": role, "scopeId": a.to.account }]),
    };
    json!({ "organizationId": a.to.organization, "name": "Bot", "grants": grants })
}

fn domain(a: &Ask<'_>) -> serde_json::Value {
    json!({ "organizationId": a.to.organization, "domain": "policy.example" })
}

fn rule(a: &Ask<'_>) -> serde_json::Value {
    let (organization, verdict) = (&a.to.organization, "BLOCK");
    json!({ "organizationId": organization, "domain": "rival.example", "verdict": verdict })
}

/// Of somebody whose address is at a domain of the organization's.
const REQUEST: Given = Given {
    mutation: "requestToJoin",
    by: By::Nobody,
    input: |a| Some(json!({ "organizationId": a.to.organization })),
    object: "joinRequest",
};

fn custom_role(a: &Ask<'_>, key: &str) -> serde_json::Value {
    custom_role_of(a, key, &["account.access.use", "account.settings.manage"])
}

fn custom_role_of(a: &Ask<'_>, key: &str, permissions: &[&str]) -> serde_json::Value {
    let organization = &a.to.organization;
    json!({ "organizationId": organization, "key": key, "name": "Made", "permissions": permissions })
}

const DRY: &str = "as a dry run";

/// The mutations.
pub(super) fn mutations() -> Vec<Case> {
    vec![
        // Custom roles and billing groups.
        case("createCustomRole", ONCE, "", |a| Some(custom_role(a, "made"))),
        case("createCustomRole", ONCE, "of what only owners may do", |a| {
            Some(custom_role_of(a, "made", &["account.ownership.close"]))
        }),
        given(
            ROLE,
            case("updateCustomRole", ONCE, "", |a| {
                Some(json!({ "roleId": a.given, "name": "Another name" }))
            }),
        ),
        given(ROLE, case("deleteCustomRole", ONCE, "", |a| Some(json!({ "roleId": a.given })))),
        case("createBillingGroup", ONCE, "", |a| {
            Some(json!({ "organizationId": a.to.organization, "name": "New" }))
        }),
        case("renameBillingGroup", ONCE, "", |a| {
            Some(json!({ "billingGroupId": a.to.group, "name": "Another name" }))
        }),
        case("linkAccounts", TOP_LEVEL, "", |a| {
            Some(json!({ "billingGroupId": a.to.other_group, "accountIds": [a.to.scope] }))
        }),
        case("unlinkAccounts", TOP_LEVEL, "", |a| {
            Some(json!({ "billingGroupId": a.to.group, "accountIds": [a.to.scope] }))
        }),
        case("deleteBillingGroup", ONCE, "", |a| Some(json!({ "billingGroupId": a.to.group }))),
        // Service users.
        case("createServiceUser", ONCE, "", |a| Some(machine(a))),
        case("updateServiceUser", ONCE, "", |a| {
            Some(json!({ "serviceUserId": a.world.machine, "name": "Robot" }))
        }),
        case("createApiKey", ONCE, "", |a| {
            Some(json!({ "serviceUserId": a.world.machine, "name": "CI" }))
        }),
        case("rotateApiKey", ONCE, "", |a| Some(json!({ "apiKeyId": a.world.api_key }))),
        case("revokeApiKey", ONCE, "", |a| Some(json!({ "apiKeyId": a.world.api_key }))),
        // Ownership.
        case("offerOwnership", OWNED, "", |a| {
            Some(json!({ "scopeId": a.to.scope, "userId": a.to.spare }))
        }),
        given(OFFER, case("acceptOwnership", OWNED, "offered to somebody else", offer)),
        given(OFFER_TO_ME, case("acceptOwnership", OWNED, "offered to oneself", offer)),
        given(OFFER, case("declineOwnership", OWNED, "offered to somebody else", offer)),
        given(OFFER_TO_ME, case("declineOwnership", OWNED, "offered to oneself", offer)),
        given(OFFER, case("withdrawOwnership", OWNED, "", offer)),
        // The life of accounts, organizations and memberships.
        case("updateAccount", ACCOUNTS, "", |a| {
            Some(json!({ "accountId": a.to.scope, "name": "Another name" }))
        }),
        case("suspendAccount", ACCOUNTS, "", |a| Some(json!({ "accountId": a.to.scope }))),
        given(
            SUSPENDED_ACCOUNT,
            case("reactivateAccount", ACCOUNTS, "", |a| Some(json!({ "accountId": a.to.scope }))),
        ),
        case("closeAccount", ACCOUNTS, "", |a| Some(json!({ "accountId": a.to.scope }))),
        case("closeAccount", ACCOUNTS, DRY, |a| {
            Some(json!({ "accountId": a.to.scope, "dryRun": true }))
        }),
        case("createOrganization", ONCE, "", |_| Some(json!({ "name": "New" }))),
        case("updateOrganization", ONCE, "", |a| {
            Some(json!({ "organizationId": a.to.scope, "name": "Another name" }))
        }),
        case("updateOrganization", ONCE, "its settings", |a| {
            Some(json!({
                "organizationId": a.to.scope, "standardUsersCreateAccounts": true,
                "invitationExpiresInHours": 24,
            }))
        }),
        case("deleteOrganization", ONCE, "", |a| Some(json!({ "organizationId": a.to.scope }))),
        case("deleteOrganization", ONCE, DRY, |a| {
            Some(json!({ "organizationId": a.to.scope, "dryRun": true }))
        }),
        case("removeUserFromAccount", ACCOUNTS, "", |a| {
            Some(json!({ "userId": a.to.member, "accountId": a.to.scope }))
        }),
        case("removeUserFromAccount", TOP_LEVEL, "the Owner", |a| {
            Some(json!({ "userId": a.to.owner, "accountId": a.to.scope }))
        }),
        case("removeUserFromOrganization", ONCE, "a member", |a| {
            Some(json!({ "userId": a.to.member, "organizationId": a.to.scope }))
        }),
        case("removeUserFromOrganization", ONCE, "oneself", |a| {
            Some(json!({ "userId": a.me.id, "organizationId": a.to.scope }))
        }),
        case("removeUserFromOrganization", ONCE, "the Owner", |a| {
            Some(json!({ "userId": a.to.owner, "organizationId": a.to.scope }))
        }),
        case("removeUserFromOrganization", TOP_LEVEL, "an account's Owner", |a| {
            Some(json!({ "userId": a.to.owner, "organizationId": a.to.organization }))
        }),
        case("removeUserFromOrganization", TOP_LEVEL, "an account's Owner, with a new one", |a| {
            Some(json!({
                "userId": a.to.owner, "organizationId": a.to.organization, "newOwnerId": a.to.spare,
            }))
        }),
        case("suspendUser", ONCE, "oneself", |a| {
            Some(json!({ "userId": a.me.id, "organizationId": a.to.scope }))
        }),
        case("suspendUser", ONCE, "the Owner", |a| {
            Some(json!({ "userId": a.to.owner, "organizationId": a.to.scope }))
        }),
        case("suspendUser", ONCE, "a member", |a| {
            Some(json!({ "userId": a.to.member, "organizationId": a.to.scope }))
        }),
        given(
            SUSPENDED_USER,
            case("reactivateUser", ONCE, "", |a| {
                Some(json!({ "userId": a.to.member, "organizationId": a.to.scope }))
            }),
        ),
        // E-mail domains.
        case("setEmailDomainRule", ONCE, "", |a| Some(rule(a))),
        case("removeEmailDomainRule", ONCE, "one that is not there", |a| Some(domain(a))),
        case("addEmailDomain", ONCE, "", |a| Some(domain(a))),
        given(
            DOMAIN,
            case("verifyEmailDomain", ONCE, "without its record", |a| {
                Some(json!({ "domainId": a.given }))
            }),
        ),
        given(
            DOMAIN,
            case("updateEmailDomain", ONCE, "", |a| {
                Some(json!({ "domainId": a.given, "joinContact": "it@policy.example" }))
            }),
        ),
        given(
            DOMAIN,
            case("updateEmailDomain", ONCE, "what people who join are given", |a| {
                let role = a.to.roles?[0];
                Some(json!({ "domainId": a.given, "joinRoleKey": role }))
            }),
        ),
        given(
            DOMAIN,
            case("removeEmailDomain", ONCE, "", |a| Some(json!({ "domainId": a.given }))),
        ),
        // Accounts that go into another organization.
        case("requestAccountMove", TOP_LEVEL, "", |a| {
            Some(json!({ "accountId": a.to.scope, "organizationId": a.world.elsewhere }))
        }),
        given(
            MOVE,
            case("acceptAccountMove", TOP_LEVEL, "asked for by the account's Owner", moving),
        ),
        given(
            MOVE,
            case("declineAccountMove", TOP_LEVEL, "asked for by the account's Owner", moving),
        ),
        given(
            MOVE,
            case("withdrawAccountMove", TOP_LEVEL, "asked for by the account's Owner", moving),
        ),
        // Coming in by the domain of one's address.
        case("joinOrganization", ONCE, "", |a| Some(json!({ "organizationId": a.to.scope }))),
        case("requestToJoin", ONCE, "", |a| Some(json!({ "organizationId": a.to.scope }))),
        given(REQUEST, case("approveJoinRequest", ONCE, "", joining)),
        given(REQUEST, case("declineJoinRequest", ONCE, "", joining)),
        given(REQUEST, case("withdrawJoinRequest", ONCE, "", joining)),
    ]
}

const OWNED: &[ScopeType] = &[ScopeType::Organization, ScopeType::Account];

fn offer(a: &Ask<'_>) -> Option<serde_json::Value> {
    Some(json!({ "offerId": a.given }))
}

fn moving(a: &Ask<'_>) -> Option<serde_json::Value> {
    Some(json!({ "moveId": a.given }))
}

fn joining(a: &Ask<'_>) -> Option<serde_json::Value> {
    Some(json!({ "joinRequestId": a.given }))
}

/// The ways to these.
pub(super) fn ways() -> Vec<Way> {
    vec![
        way_given(ROLE, also("Node", ONCE, "a custom role", |a| by_id("node", &a.given))),
        all_of("BillingGroup", ONCE, "", |a| by_id("node", &a.to.group)),
        all_of("ApiKey", ONCE, "", |a| by_id("node", &a.world.api_key)),
        way_given(
            OFFER,
            all_of("OwnershipOffer", OWNED, "to somebody else", |a| by_id("node", &a.given)),
        ),
        way_given(
            OFFER_TO_ME,
            all_of("OwnershipOffer", OWNED, "to oneself", |a| by_id("node", &a.given)),
        ),
        way_given(DOMAIN, all_of("EmailDomain", ONCE, "", |a| by_id("node", &a.given))),
        way_given(MOVE, all_of("AccountMove", TOP_LEVEL, "", |a| by_id("node", &a.given))),
        way_given(REQUEST, all_of("JoinRequest", ONCE, "", |a| by_id("node", &a.given))),
    ]
}
