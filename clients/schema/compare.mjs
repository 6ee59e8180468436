// Compares schema.graphql with the schema of the last release, released.graphql, and refuses what breaks
// clients, unless breaking.json says so, with the reason:
//
//     [{ "change": "Field 'x' was removed from object type 'Y'", "why": "…" }]
//
//     node compare.mjs              exits with 1 for a change that is not there, or one there that is not made
//     node compare.mjs --release    makes released.graphql anew (docs/how-to.md: a release)

import { readFile, writeFile } from 'node:fs/promises';
import { CriticalityLevel, diff } from '@graphql-inspector/core';
import { buildSchema, parse, print, visit } from 'graphql';

const CURRENT = new URL('../../schema.graphql', import.meta.url);
const RELEASED = new URL('released.graphql', import.meta.url);
const BREAKING = new URL('breaking.json', import.meta.url);

const current = await readFile(CURRENT, 'utf8');

if (process.argv[2] === '--release') {
  const bare = { enter: (node) => (node.description ? { ...node, description: undefined } : undefined) };
  await writeFile(RELEASED, `# The schema of the last release, without descriptions.\n\n${print(visit(parse(current), bare))}\n`);
  await writeFile(BREAKING, '[]\n');
  process.exit(0);
}

const changes = await diff(buildSchema(await readFile(RELEASED, 'utf8')), buildSchema(current));
const breaking = changes.filter((change) => change.criticality.level === CriticalityLevel.Breaking).map(({ message }) => message);
const said = new Set(JSON.parse(await readFile(BREAKING, 'utf8')).map(({ change, why }) => why && change));
const silent = breaking.filter((message) => !said.has(message));
const idle = [...said].filter((message) => !breaking.includes(message));

for (const message of silent) console.log(`breaks clients: ${message}`);
for (const message of idle) console.log(`breaking.json without such a change: ${message}`);
console.log(`${breaking.length} changes since the last release break clients, ${silent.length} of them silently`);
process.exit(silent.length || idle.length ? 1 : 0);
