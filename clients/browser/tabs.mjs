// Two tabs of one browser, in two accounts of one person: by tokens of their own, and by the header.

import assert from 'node:assert/strict';
import { PASSWORD } from './world.mjs';

/** Sends a document from within a page, with the page's own token, and the header if an account is named. */
const send = (page, query, input, account) =>
  page.evaluate(async ([query, input, account]) => {
    const token = sessionStorage.getItem('access');
    const headers = { 'content-type': 'application/json' };
    if (token) headers.authorization = `Bearer ${token}`;
    if (account) headers['rolecall-account'] = account;
    const body = JSON.stringify({ query, variables: { input } });
    const { data, errors } = await (await fetch('/graphql', { method: 'POST', headers, body })).json();
    if (errors) throw new Error(JSON.stringify(errors));
    const { tokens } = Object.values(data)[0] ?? {};
    if (tokens) {
      sessionStorage.setItem('access', tokens.accessToken);
      sessionStorage.setItem('refresh', tokens.refreshToken);
    }
    return data;
  }, [query, input, account]);

const TOKENS = 'tokens { accessToken refreshToken } userErrors { code }';
const where = async (page, account) =>
  (await send(page, '{ viewer { currentAccount { id } } }', undefined, account)).viewer.currentAccount.id;
const refresh = async (page) => {
  const refreshToken = await page.evaluate(() => sessionStorage.getItem('refresh'));
  await send(page, `mutation($input: RefreshSessionInput!) { refreshSession(input: $input) { ${TOKENS} } }`, { refreshToken });
};

export async function tabs({ visitor, world, server }) {
  const { email, token, accountId: main, organizationId } = await world.outsider('Tab Sample');
  const created = await server.call('createAccount', { organizationId, name: 'Desk' }, 'account { id }', token);
  const desk = created.account.id;

  const [first, second] = [visitor.page, await visitor.context.newPage()];
  for (const page of [first, second]) await page.goto('/graphiql');
  await send(first, `mutation($input: SignInInput!) { signIn(input: $input) { ${TOKENS} } }`, { email, password: PASSWORD });

  // The second tab begins with what the first one has, as a tab that was opened from it does, and switches.
  const shared = await first.evaluate(() => ({ ...sessionStorage }));
  await second.evaluate((shared) => Object.assign(sessionStorage, shared), shared);
  await send(second, `mutation($input: SwitchAccountInput!) { switchAccount(input: $input) { ${TOKENS} } }`, { accountId: desk });
  const both = async () => assert.deepEqual(await Promise.all([where(first), where(second)]), [main, desk]);
  await both();

  // Each renews its tokens, alone and at the same time, and stays where it is.
  for (let round = 0; round < 3; round++) {
    await refresh(first);
    await both();
    await refresh(second);
    await both();
    await Promise.all([refresh(first), refresh(second)]);
    await both();
  }

  // The header moves one request of one tab.
  const moved = await Promise.all([where(first, desk), where(second, main), where(first), where(second)]);
  assert.deepEqual(moved, [desk, main, main, desk]);
  assert.deepEqual(await visitor.context.cookies(), [], 'nothing that tabs share');
  visitor.seen.set('en/tabs', '');
}
