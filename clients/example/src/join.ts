// The page of an invitation. What the link leads to says which form there is, by the name of its type.

import { field, form, make } from './dom';
import { AcceptInvitationDocument, DeclineInvitationDocument, InvitationByTokenDocument } from './gql/graphql';
import type { AcceptInvitationInput, InvitationByTokenQuery } from './gql/graphql';
import { ask, signOut, take } from './session';

type Kind = NonNullable<InvitationByTokenQuery['invitationByToken']>['__typename'];

/** Why there is nothing to accept, where that is so. */
const OVER: Partial<Record<Kind, string>> = {
  InvitationExpired: 'The invitation has expired. Ask for a new one.',
  InvitationRevoked: 'The invitation was taken back.',
  InvitationDeclined: 'The invitation was declined.',
  InvitationAlreadyAccepted: 'The invitation has been accepted already.',
  InvitationInviterLostAccess: 'Who invited you may not do so any more.',
  InvitationSeatsExhausted: 'The organization has no seat left.',
};

export async function invitation(token: string): Promise<HTMLElement> {
  const { invitationByToken: found } = await ask(InvitationByTokenDocument, { token });
  if (!found) return make('main', {}, make('h1', {}, 'No such invitation'));
  return make('main', {},
    make('h1', {}, `Join ${found.organizationName}`),
    make('p', {}, `${found.inviterName} invites ${found.maskedEmail}.`),
    ...answers(found.__typename, token),
  );
}

function answers(kind: Kind, token: string): HTMLElement[] {
  const over = OVER[kind];
  if (over) return [make('p', {}, over)];
  const accept = (fields: HTMLElement[]) => form('Accept', fields, async (value) => {
    const input: AcceptInvitationInput = { token };
    for (const name of ['name', 'password'] as const) if (value(name)) input[name] = value(name);
    const { acceptInvitation } = await ask(AcceptInvitationDocument, { input });
    if (acceptInvitation.tokens) {
      leave();
      take(acceptInvitation.tokens);
    }
    return acceptInvitation.userErrors;
  });
  const decline = form('Decline', [], async () => {
    const { declineInvitation } = await ask(DeclineInvitationDocument, { input: { token } });
    if (!declineInvitation.userErrors.length) leave();
    return declineInvitation.userErrors;
  });
  switch (kind) {
    case 'InvitationNeedsSignUp':
      return [accept([
        field('Your name', 'name', { autocomplete: 'name' }),
        field('A password', 'password', { type: 'password', autocomplete: 'new-password', minLength: 8 }),
      ]), decline];
    case 'InvitationNeedsSignIn':
      return [accept([field('Your password', 'password', { type: 'password', autocomplete: 'current-password' })]), decline];
    case 'InvitationForAnotherUser':
      return [make('p', {}, 'You are signed in with another address.'), form('Sign out', [], signOut)];
    default:
      return [accept([]), decline];
  }
}

/** On to the team, or the way in. */
function leave(): void {
  location.hash = '#/team';
}
