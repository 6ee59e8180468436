//! Organizations do not see each other (R1, R2), and who sees something but may not do it is told
//! what is missing (R28).

use serde_json::{Value, json};

use crate::support::custom::{self, make_group, make_role};
use crate::support::domains::{Claim, rule};
use crate::support::ownership::offered;
use crate::support::roles::{change, give, remove, take, welcome};
use crate::support::{
    Answer, Person, Server, both, joining, moves, operations, plant, service_user,
};

/// Something that a person tries with an id.
pub(crate) struct Attempt {
    pub(crate) what: &'static str,
    pub(crate) document: String,
    pub(crate) variables: Value,
    /// What the answer has to contain.
    pub(crate) expected: &'static str,
}

/// An operation of the contract.
fn ask(what: &'static str, operation: &str, variables: Value, expected: &'static str) -> Attempt {
    Attempt { what, document: operations::document(operation), variables, expected }
}

/// A mutation of the contract.
fn call(what: &'static str, operation: &str, input: Value, expected: &'static str) -> Attempt {
    ask(what, operation, json!({ "input": input }), expected)
}

/// Another mutation, which answers that there is no such thing.
fn mutate(what: &'static str, name: &str, input: Value) -> Attempt {
    let variables = json!({ "input": input });
    Attempt { what, document: custom::document(name, "__typename"), variables, expected: NOT_FOUND }
}

/// A query with one id.
fn query(what: &'static str, document: &str, id: &str, expected: &'static str) -> Attempt {
    let variables = json!({ "id": id });
    Attempt { what, document: document.to_owned(), variables, expected }
}

/// A mutation about moves of accounts.
fn moving(what: &'static str, verb: &str, input: Value) -> Attempt {
    let document = moves::document(&format!("{verb}AccountMove"));
    Attempt { what, document, variables: json!({ "input": input }), expected: NOT_FOUND }
}

/// What there is of somebody else's.
pub(crate) struct Theirs {
    pub(crate) organization: String,
    pub(crate) account: String,
    pub(crate) user: String,
    assignment: String,
    invitation: String,
    group: String,
    offer: String,
    /// A move of an account of theirs, from one of their organizations to the other.
    account_move: String,
    /// A request to join their organization.
    pub(crate) join_request: String,
    role: String,
    pub(crate) domain: String,
    /// An event in the record of their organization.
    event: String,
    /// A service user of theirs, and a key of it.
    machine: String,
    api_key: String,
}

pub(crate) const NOT_FOUND: &str = r#""code":"NOT_FOUND""#;
const NOTHING: &str = r#""nodes":[]"#;

/// All that a stranger may try, with what is theirs and what is the others'.
fn attempts(me: &Person, own: &str, my_group: &str, theirs: &Theirs) -> Vec<Attempt> {
    let Theirs { organization, account, user, assignment, invitation, group, .. } = theirs;
    let Theirs { offer, account_move, role, domain, event, machine, api_key, .. } = theirs;
    let (my_org, mine) = (&me.organization, &me.account);
    let grant = |scope: &str| json!({ "roleKey": "account_developer", "scopeId": scope });
    let good = grant(mine);
    let about = json!({ "roleKey": "billing_group_admin", "scopeId": my_org, "resourceId": group });
    let permission = "account.access.use";
    let invitees = json!([{ "email": "pat@new.example" }]);
    let node = "query($id: ID!) { node(id: $id) { id } }";
    let nodes = "query($id: ID!) { nodes(ids: [$id]) { id } }";
    let org = "query($id: ID!) { organization(id: $id) { name } }";
    let acct = "query($id: ID!) { account(id: $id) { name } }";
    let decline =
        "mutation($id: ID!) { declineOwnership(input: { offerId: $id }) { userErrors { code } } }";
    let withdraw =
        "mutation($id: ID!) { withdrawOwnership(input: { offerId: $id }) { userErrors { code } } }";
    let moves_of = "query($id: ID!) { organization(id: $id) { accountMoves { nodes { id } } } }";
    let null = r#""node":null"#;
    let of_org = |list: &str| format!("query($id: ID!) {{ organization(id: $id) {{ {list} }} }}");
    let users = |filter: Value| json!({ "id": my_org, "filter": filter });
    let assignments = "query($id: ID!, $filter: RoleAssignmentFilter) { organization(id: $id) {
        roleAssignments(filter: $filter) { nodes { id } } } }";
    let narrowed = |what, filter: Value| Attempt {
        what,
        document: assignments.to_owned(),
        variables: users(filter),
        expected: NOTHING,
    };
    let record = |what, filter: Value| Attempt {
        what,
        document: "query($id: ID!, $filter: AuditEventFilter) { organization(id: $id) {
            auditEvents(filter: $filter) { nodes { id } } } }"
            .to_owned(),
        variables: users(filter),
        expected: NOTHING,
    };
    let mut attempts = vec![
        query("organization", org, organization, NOT_FOUND),
        query("account", acct, account, NOT_FOUND),
        query("node of an organization", node, organization, null),
        query("node of an account", node, account, null),
        query("node of a user", node, user, null),
        query("node of an assignment", node, assignment, null),
        query("node of an invitation", node, invitation, null),
        query("node of an offer", node, offer, null),
        query("node of an account move", node, account_move, null),
        query("node of a join request", node, &theirs.join_request, null),
        query("node of an audit event", node, event, null),
        query("node of a service user", node, machine, null),
        query("node of an API key", node, api_key, null),
        query("API keys", &of_org("apiKeys { nodes { id } }"), organization, NOT_FOUND),
        Attempt {
            what: "API keys of a service user",
            document: "query($id: ID!, $filter: ApiKeyFilter) { organization(id: $id) {
                apiKeys(filter: $filter) { nodes { id } } } }"
                .to_owned(),
            variables: users(json!({ "serviceUserId": machine })),
            expected: NOTHING,
        },
        mutate(
            "make a service user there",
            "createServiceUser",
            json!({ "organizationId": organization, "name": "Mine" }),
        ),
        mutate(
            "rename their service user",
            "updateServiceUser",
            json!({ "serviceUserId": machine, "name": "Mine" }),
        ),
        mutate(
            "make a key of their service user",
            "createApiKey",
            json!({ "serviceUserId": machine, "name": "Mine" }),
        ),
        mutate("rotate their key", "rotateApiKey", json!({ "apiKeyId": api_key })),
        mutate("revoke their key", "revokeApiKey", json!({ "apiKeyId": api_key })),
        query("audit events", &of_org("auditEvents { nodes { id } }"), organization, NOT_FOUND),
        record("audit events of a user", json!({ "actorId": user })),
        record("audit events about an account", json!({ "targetId": account })),
        query("nodes", nodes, user, r#""nodes":[null]"#),
        ask(
            "access at their organization",
            "Access",
            json!({ "userId": me.id, "permission": permission, "scopeId": organization }),
            NOT_FOUND,
        ),
        ask(
            "access at their account",
            "Access",
            json!({ "userId": me.id, "permission": permission, "scopeId": account }),
            NOT_FOUND,
        ),
        ask(
            "access of their user",
            "Access",
            json!({ "userId": user, "permission": permission, "scopeId": mine }),
            NOT_FOUND,
        ),
        ask(
            "users of their organization",
            "OrganizationUsers",
            json!({ "id": organization }),
            NOT_FOUND,
        ),
        ask(
            "users by their account",
            "OrganizationUsers",
            users(json!({ "accountId": account })),
            r#""edges":[]"#,
        ),
        ask(
            "users by their user",
            "OrganizationUsers",
            users(json!({ "query": user })),
            r#""edges":[]"#,
        ),
        query("assignments of their organization", assignments, organization, NOT_FOUND),
        query(
            "assignments of their account",
            "query($id: ID!) { account(id: $id) { roleAssignments { nodes { id } } } }",
            account,
            NOT_FOUND,
        ),
        narrowed("assignments by their user", json!({ "userId": user })),
        narrowed("assignments by their account", json!({ "accountId": account })),
        ask(
            "invitations of their organization",
            "Invitations",
            json!({ "organizationId": organization }),
            NOT_FOUND,
        ),
        ask(
            "invitations by their account",
            "Invitations",
            json!({ "organizationId": my_org, "filter": { "accountId": account } }),
            NOTHING,
        ),
        call("switch", "SwitchAccount", json!({ "accountId": account }), NOT_FOUND),
        call("default", "SetDefaultAccount", json!({ "accountId": account }), NOT_FOUND),
        call(
            "create in their organization",
            "CreateAccount",
            json!({ "organizationId": organization, "name": "New" }),
            NOT_FOUND,
        ),
        call(
            "create below their account",
            "CreateAccount",
            json!({ "organizationId": my_org, "name": "New", "parentAccountId": account }),
            NOT_FOUND,
        ),
        call(
            "assign to their user",
            "AssignRoles",
            json!({ "userId": user, "grants": [good] }),
            "NOT_A_MEMBER",
        ),
        call(
            "assign at their organization",
            "AssignRoles",
            json!({ "userId": me.id, "grants": [grant(organization)] }),
            NOT_FOUND,
        ),
        call(
            "assign at their account",
            "AssignRoles",
            json!({ "userId": me.id, "grants": [grant(account)] }),
            NOT_FOUND,
        ),
        call(
            "assign at their account too",
            "AssignRoles",
            json!({ "userId": me.id, "grants": [good, grant(account)] }),
            NOT_FOUND,
        ),
        call(
            "assign about their billing group",
            "AssignRoles",
            json!({ "userId": me.id, "grants": [about] }),
            NOT_FOUND,
        ),
        call(
            "change a role in their account",
            "ChangeAccountRole",
            json!({ "userId": me.id, "accountId": account, "roleKey": "account_support" }),
            NOT_FOUND,
        ),
        call(
            "change their user's role",
            "ChangeAccountRole",
            json!({ "userId": user, "accountId": mine, "roleKey": "account_developer" }),
            "NOT_A_MEMBER",
        ),
        call(
            "remove their assignment",
            "RemoveRoleAssignments",
            json!({ "assignmentIds": [assignment] }),
            NOT_FOUND,
        ),
        call(
            "remove their assignment behind my own",
            "RemoveRoleAssignments",
            json!({ "assignmentIds": [own, assignment] }),
            NOT_FOUND,
        ),
        call(
            "remove their assignment before my own",
            "RemoveRoleAssignments",
            json!({ "assignmentIds": [assignment, own] }),
            NOT_FOUND,
        ),
        call(
            "remove at their account",
            "RemoveRoleAssignments",
            json!({ "userId": user, "scopeId": account }),
            NOT_FOUND,
        ),
        call(
            "remove at their organization",
            "RemoveRoleAssignments",
            json!({ "userId": user, "scopeId": organization }),
            NOT_FOUND,
        ),
        call(
            "remove their user from my account",
            "RemoveRoleAssignments",
            json!({ "userId": user, "scopeId": mine }),
            r#""removedIds":[]"#,
        ),
        call(
            "invite to their organization",
            "InviteUsers",
            json!({ "organizationId": organization, "invitees": invitees }),
            NOT_FOUND,
        ),
        call(
            "invite to their account",
            "InviteUsers",
            json!({ "organizationId": my_org, "invitees": invitees, "grants": [grant(account)] }),
            NOT_FOUND,
        ),
        call(
            "invite to their account from a text",
            "InviteUsers",
            json!({ "organizationId": my_org,
                "csv": format!("email,role,scope\npat@new.example,account_developer,{account}") }),
            NOT_FOUND,
        ),
        call(
            "try to invite to their organization",
            "InviteUsers",
            json!({ "organizationId": organization, "invitees": invitees, "dryRun": true }),
            NOT_FOUND,
        ),
        moving(
            "take their account",
            "request",
            json!({ "accountId": account, "organizationId": my_org }),
        ),
        moving(
            "give my account to them",
            "request",
            json!({ "accountId": mine, "organizationId": organization }),
        ),
        moving("accept their move", "accept", json!({ "moveId": account_move })),
        moving("decline their move", "decline", json!({ "moveId": account_move })),
        moving("withdraw their move", "withdraw", json!({ "moveId": account_move })),
        query("moves of their organization", moves_of, organization, NOT_FOUND),
        call("resend", "ResendInvitation", json!({ "invitationId": invitation }), NOT_FOUND),
        call("revoke", "RevokeInvitation", json!({ "invitationId": invitation }), NOT_FOUND),
        query(
            "whether an invitation can be accepted",
            "query($id: ID!) { node(id: $id) { ... on Invitation { canBeAccepted } } }",
            invitation,
            null,
        ),
        ask(
            "my invitations by their inviter",
            "Invitations",
            json!({ "organizationId": my_org, "filter": { "invitedById": user } }),
            NOTHING,
        ),
        query("node of a domain", node, domain, null),
        query(
            "their domains",
            &of_org("emailDomains { nodes { domain } }"),
            organization,
            NOT_FOUND,
        ),
        query(
            "their rules about domains",
            &of_org("emailDomainRules { nodes { domain } }"),
            organization,
            NOT_FOUND,
        ),
        mutate("verify their domain", "verifyEmailDomain", json!({ "domainId": domain })),
        mutate(
            "change their domain",
            "updateEmailDomain",
            json!({ "domainId": domain, "reserved": false }),
        ),
        mutate("remove their domain", "removeEmailDomain", json!({ "domainId": domain })),
        mutate(
            "add a domain for them",
            "addEmailDomain",
            json!({ "organizationId": organization, "domain": "new.example" }),
        ),
        mutate(
            "block for them",
            "setEmailDomainRule",
            json!({ "organizationId": organization, "domain": "a.example", "verdict": "BLOCK" }),
        ),
        mutate(
            "unblock for them",
            "removeEmailDomainRule",
            json!({ "organizationId": organization, "domain": "a.example" }),
        ),
        query("node of a custom role", node, role, null),
        query("node of a billing group", node, group, null),
        ask(
            "access at their billing group",
            "Access",
            json!({ "userId": me.id, "permission": permission, "scopeId": group }),
            NOT_FOUND,
        ),
        query(
            "their custom roles",
            &of_org("customRoles { nodes { key } }"),
            organization,
            NOT_FOUND,
        ),
        query("their groups", &of_org("billingGroups { nodes { name } }"), organization, NOT_FOUND),
        mutate(
            "make a role for them",
            "createCustomRole",
            json!({ "organizationId": organization, "key": "new", "name": "New",
                "permissions": [permission] }),
        ),
        mutate("change their role", "updateCustomRole", json!({ "roleId": role, "name": "New" })),
        mutate("delete their role", "deleteCustomRole", json!({ "roleId": role })),
        mutate(
            "replace their role",
            "deleteCustomRole",
            json!({ "roleId": role, "replacementRoleKey": "studio_admin", "dryRun": true }),
        ),
        mutate(
            "make a group for them",
            "createBillingGroup",
            json!({ "organizationId": organization, "name": "New" }),
        ),
        mutate(
            "rename their group",
            "renameBillingGroup",
            json!({ "billingGroupId": group, "name": "New" }),
        ),
        mutate(
            "link my account to their group",
            "linkAccounts",
            json!({ "billingGroupId": group, "accountIds": [mine] }),
        ),
        mutate(
            "unlink their account",
            "unlinkAccounts",
            json!({ "billingGroupId": group, "accountIds": [account] }),
        ),
        mutate("delete their group", "deleteBillingGroup", json!({ "billingGroupId": group })),
        mutate(
            "link their account to my group",
            "linkAccounts",
            json!({ "billingGroupId": my_group, "accountIds": [mine, account] }),
        ),
        mutate(
            "unlink their account from my group",
            "unlinkAccounts",
            json!({ "billingGroupId": my_group, "accountIds": [account] }),
        ),
        call(
            "offer their organization",
            "OfferOwnership",
            json!({ "scopeId": organization, "userId": me.id }),
            NOT_FOUND,
        ),
        call(
            "offer their account",
            "OfferOwnership",
            json!({ "scopeId": account, "userId": user }),
            NOT_FOUND,
        ),
        call(
            "offer mine to their user",
            "OfferOwnership",
            json!({ "scopeId": mine, "userId": user }),
            "NOT_A_MEMBER",
        ),
        call("accept an offer", "AcceptOwnership", json!({ "offerId": offer }), NOT_FOUND),
        query("decline an offer", decline, offer, NOT_FOUND),
        query("withdraw an offer", withdraw, offer, NOT_FOUND),
    ];
    attempts.extend(crate::isolation_life::attempts(me, theirs));
    attempts
}

async fn answers(person: &Person, attempts: Vec<Attempt>) -> Vec<(Attempt, String)> {
    let mut answers = Vec::new();
    for attempt in attempts {
        let answer = person.send(&attempt.document, attempt.variables.clone()).await;
        answers.push((attempt, format!("{} {}", answer.status, answer.body)));
    }
    answers
}

both!(
    /// R2: to somebody from elsewhere an id of this organization and an id of nothing are the same,
    /// byte by byte, in whatever is tried with them; and nothing comes of it.
    r02_what_is_elsewhere_does_not_exist,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let sub = ann.create_account("Below", Some(&ann.account)).await;
        let bob = plant::member(&server, &ann.organization, "Bob").await;
        let assignment = give(&ann, &bob, &[("account_developer", &sub)]).await.remove(0);
        let invited = ann.invite("carl@acme.example", &[("account_developer", &sub)]).await;
        let invitation = invited.text("/inviteUsers/results/0/invitation/id");
        let group = plant::billing_group(&server, &ann.organization, "East", &[]).await;
        let offer = offered(&ann, &ann.account, &bob).await;
        let role = make_role(&ann, "night_shift", &["account.access.use"]).await;
        let domain = Claim::of(&ann, "secret.example").await.id;
        rule(&ann, "secret.example", "BLOCK").await.done("setEmailDomainRule");
        let acme = ann.organization.clone();
        let abe = server.sign_up("Abe", "abe@branch.example", "Branch").await;
        welcome(&abe, &ann, &[]).await;
        let account_move = moves::asked(&ann, &ann.account, &abe.organization).await;
        let policy = entity::email_domain::JoinPolicy::Request;
        joining::Domain::new("acme.example", policy).of(&ann).await;
        let cam = joining::verified(&server, "Cam", "cam@acme.example").await;
        let join_request = joining::asked(&cam, &acme).await;
        let machine = service_user::machine(&ann, "Bot", &[]).await;
        let (api_key, _) = service_user::key(&ann, &machine).await;
        let event = server.audit("custom_role.created").await.remove(0).id.to_string();

        // Zoe comes later: her rows are behind Ann's in every order by id.
        server.pass(chrono::TimeDelta::minutes(1));
        let zoe = server.sign_up("Zoe", "zoe@elsewhere.example", "Elsewhere").await;
        joining::prove(&zoe).await;
        let zed = plant::member(&server, &zoe.organization, "Zed").await;
        let my_group = make_group(&zoe, "Mine").await;
        let own = give(&zoe, &zed, &[("account_developer", &zoe.account)]).await.remove(0);

        let theirs = Theirs {
            organization: acme,
            account: sub,
            user: bob,
            assignment,
            invitation,
            group,
            offer,
            role,
            account_move,
            domain,
            join_request,
            event,
            machine,
            api_key,
        };
        let nothing = Theirs {
            organization: plant::unknown(&theirs.organization),
            account: plant::unknown(&theirs.account),
            user: plant::unknown(&theirs.user),
            assignment: plant::unknown(&theirs.assignment),
            invitation: plant::unknown(&theirs.invitation),
            group: plant::unknown(&theirs.group),
            offer: plant::unknown(&theirs.offer),
            account_move: plant::unknown(&theirs.account_move),
            join_request: plant::unknown(&theirs.join_request),
            role: plant::unknown(&theirs.role),
            domain: plant::unknown(&theirs.domain),
            event: plant::unknown(&theirs.event),
            machine: plant::unknown(&theirs.machine),
            api_key: plant::unknown(&theirs.api_key),
        };
        let before = everything(&ann).await;
        let foreign = answers(&zoe, attempts(&zoe, &own, &my_group, &theirs)).await;
        let unknown = answers(&zoe, attempts(&zoe, &own, &my_group, &nothing)).await;
        let same = |text: &str| {
            text.replace(&theirs.organization, &nothing.organization)
                .replace(&theirs.account, &nothing.account)
                .replace(&theirs.user, &nothing.user)
                .replace(&theirs.assignment, &nothing.assignment)
                .replace(&theirs.invitation, &nothing.invitation)
                .replace(&theirs.group, &nothing.group)
                .replace(&theirs.offer, &nothing.offer)
                .replace(&theirs.account_move, &nothing.account_move)
                .replace(&theirs.join_request, &nothing.join_request)
                .replace(&theirs.role, &nothing.role)
                .replace(&theirs.domain, &nothing.domain)
                .replace(&theirs.event, &nothing.event)
                .replace(&theirs.machine, &nothing.machine)
                .replace(&theirs.api_key, &nothing.api_key)
        };
        for ((attempt, foreign), (_, unknown)) in foreign.iter().zip(&unknown) {
            assert_eq!(same(foreign), *unknown, "{}", attempt.what);
            assert!(foreign.contains(attempt.expected), "{}: {foreign}", attempt.what);
            for secret in
                ["Acme", "Ann", "Bob", "Below", "East", "carl@", "Branch", "Abe", "night", "secret", "Cam"]
            {
                assert!(!foreign.contains(secret), "{} tells {secret}: {foreign}", attempt.what);
            }
        }
        assert_eq!(everything(&ann).await, before);
        assert_eq!(zoe.roles_of(&zed).await, [format!("account_developer @ {}", zoe.account)]);

        // The header that names an account, too (R63).
        let header = async |account: &str| {
            let answer = zoe.send_in(account, "{ viewer { user { id } } }", json!({})).await;
            format!("{} {}", answer.status, answer.body)
        };
        let refused = header(&theirs.account).await;
        assert_eq!(same(&refused), header(&nothing.account).await);
        assert!(refused.contains(NOT_FOUND), "{refused}");
    }
);

/// All that an owner sees of their organization.
async fn everything(owner: &Person) -> String {
    let users = owner.ask("OrganizationUsers", json!({ "id": owner.organization })).await;
    let invitations =
        owner.ask("Invitations", json!({ "organizationId": owner.organization })).await;
    let query =
        "query($id: ID!) { organization(id: $id) { accounts { nodes { id name status } } } }";
    let accounts = owner.send(query, json!({ "id": owner.organization })).await;
    let query = "query($id: ID!) { organization(id: $id) { customRoles { nodes { name key } }
        billingGroups { nodes { name accounts { nodes { id } } } }
        emailDomains { nodes { domain status } } emailDomainRules { nodes { domain verdict } } } }";
    let own = owner.send(query, json!({ "id": owner.organization })).await;
    [users, invitations, accounts, own].map(|answer| answer.body["data"].to_string()).join("\n")
}

both!(
    /// R1: the same person in two organizations holds in each what was given there, and is seen in
    /// each with that only.
    r01_a_person_has_different_roles_in_each_organization,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let zoe = server.sign_up("Zoe", "zoe@elsewhere.example", "Elsewhere").await;
        let bob = ann.colleague("Bob", "bob@corp.example", &[("account_developer", &ann.account)]).await;
        welcome(&zoe, &bob, &[("organization_admin", &zoe.organization)]).await;

        let standard = format!("organization_standard_user @ {}", ann.organization);
        let developer = format!("account_developer @ {}", ann.account);
        assert_eq!(ann.roles_of(&bob.id).await, [developer, standard]);
        let admin = format!("organization_admin @ {}", zoe.organization);
        assert_eq!(zoe.roles_of(&bob.id).await, [admin]);
        assert!(bob.access(&bob.id, "organization.users.manage", &zoe.organization).await);
        assert!(!bob.access(&bob.id, "organization.users.manage", &ann.organization).await);

        let mine = bob.ask("Viewer", json!({})).await;
        assert_eq!(mine.texts("/viewer/organizations/nodes", "/name"), ["Acme", "Elsewhere"]);
        assert_eq!(mine.texts("/viewer/accounts/nodes", "/name"), ["Acme Main", "Elsewhere Main"]);
        assert_eq!(mine.texts("/viewer/accounts/nodes", "/viewerRoles/0/key"), [
            "account_developer",
            "organization_admin"
        ]);
        // What he takes back in one organization stays in the other.
        take(&ann, &bob.id, &ann.account).await.done("removeRoleAssignments");
        let mine = bob.ask("Viewer", json!({})).await;
        assert_eq!(mine.texts("/viewer/accounts/nodes", "/name"), ["Elsewhere Main"]);
    }
);

both!(
    /// R2: the same within an organization: an account that one holds nothing in does not exist.
    r02_an_account_without_a_role_does_not_exist,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let other = ann.create_account("Other", None).await;
        let bob = plant::member(&server, &ann.organization, "Bob").await;
        let there = give(&ann, &bob, &[("account_developer", &other)]).await.remove(0);
        let roles = [("account_administrator", ann.account.as_str())];
        let adam = ann.colleague("Adam", "adam@acme.example", &roles).await;
        let nothing = plant::unknown(&other);

        let account = "query($id: ID!) { account(id: $id) { name } }";
        let tried = async |id: &str, assignment: &str| {
            let answers: [Answer; 6] = [
                adam.send(account, json!({ "id": id })).await,
                change(&adam, &bob, id, "account_developer").await,
                take(&adam, &bob, id).await,
                remove(&adam, &[assignment]).await,
                adam.call("SwitchAccount", json!({ "accountId": id })).await,
                adam.ask("OrganizationUsers", json!({
                    "id": ann.organization, "filter": { "accountId": id } })).await,
            ];
            answers.map(|answer| answer.body.to_string())
        };
        let unseen = tried(&other, &there).await;
        assert_eq!(unseen, tried(&nothing, &plant::unknown(&there)).await);
        assert!(unseen[..5].iter().all(|answer| answer.contains(NOT_FOUND)), "{unseen:#?}");
        assert!(ann.access(&bob, "developer_tools.tool.use", &other).await);
    }
);

both!(
    /// R28: who sees something but may not manage it is told the missing permission, the scope, and
    /// the roles that would give it.
    r28_forbidden_says_what_is_missing,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let (organization, main) = (&ann.organization, &ann.account);
        let dev = ann.colleague("Dev", "dev@acme.example", &[("account_developer", main)]).await;
        let std = ann.colleague("Stan", "stan@acme.example", &[]).await;
        let held = ann.assignments_of(&dev.id).await;
        let (at_account, at_organization) = (&held[0].1, &held[1].1);
        let invited = ann.invite("carl@acme.example", &[("account_developer", main)]).await;
        let invitation = invited.text("/inviteUsers/results/0/invitation/id");

        let managers = ["organization_owner", "organization_admin"];
        let of_account = [&managers[..], &["account_owner", "account_administrator"]].concat();
        let users = ("organization.users.manage", organization, &managers[..]);
        let assignments = ("organization.assignments.manage", organization, &managers[..]);
        let accounts = ("organization.accounts.manage", organization, &managers[..]);
        let in_account = ("account.users.manage", main, &of_account[..]);
        let settings = ("account.settings.manage", main, &of_account[..]);
        let grant = |role: &str, scope: &str| json!([{ "roleKey": role, "scopeId": scope }]);
        let invitees = json!([{ "email": "pat@new.example" }]);
        let forbidden = [
            (&std, "CreateAccount", json!({ "organizationId": organization, "name": "New" }), accounts),
            (
                &dev,
                "CreateAccount",
                json!({ "organizationId": organization, "name": "New", "parentAccountId": main }),
                settings,
            ),
            (
                &std,
                "AssignRoles",
                json!({ "userId": std.id, "grants": grant("organization_admin", organization) }),
                assignments,
            ),
            (
                &dev,
                "AssignRoles",
                json!({ "userId": dev.id, "grants": grant("account_administrator", main) }),
                in_account,
            ),
            (
                &dev,
                "ChangeAccountRole",
                json!({ "userId": dev.id, "accountId": main, "roleKey": "account_administrator" }),
                in_account,
            ),
            (&dev, "RemoveRoleAssignments", json!({ "assignmentIds": [at_account] }), in_account),
            (&dev, "RemoveRoleAssignments", json!({ "assignmentIds": [at_organization] }), assignments),
            (&dev, "RemoveRoleAssignments", json!({ "userId": ann.id, "scopeId": main }), in_account),
            (&std, "RemoveRoleAssignments", json!({ "userId": dev.id, "scopeId": organization }), assignments),
            (&std, "InviteUsers", json!({ "organizationId": organization, "invitees": invitees }), users),
            (
                &dev,
                "InviteUsers",
                json!({ "organizationId": organization, "invitees": invitees,
                    "grants": grant("account_developer", main) }),
                in_account,
            ),
        ];
        for mutation in ["ResendInvitation", "RevokeInvitation"] {
            // Who administers nobody sees no invitation: the answer is that to an unknown id.
            let answer = dev.call(mutation, json!({ "invitationId": invitation })).await;
            assert_eq!(answer.error(), "NOT_FOUND", "{mutation}");
        }
        let before = everything(&ann).await;
        for (person, mutation, input, (permission, scope, granted_by)) in forbidden {
            let answer = person.call(mutation, input.clone()).await;
            let told = &answer.body["errors"][0]["extensions"];
            let expected = json!({ "code": "FORBIDDEN", "permission": permission, "scope": scope,
                "grantedBy": granted_by });
            assert_eq!(*told, expected, "{mutation} {input}: {:#}", answer.body);
        }
        for (person, operation, variables, (permission, scope, granted_by)) in [
            (&dev, "OrganizationUsers", json!({ "id": organization }), users),
            (&std, "OrganizationUsers", json!({ "id": organization }), users),
            (&dev, "Invitations", json!({ "organizationId": organization }), users),
        ] {
            let answer = person.ask(operation, variables).await;
            let told = &answer.body["errors"][0]["extensions"];
            let expected = json!({ "code": "FORBIDDEN", "permission": permission, "scope": scope,
                "grantedBy": granted_by });
            assert_eq!(*told, expected, "{operation}: {:#}", answer.body);
        }
        assert_eq!(everything(&ann).await, before);
    }
);
