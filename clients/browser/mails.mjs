// The mails as HTML, and the mailbox that they are in.

/** Every mail there is, from the mailbox's previews, in this language. */
export async function previews({ visitor, language }) {
  await visitor.open('/mailbox/previews');
  const paths = await visitor.page.locator(`a[hreflang=${language}]`).evaluateAll((links) => links.map((link) => link.pathname));
  if (!paths.length) throw new Error('there are no previews');
  if (language === 'en') await visitor.look('previews');
  await visitor.open(paths[0]);
  await visitor.look('preview');
  await showMails(visitor);
  for (const path of paths) {
    await visitor.open(`${path}/html`);
    await visitor.look(`mail-${path.split('/')[3]}`, '', { mail: true });
  }
}

/** A real one: the newest that the stories of the pages have caused. */
export async function mailbox({ visitor, server, language }) {
  if (language !== 'en') return; // the mailbox is for developers, and in English
  await visitor.open('/mailbox');
  await visitor.look('mailbox');
  const [{ id }] = await server.mails();
  await visitor.open(`/mailbox/${id}`);
  await visitor.look('mailbox-mail');
  await showMails(visitor);
  await visitor.open(`/mailbox/${id}/html`);
  await visitor.look('mailbox-mail-html', '', { mail: true });
}

/** The mailbox forbids a mail every script, and with them axe-core's timers: it is shown without that. */
async function showMails(visitor) {
  await visitor.context.route('**/mailbox/**/html', async (route) => {
    const response = await route.fetch();
    const { 'content-security-policy': _, ...headers } = response.headers();
    await route.fulfill({ response, headers });
  });
}
