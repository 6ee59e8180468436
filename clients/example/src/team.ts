// The people of the organization that this tab is in, its invitations, and the person's accounts.

import { RequestRefused } from './api';
import { field, form, make } from './dom';
import { graphql } from './gql';
import {
  InvitationsDocument, InviteUsersDocument, OrganizationUsersDocument, ResendInvitationDocument, RevokeInvitationDocument, ViewerDocument,
} from './gql/graphql';
import type { InvitationFieldsFragment, ViewerQuery } from './gql/graphql';
import { ask, signOut } from './session';

const InvitingDocument = graphql(`
  query Inviting($organizationId: ID!) {
    organization(id: $organizationId) { viewerCanInvite { allowed message help } }
    roles(first: 100, filter: { scopeType: ACCOUNT }) { nodes { key name isOwner } }
  }
`);

type Account = NonNullable<ViewerQuery['viewer']['accounts']>['nodes'][number];

export async function team(): Promise<HTMLElement> {
  const { viewer } = await ask(ViewerDocument, {});
  const accounts = viewer.accounts?.nodes ?? [];
  const here = accounts.find(({ id }) => id === viewer.currentAccount?.id);
  return make('main', {},
    make('h1', {}, here?.organization.name ?? 'Team'),
    make('p', {}, `${viewer.user.name}, ${here ? `in ${here.name}` : 'in no account'}`),
    form('Sign out', [], signOut),
    make('h2', {}, 'Accounts'),
    make('ul', {}, ...accounts.map((account) => road(account, here))),
    here && (await lists(here)),
  );
}

/** The ways to an account: in this tab, and in one of its own, which `opener` lets begin with this one's tokens. */
function road({ id, name }: Account, here: Account | undefined): HTMLElement {
  const href = `#/accounts/${id}`;
  return make('li', {},
    id === here?.id ? `${name} ` : make('a', { href }, name), ' ',
    make('a', { href, target: '_blank', rel: 'opener', ariaLabel: `${name} in a new tab` }, 'in a new tab'),
  );
}

/** People and invitations; what the server says a while later replaces them. */
async function lists(account: Account): Promise<HTMLElement> {
  const section = make('section');
  const look = async () => {
    const { id } = account.organization;
    // All at once: if the token has to be renewed, it is renewed once.
    const [people, invitations, inviting] = await Promise.all([
      permitted(ask(OrganizationUsersDocument, { id, first: 50 })),
      permitted(ask(InvitationsDocument, { organizationId: id, first: 50 })),
      ask(InvitingDocument, { organizationId: id }),
    ]);
    const mayInvite = inviting.organization?.viewerCanInvite;
    section.replaceChildren(
      make('h2', {}, 'People'),
      list(people?.organization?.users?.edges.map(({ node }) => {
        const roles = node.roleAssignments?.nodes.map(({ role }) => role.name) ?? [];
        return make('li', {}, `${node.name}, ${node.email}: ${roles.join(', ')}`);
      })),
      make('h2', {}, 'Invitations'),
      list(invitations?.organization?.invitations?.nodes.map((invitation) => row(invitation, look))),
      form('Look again', [], look),
      make('h2', {}, 'Invite somebody'),
      mayInvite?.allowed
        ? invite(account, inviting.roles?.nodes ?? [], look)
        : make('p', {}, [mayInvite?.message, mayInvite?.help].filter(Boolean).join(' — ')),
    );
  };
  await look();
  return section;
}

function list(rows: HTMLElement[] | undefined): HTMLElement {
  return rows ? make('ul', {}, ...rows) : make('p', {}, 'Shown to those who manage the people here.');
}

function row({ id, email, status }: InvitationFieldsFragment, look: () => Promise<void>): HTMLElement {
  const input = { invitationId: id };
  const open = status === 'PENDING';
  return make('li', {}, `${email}: ${status.toLowerCase()}`,
    open && form('Send again', [], async () => then((await ask(ResendInvitationDocument, { input })).resendInvitation.userErrors, look)),
    open && form('Revoke', [], async () => then((await ask(RevokeInvitationDocument, { input })).revokeInvitation.userErrors, look)),
  );
}

function invite({ id: scopeId, organization }: Account, roles: { key: string; name: string; isOwner: boolean }[], look: () => Promise<void>) {
  const given = roles.filter(({ isOwner }) => !isOwner).map(({ key, name }) => make('option', { value: key }, name));
  return form('Invite', [
    field('Address', 'email', { type: 'email' }),
    make('label', {}, 'Role', make('select', { name: 'role' }, ...given)),
  ], async (value) => {
    const { inviteUsers } = await ask(InviteUsersDocument, {
      input: {
        organizationId: organization.id,
        invitees: [{ email: value('email') }],
        grants: [{ roleKey: value('role'), scopeId }],
      },
    });
    // Each address has an answer of its own, besides those to the call as a whole.
    const refused = inviteUsers.results?.flatMap(({ userError }) => userError ?? []) ?? [];
    return then([...inviteUsers.userErrors, ...refused], look);
  });
}

/** Looks again if nothing was refused. */
async function then<Refusal>(refusals: Refusal[], look: () => Promise<void>): Promise<Refusal[]> {
  if (!refusals.length) await look();
  return refusals;
}

/** Null for what the person may not see. */
async function permitted<Data>(asked: Promise<Data>): Promise<Data | null> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof RequestRefused && error.code === 'FORBIDDEN') return null;
    throw error;
  }
}
