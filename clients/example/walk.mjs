// Walks through the example in Chromium, against the program:
//
//     node walk.mjs ../../target/debug/rolecall
//
// The page is served from an origin of its own, as an application's is. Needs Chromium (`CHROMIUM`, else
// /usr/bin/chromium).

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import axe from 'axe-core';
import { launch } from '../browser/chromium.mjs';
import { Server } from '../browser/server.mjs';
import { files, serve } from './serve.mjs';

const PASSWORD = 'correct-horse-battery-staple';
/** Longer than an access token lives, in milliseconds. */
const LATER = 20 * 60_000;

const [program] = process.argv.slice(2);
if (!program) {
  console.error('usage: node walk.mjs PROGRAM');
  process.exit(2);
}

let server;
const scratch = await mkdtemp(join(tmpdir(), 'rolecall-example-'));
const site = await serve(0, () => files(server.origin));
server = await Server.start(resolve(program), scratch, {
  CORS_ORIGINS: site.origin,
  INVITATION_URL: `${site.origin}/#/join/{token}`,
});
const browser = await launch();

/** Somebody with a browser of their own. What goes wrong in a page, or is asked of a third party, is an error here. */
async function arrive() {
  const context = await browser.newContext();
  context.setDefaultTimeout(10_000);
  context.on('weberror', (error) => assert.fail(error.error()));
  context.on('request', (request) => {
    assert.ok([site.origin, server.origin].includes(new URL(request.url()).origin), `a request to ${request.url()}`);
  });
  return context;
}

/** What is sent while something is done in a page: the names of the operations. */
async function sent(page, act) {
  const names = [];
  const listener = (request) => {
    const query = request.method() === 'POST' && request.postDataJSON().query;
    if (query) names.push(/(?:query|mutation) (\w+)/.exec(query)[1]);
  };
  page.on('request', listener);
  await act();
  page.off('request', listener);
  return names;
}

const fill = async (page, action, fields) => {
  const form = page.locator('form').filter({ has: page.getByRole('button', { name: action, exact: true }) });
  for (const [label, value] of Object.entries(fields)) await form.getByLabel(label).fill(value);
  await form.getByRole('button', { name: action, exact: true }).click();
};
const heading = (page, name) => page.getByRole('heading', { level: 1, name, exact: true }).waitFor();
const listed = (page, text) => page.getByRole('listitem').filter({ hasText: text }).waitFor();
const kept = (page) => page.evaluate(() => JSON.parse(sessionStorage.getItem('rolecall')));
const account = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url')).acct;

/** axe-core finds nothing to object to. */
async function judge(page) {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html)}`), []);
}

/** Looks again when all tokens have expired: everything is asked at once, and one renewal comes before it. */
async function renewsOnce(page) {
  await page.clock.fastForward(LATER);
  const before = await kept(page);
  const names = await sent(page, async () => {
    const answers = ['OrganizationUsers', 'Invitations', 'Inviting'].map((name) =>
      page.waitForResponse((response) => (response.request().postData() ?? '').includes(`query ${name}(`)));
    await page.getByRole('button', { name: 'Look again' }).click();
    for (const answer of await Promise.all(answers)) assert.equal(answer.status(), 200);
  });
  assert.deepEqual(names.sort(), ['Inviting', 'Invitations', 'OrganizationUsers', 'RefreshSession'].sort());
  const after = await kept(page);
  assert.notEqual(after.refreshToken, before.refreshToken);
  assert.equal(account(after.accessToken), account(before.accessToken), 'it stays in its account');
}

try {
  // Ann begins an organization.
  const anns = await arrive();
  await anns.clock.install();
  const first = await anns.newPage();
  await first.goto(site.origin);
  await heading(first, 'Team');
  await judge(first);
  await fill(first, 'Sign in', { Address: 'ann@acme.example', Password: PASSWORD });
  await first.getByRole('alert').filter({ hasText: 'do not belong together' }).waitFor();
  await fill(first, 'Sign up', { 'Your name': 'Ann Example', Address: 'ann@acme.example', Password: PASSWORD, Organization: 'Acme' });
  await heading(first, 'Acme');
  await listed(first, 'Ann Example, ann@acme.example');

  // She invites Ben, and thinks better of inviting Cleo.
  for (const email of ['cleo@acme.example', 'ben@acme.example']) {
    await fill(first, 'Invite', { Address: email });
    await listed(first, `${email}: pending`);
  }
  await first.getByRole('listitem').filter({ hasText: 'cleo@' }).getByRole('button', { name: 'Revoke' }).click();
  await listed(first, 'cleo@acme.example: revoked');
  await fill(first, 'Invite', { Address: 'dan@gmail.com' });
  await first.getByRole('alert').filter({ hasText: 'gmail.com' }).waitFor();
  await judge(first);

  // Ben follows the link in his mail, which leads to this page, and is in.
  const links = (await server.mails()).find(({ to }) => to === 'ben@acme.example').links;
  const link = links.find((link) => link.startsWith(`${site.origin}/#/join/`));
  const bens = await (await arrive()).newPage();
  await bens.goto(link);
  await heading(bens, 'Join Acme');
  await judge(bens);
  await fill(bens, 'Accept', { 'Your name': 'Ben Example', 'A password': PASSWORD });
  await heading(bens, 'Acme');
  await bens.goto(link);
  await bens.getByText('has been accepted already').waitFor();

  // What has become of it shows; and a reload does not sign Ann out.
  await first.reload();
  await listed(first, 'Ben Example, ben@acme.example');
  await listed(first, 'ben@acme.example: accepted');
  await renewsOnce(first);

  // A token that the server does not take, whatever the clock here says, is renewed, too.
  await first.evaluate(() => {
    const kept = JSON.parse(sessionStorage.getItem('rolecall'));
    sessionStorage.setItem('rolecall', JSON.stringify({ ...kept, accessToken: `${kept.accessToken}x` }));
  });
  const names = await sent(first, async () => {
    await first.reload();
    await listed(first, 'Ben Example, ben@acme.example');
  });
  assert.deepEqual(names.slice(0, 3), ['Viewer', 'RefreshSession', 'Viewer']);

  // A second account, in a tab of its own. Neither tab notices what the other renews.
  const { accessToken } = await kept(first);
  const { viewer } = await server.ask('{ viewer { currentAccount { organization { id } } } }', {}, accessToken);
  await server.call('createAccount', { organizationId: viewer.currentAccount.organization.id, name: 'Support desk' }, 'account { id }', accessToken);
  await first.reload();
  const [second] = await Promise.all([anns.waitForEvent('page'), first.getByLabel('Support desk in a new tab').click()]);
  await second.getByText('Ann Example, in Support desk').waitFor();
  await first.getByText('Ann Example, in Acme').waitFor();
  const [here, there] = [await kept(first), await kept(second)];
  assert.notEqual(account(here.accessToken), account(there.accessToken));
  assert.notEqual(here.refreshToken, there.refreshToken, 'a refresh token is good for one use');
  for (const page of [second, first, second]) await renewsOnce(page);

  // Switching within a tab, and back.
  await first.getByRole('link', { name: 'Support desk', exact: true }).click();
  await first.getByText('Ann Example, in Support desk').waitFor();

  // The tabs share a session: it ends for both.
  await first.getByRole('button', { name: 'Sign out' }).click();
  await heading(first, 'Team');
  assert.equal(await kept(first), null);
  await second.getByRole('button', { name: 'Look again' }).click();
  await heading(second, 'Team');
  console.log('the example works');
} finally {
  await browser.close();
  await server.stop();
  site.stop();
  await rm(scratch, { recursive: true, force: true });
}
