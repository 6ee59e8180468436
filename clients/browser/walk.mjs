// Starts the program on a database of its own, and walks through its pages in Chromium as people do:
//
//     node walk.mjs ../../target/debug/rolecall [--screenshots DIR] [--only PART-OF-A-NAME]
//
// Every page is seen in each language, on a phone and on a desktop, light and dark, and judged by
// axe-core. Prints what is wrong with which page, and exits with 1 if anything is. Needs Chromium
// (`CHROMIUM`, else /usr/bin/chromium), and python3 for what takes time (server.mjs).

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { launch } from './chromium.mjs';
import * as graphiql from './graphiql.mjs';
import * as mails from './mails.mjs';
import * as pages from './pages.mjs';
import { Server } from './server.mjs';
import * as tabs from './tabs.mjs';
import { Visitor } from './visitor.mjs';
import { World } from './world.mjs';

const LANGUAGES = ['en', 'de'];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { screenshots: { type: 'string' }, only: { type: 'string', default: '' } },
});
if (positionals.length !== 1) {
  console.error('usage: node walk.mjs PROGRAM [--screenshots DIR] [--only PART-OF-A-NAME]');
  process.exit(2);
}

const scratch = await mkdtemp(join(tmpdir(), 'rolecall-browser-'));
const server = await Server.start(resolve(positionals[0]), scratch);
const browser = await launch();

const faults = [];
const seen = new Map();

/** One story with a browser window of its own; what goes wrong in it does not stop the others. */
async function tell(language, name, story, { scripts = false } = {}) {
  if (!name.includes(values.only)) return;
  const visitor = await Visitor.arrive(browser, { server, language, scripts, seen, screenshots: values.screenshots });
  const world = await World.of(server, language);
  try {
    await story({ visitor, world, server, language });
  } catch (error) {
    visitor.fault(error.stack ?? error);
    await visitor.picture('as-it-ended').catch(() => {});
  }
  await visitor.leave();
  faults.push(...visitor.faults.map((fault) => `${language} ${name}: ${fault}`));
}

try {
  // The languages go side by side; within one, a story after the other, the mails last: those that the others caused.
  await Promise.all(
    LANGUAGES.map(async (language) => {
      for (const [name, story] of Object.entries({ ...pages, ...mails })) await tell(language, name, story);
    }),
  );
  for (const [name, story] of Object.entries({ ...graphiql, ...tabs })) await tell('en', name, story, { scripts: true });
} finally {
  await browser.close();
  await server.stop();
  await rm(scratch, { recursive: true, force: true });
}

for (const fault of faults) console.log(fault);
console.log(`${seen.size} pages and mails seen, ${faults.length} faults`);
process.exit(faults.length || !seen.size ? 1 : 0);
