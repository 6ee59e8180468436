// Who there is: an organization for each language, whose Owner invites people with names and notes
// as long as people write them.

export const PASSWORD = 'correct-horse-battery-staple';

const WORDS = {
  en: {
    owner: 'Ann Example', organization: 'Acme', account: 'Acme Main',
    message: 'Hello,\n\nwe start on Monday. The plan is in the account; ask me about anything that is unclear.\nAnn',
  },
  de: {
    owner: 'Anneliese Muster-Hölderlin', organization: 'Süddeutsche Kläranlagenbaugesellschaft', account: 'Hauptkonto',
    message: 'Hallo,\n\nam Montag geht es los. Der Plan liegt im Konto; frag mich, wenn etwas unklar ist.\nAnneliese',
  },
};

const LONG_AGO = '2026-01-01T00:00:00.000+00:00';

const worlds = new Map();

export class World {
  /** The world of a language, which its stories share. */
  static async of(server, language) {
    if (!worlds.has(language)) worlds.set(language, World.begin(server, language));
    return worlds.get(language);
  }

  static async begin(server, language) {
    const { owner, organization, account, message } = WORDS[language];
    const world = Object.assign(new World(), { server, language, message, organizationName: organization, people: 0 });
    world.owner = await world.signUp(world.address('ann'), owner, organization, account);
    world.organizationId = world.owner.organizationId;
    world.accountId = world.owner.accountId;
    return world;
  }

  address(name) {
    return `${name}@${this.language}.acme.example`;
  }

  /** An address that nobody has yet. */
  stranger() {
    return this.address(`person-${++this.people}`);
  }

  /** A person with an organization of their own. */
  async signUp(email, name, organizationName, accountName) {
    const input = { email, name, password: PASSWORD, organizationName, accountName, locale: this.language };
    const { tokens, viewer } = await this.server.call('signUp', input,
      'tokens { accessToken } viewer { user { id } currentAccount { id organization { id } } }');
    const { id: accountId, organization } = viewer.currentAccount;
    return { email, name, id: viewer.user.id, token: tokens.accessToken, accountId, organizationId: organization.id };
  }

  /** A person who is not in the organization. */
  async outsider(name = 'Cleo Sample') {
    return this.signUp(this.stranger(), name, `${name}’s own`, 'Main');
  }

  /** Invites an address; answers the invitation's id and the path of its page. */
  async invite(email = this.stranger(), { by = this.owner, roles = ['account_developer'], accountId = this.accountId, message = this.message } = {}) {
    const grants = roles.map((roleKey) => ({
      roleKey, scopeId: roleKey.startsWith('organization_') ? this.organizationId : accountId,
    }));
    const input = { organizationId: this.organizationId, invitees: [{ email }], grants, message, locale: this.language };
    const { results } = await this.server.call('inviteUsers', input,
      'results { outcome invitation { id } userError { code message } }', by.token);
    if (results[0].outcome !== 'INVITED') throw new Error(JSON.stringify(results));
    return { id: results[0].invitation.id, email, path: await this.server.link(email, '/invitations/') };
  }

  /** Somebody who was invited and has accepted, without the page. */
  async member(name, roles) {
    const { email, path } = await this.invite(undefined, { roles });
    const input = { token: path.split('/').pop(), name, password: PASSWORD };
    const { tokens, viewer } = await this.server.call('acceptInvitation', input, 'tokens { accessToken } viewer { user { id } }');
    return { email, name, id: viewer.user.id, token: tokens.accessToken };
  }

  /** Puts an end to an invitation's time. */
  async expire(email) {
    await this.server.sql('UPDATE invitations SET expires_at = ? WHERE email_key = ?', LONG_AGO, email);
  }

  /** A domain of the organization's own, as if the DNS record that proves it had been found. */
  async ownDomain(domain) {
    const input = { organizationId: this.organizationId, domain };
    const { emailDomain } = await this.server.call('addEmailDomain', input, 'emailDomain { id }', this.owner.token);
    const verified = "UPDATE email_domains SET status = 'VERIFIED', verified_at = ?, next_check_at = NULL WHERE domain = ?";
    await this.server.sql(verified, LONG_AGO, domain);
    return emailDomain.id;
  }

  /** How people with an address at a domain come into the organization. */
  async letIn(domainId, joinPolicy, given = {}) {
    await this.server.call('updateEmailDomain', { domainId, joinPolicy, ...given }, 'emailDomain { id }', this.owner.token);
  }

  /** What the API says of the link (R49): the name of its type, without what all of them begin with. */
  async preview(path, token) {
    const query = 'query($token: String!) { invitationByToken(token: $token) { __typename } }';
    const { invitationByToken } = await this.server.ask(query, { token: path.split('/')[2] }, token);
    return invitationByToken.__typename.replace('Invitation', '');
  }
}
