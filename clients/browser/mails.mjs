// The mails that the pages' stories have caused, as HTML, and the mailbox that they are in.

let desks = 0;

/** The newest of each kind, in this language. */
export async function mails({ visitor, world, server }) {
  await others(world);
  const kinds = new Map();
  for await (const mail of server.allMails()) {
    // Of a mail that was called off, nothing is left.
    const ours = mail.text && mail.to.endsWith(`@${world.language}.acme.example`);
    if (ours && !kinds.has(mail.kind)) kinds.set(mail.kind, mail);
  }
  // The mailbox forbids a mail every script, and with them axe-core's timers.
  await visitor.context.route('**/mailbox/*/html', async (route) => {
    const response = await route.fetch();
    const { 'content-security-policy': _, ...headers } = response.headers();
    await route.fulfill({ response, headers });
  });
  for (const [kind, mail] of kinds) {
    await visitor.open(`/mailbox/${mail.id}/html`);
    await visitor.look(`mail-${kind}`, mail.text, { mail: true });
  }
}

/** The mailbox is for developers, and in English. */
export async function mailbox({ visitor, server, language }) {
  if (language !== 'en') return;
  await visitor.open('/mailbox');
  await visitor.look('mailbox');
  await visitor.open(`/mailbox/${(await server.mails())[0].id}`);
  await visitor.look('mailbox-mail');
}

/** Causes the mails that no page causes. */
async function others(world) {
  const { server, owner, organizationId, accountId } = world;
  const member = await world.member('Lina Sample', ['account_developer']);
  const grants = [{ roleKey: 'account_support', scopeId: accountId }];
  const input = { organizationId, invitees: [{ email: member.email }], grants, locale: world.language };
  await server.call('inviteUsers', input, 'results { outcome }', owner.token);
  // The last offer stands.
  for (const end of ['withdrawOwnership', 'declineOwnership', 'acceptOwnership', null]) {
    const input = { organizationId, name: `Desk ${++desks}` };
    const { account } = await server.call('createAccount', input, 'account { id }', owner.token);
    const offer = { scopeId: account.id, userId: member.id };
    const { ownershipOffer } = await server.call('offerOwnership', offer, 'ownershipOffer { id }', owner.token);
    const by = end === 'withdrawOwnership' ? owner : member;
    if (end) await server.call(end, { offerId: ownershipOffer.id }, 'ownershipOffer { id }', by.token);
  }
}
