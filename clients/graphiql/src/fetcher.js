// Sends GraphiQL's operations. Adds the remembered access token, renews it when it is about to
// expire, fills in placeholders, and lets ./session.js learn from every response.
import { parse } from 'graphql';
import { createClient } from 'graphql-ws';
import * as session from './session.js';

const ENDPOINT = '/graphql';
const HEADERS = { 'Content-Type': 'application/json', Accept: 'application/graphql-response+json, application/json' };

// These work signed out, and must: a token of a session that is over would get them refused.
const OPEN = new Set(['signUp', 'signIn', 'refreshSession', 'requestPasswordReset', 'resetPassword']);

const REFRESH = `mutation RefreshSession($input: RefreshSessionInput!) {
  refreshSession(input: $input) {
    tokens { accessToken accessTokenExpiresAt refreshToken }
    userErrors { message }
  }
}`;
const SIGN_OUT = 'mutation SignOut { signOut { userErrors { message } } }';

export async function fetcher({ query, variables, operationName }, { headers: typed = {} } = {}) {
  const { filled, missing } = session.fill(variables);
  if (missing.length) return notSent(missing);

  const headers = new Headers(HEADERS);
  for (const [name, value] of Object.entries(typed)) headers.set(name, value); // the header editor has the last word

  const request = { query, variables: filled, operationName };
  const operation = find(query, operationName);
  if (operation?.operation === 'subscription') return listen(request, headers);

  const open = operation?.selectionSet.selections.every(({ name }) => name && (OPEN.has(name.value) || name.value.startsWith('__')));
  const token = open || headers.has('Authorization') ? null : await accessToken();
  if (token) headers.set('Authorization', `Bearer ${token}`);

  const { status, result } = await post(request, headers);
  session.learn(result.data);
  const refused = status === 401 || result.errors?.some?.((error) => error.extensions?.code === 'UNAUTHENTICATED');
  if (token && refused && token === session.current().accessToken) session.forget('Your session is over');
  return result;
}

/** Ends the session on the server too; the page forgets it in any case. */
export async function signOut() {
  try {
    const token = await accessToken();
    await post({ query: SIGN_OUT, operationName: 'SignOut' }, { ...HEADERS, Authorization: `Bearer ${token}` });
  } finally {
    session.forget();
  }
}

/** The body as it came, whatever the status: refusals are what one wants to read here. */
async function post(request, headers) {
  const response = await fetch(ENDPOINT, { method: 'POST', headers, body: JSON.stringify(request) });
  const body = await response.text();
  let result;
  try {
    result = JSON.parse(body);
  } catch {
    // A proxy's page, or nothing at all.
  }
  if (!result || typeof result !== 'object') result = { status: `${response.status} ${response.statusText}`.trim(), body };
  return { status: response.status, result };
}

let renewal = null; // one at a time: a refresh token works once

async function accessToken() {
  const { accessToken: token, refreshToken, expiresAt } = session.current();
  if (!token || !refreshToken || Date.now() < expiresAt - 10_000) return token;
  renewal ??= renew(refreshToken).finally(() => (renewal = null));
  await renewal;
  return session.current().accessToken;
}

async function renew(refreshToken) {
  const request = { query: REFRESH, operationName: 'RefreshSession', variables: { input: { refreshToken } } };
  const { status, result } = await post(request, HEADERS);
  const renewed = Object.values(result.data ?? {}).some((payload) => payload?.tokens?.accessToken);
  if (renewed) session.learn(result.data);
  else if (status < 500 && status !== 429) session.forget('Your session is over');
}

/** Subscriptions go over a WebSocket of their own, which authenticates in `connection_init`. */
function listen(request, headers) {
  return {
    subscribe(sink) {
      const client = createClient({
        url: new URL(ENDPOINT, location.href.replace(/^http/, 'ws')).href,
        retryAttempts: 0,
        connectionParams: async () => {
          const token = await accessToken();
          const authorization = headers.get('Authorization') ?? (token && `Bearer ${token}`);
          return authorization ? { Authorization: authorization } : {};
        },
      });
      const stop = client.subscribe(request, {
        next: (result) => sink.next(result),
        complete: () => sink.complete(),
        error: (error) => sink.error('code' in error ? new Error(`WebSocket closed: ${error.code} ${error.reason}`) : error),
      });
      return {
        unsubscribe() {
          stop();
          client.dispose();
        },
      };
    },
  };
}

function find(query, operationName) {
  try {
    const operations = parse(query, { noLocation: true }).definitions.filter((it) => it.kind === 'OperationDefinition');
    return operations.find((it) => it.name?.value === operationName) ?? operations[0];
  } catch {
    return undefined; // not GraphQL: the server says why
  }
}

function notSent(missing) {
  const reason = session.current().accessToken
    ? 'The page has not seen such an id yet. Run Viewer or OrganizationUsers first, or write the id yourself.'
    : 'They are filled in once you are signed in: run SignUp or SignIn first.';
  return { notSent: `The variables hold placeholders: ${missing.join(', ')}. ${reason}` };
}
