// The rules of graphql-eslint for schemas, all of them; what is set otherwise has its reason here.

import graphql from '@graphql-eslint/eslint-plugin';

/** Kinds of types that are parts of something else, or an answer, and nothing that has an identity. */
const PARTS = {
  suffixes: ['Changed', 'Connection', 'Edge', 'Payload'],
  types: [
    'Access', 'AccessChain', 'CanInvite', 'Consequences', 'Delivery', 'EmailDomainRule', 'Entitlement', 'InvitationAcceptance',
    'InvitationAlreadyAccepted', 'InvitationDeclined', 'InvitationExpired', 'InvitationForAnotherUser', 'InvitationGrant',
    'InvitationInviterLostAccess', 'InvitationNeedsSignIn', 'InvitationNeedsSignUp', 'InvitationReady', 'InvitationRevoked',
    'InvitationSeatsExhausted', 'InviteUsersResult', 'JoinableOrganization', 'Network', 'OrganizationSettings', 'PageInfo',
    'Permission', 'PromisedRole', 'ScopeRoleAssignments', 'SessionTokens', 'UserError', 'Viewer',
  ],
};

export default [
  {
    files: ['schema.graphql'],
    plugins: { '@graphql-eslint': graphql },
    languageOptions: {
      parser: graphql.parser,
      parserOptions: { graphQLConfig: { schema: 'schema.graphql' } },
    },
    rules: {
      ...graphql.configs['flat/schema-recommended'].rules,
      ...graphql.configs['flat/schema-relay'].rules,
      '@graphql-eslint/strict-id-in-types': ['error', { exceptions: PARTS }],
      '@graphql-eslint/relay-edge-types': ['error', {
        withEdgeSuffix: true,
        // Connections have `nodes` besides `edges`, and payloads `userErrors`: both are promised to clients.
        listTypeCanWrapOnlyEdgeType: false,
        // ScopeRoleAssignments is a group and EmailDomainRule a setting for a domain: neither has an id.
        shouldImplementNode: false,
      }],
    },
  },
];
