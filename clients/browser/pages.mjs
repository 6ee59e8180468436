// The stories of the pages: every state that a link can be in (R49), and every other page. A story is
// told once in each language, by a visitor whose browser runs no scripts.
//
// A new page is a function here: reach it, then `visitor.see('its-name', { what makes it out })`.

import assert from 'node:assert/strict';
import { PASSWORD } from './world.mjs';

const ABOUT = (world) => [world.organizationName, world.owner.name];

export async function front({ visitor }) {
  await visitor.open('/');
  await visitor.see('front', { links: ['/graphiql', '/mailbox'] });
}

export async function signingUp({ visitor, world }) {
  const { email, path } = await world.invite(undefined, { roles: ['account_developer', 'organization_billing_viewer'] });
  assert.equal(await world.preview(path), 'NeedsSignUp');
  const page = { forms: { '': ['name', 'password'] }, links: ['/decline'], hides: [email] };
  await visitor.open(path);
  await visitor.see('needs-sign-up', { ...page, says: [...ABOUT(world), world.message.split('\n')[2]] });

  await visitor.send({ name: ' ', password: 'short' });
  await visitor.see('needs-sign-up-refused', { ...page, status: 422, problems: ['name', 'password'] });
  await visitor.send({ name: 'Ben Beispiel', password: 'short' });
  await visitor.keeps('name', 'Ben Beispiel');

  await visitor.send({ name: 'Ben Beispiel', password: PASSWORD });
  assert.equal(visitor.path, '/welcome');
  await visitor.see('welcome', { says: ['Ben Beispiel', email, world.organizationName] });

  await visitor.open(path);
  await visitor.see('already-accepted', { says: ABOUT(world), hides: [email] });
  assert.equal(await world.preview(path), 'AlreadyAccepted');
}

export async function signingIn({ visitor, world }) {
  const { email } = await world.outsider();
  const { path } = await world.invite(email);
  assert.equal(await world.preview(path), 'NeedsSignIn');
  const page = { forms: { '': ['password'] }, links: ['/reset-password', '/decline'], hides: [email] };
  await visitor.open(path);
  await visitor.see('needs-sign-in', { ...page, says: ABOUT(world) });

  await visitor.send({ password: 'not-the-password' });
  await visitor.see('needs-sign-in-refused', { ...page, status: 422, problems: ['password'] });

  await visitor.send({ password: PASSWORD });
  assert.equal(visitor.path, '/welcome');
}

/** Who has just joined one organization follows the links to two others: their own, and somebody else's. */
export async function signedIn({ visitor, world }) {
  const dora = await world.outsider('Dora Sample');
  await visitor.open((await world.invite(dora.email)).path);
  await visitor.send({ password: PASSWORD });

  const other = await world.signUp(world.stranger(), 'Emil Sample', 'Beta', 'Beta Main');
  const input = (email) => ({ organizationId: other.organizationId, invitees: [{ email }], locale: world.language });
  const invite = async (email) => {
    await world.server.call('inviteUsers', input(email), 'results { outcome }', other.token);
    return world.server.link(email, '/invitations/');
  };

  const wrong = await invite(world.stranger());
  assert.equal(await world.preview(wrong, dora.token), 'ForAnotherUser');
  await visitor.open(wrong);
  await visitor.see('wrong-account', { forms: { '/sign-out': [] }, links: ['/decline'], says: ['Beta', dora.name, dora.email] });
  const right = await invite(dora.email);
  assert.equal(await world.preview(right, dora.token), 'Ready');
  await visitor.open(right);
  await visitor.see('ready', { forms: { '': [] }, links: ['/decline'], says: ['Beta', dora.name, dora.email] });

  await visitor.send();
  assert.equal(visitor.path, '/welcome');

  await visitor.open(wrong);
  await visitor.send({}, '/sign-out');
  assert.equal(visitor.path, wrong);
  await visitor.see('wrong-account-signed-out', { forms: { '': ['name', 'password'] }, links: ['/decline'], hides: [dora.email] });
  await visitor.open('/welcome');
  await visitor.see('welcome-signed-out');
}

export async function declining({ visitor, world }) {
  const { email, path } = await world.invite();
  await visitor.open(path);
  await visitor.follow('/decline');
  await visitor.see('decline', { forms: { '': [] }, links: [path], says: ABOUT(world), hides: [email] });
  await visitor.send();
  assert.equal(visitor.path, path);
  await visitor.see('declined', { says: ABOUT(world), hides: [email] });
  assert.equal(await world.preview(path), 'Declined');
}

export async function expired({ visitor, world }) {
  const { email, path } = await world.invite();
  await world.expire(email);
  assert.equal(await world.preview(path), 'Expired');
  await visitor.open(path);
  await visitor.see('expired', { forms: { '/new-link': [] }, says: ABOUT(world), hides: [email, world.message] });
  await visitor.send({}, '/new-link');
  assert.equal(visitor.path, path);
  await visitor.see('expired-asked', { says: ABOUT(world), hides: [email, world.message] });
}

export async function revoked({ visitor, world }) {
  const { id, email, path } = await world.invite();
  await world.server.call('revokeInvitation', { invitationId: id }, 'invitation { id }', world.owner.token);
  assert.equal(await world.preview(path), 'Revoked');
  await visitor.open(path);
  await visitor.see('revoked', { says: ABOUT(world), hides: [email, world.message] });
}

export async function inviterLostAccess({ visitor, world }) {
  const inviter = await world.member('Frida Sample', ['organization_admin']);
  const { email, path } = await world.invite(undefined, { by: inviter });
  const input = { organizationId: world.organizationId, userId: inviter.id };
  await world.server.call('suspendUser', input, 'user { id }', world.owner.token);
  assert.equal(await world.preview(path), 'InviterLostAccess');
  const page = { says: [world.organizationName, inviter.name], hides: [email] };
  await visitor.open(path);
  await visitor.see('inviter-lost-access', { ...page, forms: { '/new-link': [] } });
  await visitor.send({}, '/new-link');
  await visitor.see('inviter-lost-access-asked', page);
}

/** The organization has fewer seats by now than people. */
export async function seatsExhausted({ visitor, world, server }) {
  const other = await world.signUp(world.stranger(), 'Lena Sample', 'Gamma', 'Gamma Main');
  const email = world.stranger();
  const input = { organizationId: other.organizationId, invitees: [{ email }], locale: world.language };
  await server.call('inviteUsers', input, 'results { outcome }', other.token);
  const path = await server.link(email, '/invitations/');
  await server.command('entitlements', 'set', other.organizationId, '--seats', '1');
  assert.equal(await world.preview(path), 'SeatsExhausted');
  await visitor.open(path);
  await visitor.see('seats-exhausted', { says: ['Gamma', other.name], hides: [email] });
}

/** Somebody who has joined, but nowhere to work yet; and somebody who has, below another account. */
export async function welcomes({ visitor, world, server }) {
  const accept = async (invitation) => {
    await visitor.open(invitation.path);
    await visitor.send({ name: 'Mara Sample', password: PASSWORD });
    assert.equal(visitor.path, '/welcome');
  };
  await accept(await world.invite(undefined, { roles: ['organization_billing_viewer'] }));
  await visitor.see('welcome-nowhere', { says: ['Mara Sample'] });

  await visitor.context.clearCookies();
  const input = { organizationId: world.organizationId, parentAccountId: world.accountId, name: 'Europe' };
  const { account } = await server.call('createAccount', input, 'account { id }', world.owner.token);
  await accept(await world.invite(undefined, { accountId: account.id }));
  await visitor.see('welcome-subaccount', { says: ['Mara Sample', 'Europe', world.organizationName] });
}

/** Who has an address at a domain of the organization's own is let in as far as its policy goes. */
export async function joiningByDomain({ visitor, world, server }) {
  const domain = `${world.language}.harbour.example`;
  const domainId = await world.ownDomain(domain);
  const join = `/join/${world.organizationId}`;
  const page = { says: [world.organizationName], links: ['/graphiql'] };
  const arrive = async (name) => {
    const email = `${name}@${domain}`;
    await world.signUp(email, `${name} Sample`, `${name}’s own`, 'Main');
    await visitor.open(await server.link(email, '/verify-email/'));
    await visitor.send();
    return email;
  };

  await world.letIn(domainId, 'AUTOMATIC', { joinRoleKey: 'account_developer', joinAccountId: world.accountId });
  const email = await arrive('Nora');
  await visitor.see('verified-email-joinable', { links: ['/join'], says: [world.organizationName, domain] });
  await visitor.follow('/join');
  const signIn = { forms: { '': ['email', 'password'] }, links: ['/reset-password'] };
  await visitor.see('join', signIn);
  await visitor.send({ email, password: 'not-the-password' });
  await visitor.see('join-refused', { ...signIn, status: 422, problems: ['password'] });
  await visitor.keeps('email', email);
  await visitor.send({ email, password: PASSWORD });
  assert.equal(visitor.path, '/welcome');
  await visitor.see('welcome-may-join', { ...page, forms: { [join]: [] } });

  // The policy changes while the page is open.
  await world.letIn(domainId, 'REQUEST');
  await visitor.send({}, join);
  await visitor.see('welcome-join-refused', { ...page, status: 422, forms: { '/ask': [] }, problems: [''] });
  await visitor.open('/welcome');
  await visitor.see('welcome-may-ask', { ...page, forms: { [`${join}/ask`]: [] } });
  await visitor.send({}, '/ask');
  assert.equal(visitor.path, '/welcome');
  await visitor.see('welcome-asked', page);

  await visitor.context.clearCookies();
  await world.letIn(domainId, 'CONTACT', { joinContact: `it@${domain}` });
  const other = await arrive('Olga');
  await visitor.follow('/join');
  await visitor.send({ email: other, password: PASSWORD });
  await visitor.see('welcome-contact', { ...page, says: [world.organizationName, `it@${domain}`] });
  await world.letIn(domainId, 'AUTOMATIC');
  await visitor.open('/welcome');
  await visitor.send({}, join);
  assert.equal(visitor.path, '/welcome');
  await visitor.see('welcome-joined', page);
}

/** What `List-Unsubscribe` leads to, and the way back. */
export async function unsubscribing({ visitor, world }) {
  const { email, path } = await world.invite();
  const page = { links: [path], says: [world.organizationName], hides: [email] };
  await visitor.open(`${path}/unsubscribe`);
  await visitor.see('unsubscribe', { ...page, forms: { '': [] } });
  await visitor.send();
  await visitor.see('unsubscribed', { ...page, forms: { [`${path}/subscribe`]: [] } });
  await visitor.send({}, '/subscribe');
  assert.equal(visitor.path, path);
}

/** The menu below a page changes its language, which then stays on the way to others. */
export async function choosingALanguage({ visitor, world, language }) {
  const { path } = await world.invite();
  const speaks = () => visitor.page.locator('html').getAttribute('lang');
  await visitor.open(path);
  const chosen = await visitor.page.locator('nav a[hreflang]').first().getAttribute('hreflang');
  assert.notEqual(chosen, language);
  await visitor.go(() => visitor.page.locator(`nav a[hreflang=${chosen}]`).click());
  assert.equal(await speaks(), chosen);
  await visitor.follow('/decline');
  assert.equal(await speaks(), chosen);
  await visitor.send();
  assert.equal(visitor.path, path);
  assert.equal(await speaks(), chosen);
  await visitor.go(() => visitor.page.locator(`nav a[hreflang=${language}]`).click());
  assert.equal(await speaks(), language);
}

/** An invitation that ends while its page is open: the form comes too late. */
export async function tooLate({ visitor, world }) {
  const { id, path } = await world.invite();
  await visitor.open(path);
  await world.server.call('revokeInvitation', { invitationId: id }, 'invitation { id }', world.owner.token);
  await visitor.send({ name: 'Gustav Sample', password: PASSWORD });
  assert.equal(visitor.status, 422);
  assert.equal((await visitor.page.locator('form[method=post]').count()), 0);
}

/** Without a mouse: each press of Tab goes on to what comes next, and shows where it is. */
export async function withoutAMouse({ visitor, world }) {
  const { path } = await world.invite();
  const keyboard = visitor.page.keyboard;
  const tab = async (selector) => {
    for (let presses = 0; presses < 8; presses++) {
      await keyboard.press('Tab');
      const [there, outlined] = await visitor.page.evaluate((wanted) => {
        const focused = document.activeElement;
        return [focused.matches(wanted), parseFloat(getComputedStyle(focused).outlineWidth) >= 2];
      }, selector);
      assert.ok(outlined, `the focus cannot be seen on the way to ${selector}`);
      if (there) return;
    }
    assert.fail(`Tab does not come to ${selector}`);
  };
  await visitor.open(path);
  await tab('a[href$="/decline"]');
  await visitor.go(() => keyboard.press('Enter'));
  assert.equal(visitor.path, `${path}/decline`);
  await tab(`a[href$="${path}"]`);
  await visitor.go(() => keyboard.press('Enter'));

  await tab('[name=name]');
  await keyboard.type('Hanna Sample');
  await tab('[name=password]');
  await keyboard.type('short');
  await visitor.go(() => keyboard.press('Enter'));
  assert.equal(visitor.status, 422);
  // The focus is in the summary of what was wrong; the link in it leads to the field.
  await tab('.problems a[href="#password"]');
  await keyboard.press('Enter');
  await tab('[name=password], form button');
  await visitor.page.locator('[name=password]').focus();
  await keyboard.type(PASSWORD);
  await tab('form button');
  await visitor.go(() => keyboard.press('Space'));
  assert.equal(visitor.path, '/welcome');
}

export async function verifyingAnAddress({ visitor, world }) {
  const { email } = await world.outsider('Ida Sample');
  await visitor.open(await world.server.link(email, '/verify-email/'));
  await visitor.see('verify-email', { forms: { '': [] } });
  await visitor.send();
  await visitor.see('verified-email');
  await visitor.open('/verify-email/of-no-use');
  await visitor.send();
  await visitor.see('verify-email-refused', { status: 422 });
}

export async function changingTheAddress({ visitor, world }) {
  const person = await world.outsider('Lena Sample');
  const email = world.stranger();
  await world.server.call('requestEmailChange', { email, password: PASSWORD }, '__typename', person.token);
  const path = await world.server.link(email, '/change-email/');
  await visitor.open(path);
  await visitor.see('change-email', { forms: { '': [] }, hides: [email, person.email] });
  await visitor.send();
  await visitor.see('change-email-done');
  await visitor.open(path);
  await visitor.send();
  await visitor.see('change-email-refused', { status: 422 });
}

export async function forgettingAPassword({ visitor, world }) {
  const { email } = await world.outsider('Jonas Sample');
  await visitor.open('/reset-password');
  await visitor.see('reset-password-ask', { forms: { '': ['email'] } });
  await visitor.send({ email: 'ann@localhost' });
  await visitor.see('reset-password-ask-refused', { status: 422, forms: { '': ['email'] }, problems: ['email'] });
  await visitor.keeps('email', 'ann@localhost');
  await visitor.send({ email });
  await visitor.see('reset-password-asked', { hides: [email] });

  const path = await world.server.link(email, '/reset-password/');
  await visitor.open(path);
  await visitor.see('reset-password', { forms: { '': ['password'] } });
  await visitor.send({ password: 'short' });
  await visitor.see('reset-password-short', { status: 422, forms: { '': ['password'] }, problems: ['password'] });
  await visitor.send({ password: 'Password123' });
  await visitor.see('reset-password-weak', { status: 422, forms: { '': ['password'] }, problems: ['password'] });
  await visitor.send({ password: PASSWORD });
  await visitor.see('reset-password-done');
  await visitor.open(path);
  await visitor.send({ password: PASSWORD });
  await visitor.see('reset-password-refused', { status: 422, links: ['/reset-password'] });
}

export async function troubles({ visitor, world, server }) {
  await visitor.open('/invitations/of-no-use');
  await visitor.see('unknown', { status: 404 });
  await assert.rejects(world.preview('/invitations/of-no-use'), /NOT_FOUND/);

  const { email, path } = await world.invite();
  await visitor.open('about:blank');
  await visitor.page.setContent(`<form method=post action="${server.origin}${path}"><button>…</button></form>`);
  await visitor.send({}, path);
  await visitor.see('forged', { status: 403 });

  await visitor.open(path);
  await visitor.page.locator('form[method=post]').evaluate((form) => (form.enctype = 'multipart/form-data'));
  await visitor.send({ name: 'Karl', password: PASSWORD });
  await visitor.see('unreadable', { status: 415 });

  // What the database cannot store (here: a way to write it that is no time) is the server's fault.
  await server.sql("UPDATE invitations SET expires_at = 'never' WHERE email_key = ?", email);
  await visitor.open(path);
  await visitor.see('our-fault', { status: 500 });
  await world.expire(email);
}
