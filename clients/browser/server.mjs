// The program under test, and the ways to it that are not pages: GraphQL, the mailbox, its database.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { promisify } from 'node:util';

const READY_WITHIN = 20_000;
const SQL = `
import sqlite3, sys
with sqlite3.connect(sys.argv[1], timeout=10) as database:
    database.execute(sys.argv[2], sys.argv[3:])
`;

export class Server {
  /** Starts the program in development, on a SQLite database in `directory`, with further settings. */
  static async start(program, directory, settings = {}) {
    const server = new Server();
    const { PATH, HOME } = process.env;
    const env = { PATH, HOME, DATA_DIR: directory, LISTEN: '127.0.0.1:0', ...settings };
    server.command = (...words) => promisify(execFile)(program, words, { cwd: directory, env });
    server.database = join(directory, 'rolecall.db');
    server.log = '';
    server.process = spawn(program, { cwd: directory, env, stdio: ['ignore', 'ignore', 'pipe'] });
    await new Promise((ready, failed) => {
      setTimeout(() => failed(new Error(`not ready in time:\n${server.log}`)), READY_WITHIN).unref();
      server.process.on('error', failed);
      server.process.on('exit', (code) => failed(new Error(`ended with ${code}:\n${server.log}`)));
      server.process.stderr.on('data', (text) => {
        server.log += text;
        server.origin ??= /listening on (http:\/\/[0-9.:]+)/.exec(server.log)?.[1];
        if (server.origin) ready();
      });
    });
    return server;
  }

  async stop() {
    if (this.process.exitCode !== null) return;
    this.process.kill('SIGTERM');
    await once(this.process, 'exit');
  }

  /** The answer to a GraphQL document; throws what is in its `errors`. */
  async ask(query, variables, token) {
    const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) };
    const body = JSON.stringify({ query, variables });
    const { data, errors } = await (await fetch(`${this.origin}/graphql`, { method: 'POST', headers, body })).json();
    if (errors) throw new Error(`${query}: ${JSON.stringify(errors)}`);
    return data;
  }

  /** A mutation's payload, which has to be without `userErrors`. `signUp` takes a `SignUpInput`, and so on. */
  async call(mutation, input, selection, token) {
    const type = `${mutation[0].toUpperCase()}${mutation.slice(1)}Input!`;
    const query = `mutation($input: ${type}) { ${mutation}(input: $input) { ${selection} userErrors { code message path } } }`;
    const { [mutation]: payload } = await this.ask(query, { input }, token);
    if (payload.userErrors.length) throw new Error(`${mutation}: ${JSON.stringify(payload.userErrors)}`);
    return payload;
  }

  /** The newest mails. */
  async mails() {
    return (await fetch(`${this.origin}/mailbox.json`)).json();
  }

  /** The path of a link in the newest mail to an address. Resetting mails its link a little later. */
  async link(to, under) {
    for (let tries = 0; tries < 100; tries++) {
      const links = (await this.mails()).filter((mail) => mail.to === to).flatMap((mail) => mail.links);
      const link = links.find((link) => link.startsWith(`${this.origin}${under}`));
      if (link) return link.slice(this.origin.length);
      await new Promise((done) => setTimeout(done, 50));
    }
    throw new Error(`no mail to ${to} leads to ${under}`);
  }

  /** Changes the database behind the server's back, where a page needs time to pass or things to break. */
  async sql(statement, ...parameters) {
    await promisify(execFile)('python3', ['-c', SQL, this.database, statement, ...parameters]);
  }
}
