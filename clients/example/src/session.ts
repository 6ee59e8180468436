// Who is signed in, in this tab. The tokens are in sessionStorage: they survive a reload, and each tab has
// its own, so that two tabs can work as two people, or as one in two accounts.

import { RequestRefused, send } from './api';
import { RefreshSessionDocument, SignOutDocument, SwitchAccountDocument } from './gql/graphql';
import type { TokenFieldsFragment, TypedDocumentString } from './gql/graphql';

interface Kept {
  /** Tells this tab from a copy of it. */
  tab: string;
  accessToken: string;
  refreshToken: string;
  /** By this machine's clock, in milliseconds. */
  expiresAt: number;
}

const KEY = 'rolecall';
/** So much earlier than it expires a token is renewed: the request is under way for a while. */
const EARLY = 10_000;

let kept = JSON.parse(sessionStorage.getItem(KEY) ?? 'null') as Kept | null;
let renewal: Promise<void> | null = null;
let changed = (_notice?: string) => {};

export const signedIn = () => kept !== null;

/** Whom to tell when somebody has signed in or out, or their session was found to be over, which `notice` says then. */
export function onChange(listener: (notice?: string) => void): void {
  changed = listener;
}

/** Goes on with the tokens that an answer brought. */
export function take({ accessToken, refreshToken }: TokenFieldsFragment): void {
  const { iat, exp } = claims(accessToken);
  const tab = kept?.tab ?? crypto.randomUUID();
  // What a token says is by the server's clock, which may differ from this one; how long it lives does not.
  keep({ tab, accessToken, refreshToken, expiresAt: Date.now() + (exp - iat) * 1000 });
}

/** Sends a document as the person who is signed in, if anybody is; renews the token where it has to be. */
export async function ask<Data, Variables>(document: TypedDocumentString<Data, Variables>, variables: Variables): Promise<Data> {
  if (kept && kept.expiresAt - EARLY < Date.now()) await renew(kept);
  const used = kept;
  try {
    return await send(document, variables, used?.accessToken);
  } catch (error) {
    if (!used || !(error instanceof RequestRefused) || error.code !== 'UNAUTHENTICATED') throw error;
    // The server finds it expired, or its session over. Another request may have renewed it meanwhile.
    if (kept === used) await renew(used);
    if (!kept) throw error;
    return send(document, variables, kept.accessToken);
  }
}

/** Works in another account from here on, in this tab alone. Answers why not, if it cannot. */
export async function switchTo(accountId: string) {
  const { switchAccount } = await ask(SwitchAccountDocument, { input: { accountId } });
  if (switchAccount.tokens) take(switchAccount.tokens);
  return switchAccount.userErrors;
}

/** Ends the session on the server, and so in every tab that shares it; this one forgets it in any case. */
export async function signOut(): Promise<void> {
  try {
    await ask(SignOutDocument, {});
  } finally {
    keep(null);
  }
}

/**
 * To be called once, before anything else. A browser copies sessionStorage into a tab that another one opens.
 * A refresh token is good for one use, and a second one ends the session; so a copy gets tokens of its own.
 */
export async function begin(): Promise<void> {
  if (!kept || (await hold(kept.tab))) return;
  const { accessToken, expiresAt } = kept;
  const { acct } = claims(accessToken);
  keep(null);
  if (!acct || expiresAt < Date.now()) return;
  try {
    const { switchAccount } = await send(SwitchAccountDocument, { input: { accountId: acct } }, accessToken);
    if (switchAccount.tokens) take(switchAccount.tokens);
  } catch {
    // Then whoever opened the tab signs in.
  }
}

/** One renewal at a time, however many requests wait for it. */
function renew(from: Kept): Promise<void> {
  renewal ??= send(RefreshSessionDocument, { input: { refreshToken: from.refreshToken } })
    .then(({ refreshSession: { tokens } }) => {
      if (kept !== from) return; // signed out meanwhile
      if (tokens) take(tokens);
      else keep(null, 'Your session is over. Sign in again.');
    })
    .finally(() => (renewal = null));
  return renewal;
}

function keep(value: Kept | null, notice?: string): void {
  const another = value?.tab !== kept?.tab;
  kept = value;
  if (kept) sessionStorage.setItem(KEY, JSON.stringify(kept));
  else sessionStorage.removeItem(KEY);
  if (!another) return;
  if (kept) void hold(kept.tab);
  changed(notice);
}

/** Holds a lock as long as the tab is open; false if another tab does. */
function hold(tab: string): Promise<boolean> {
  return new Promise((resolve) => {
    void navigator.locks.request(`${KEY}:${tab}`, { ifAvailable: true }, (lock) => {
      resolve(lock !== null);
      return lock && new Promise(() => {});
    });
  });
}

/** What an access token says. Nothing here verifies it; the server does. */
function claims(token: string): { acct?: string; iat: number; exp: number } {
  const payload = token.split('.')[1] ?? '';
  return JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/')));
}
