// Lets the Relay compiler judge schema.graphql: every connection in a paginated fragment, every type with
// an id in a refetchable one, as a Relay application writes them.
//
//     node relay.mjs
//
// The fragments are made from the schema, so that none is forgotten. Prints what the compiler says against it.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSchema, isNonNullType, isObjectType } from 'graphql';
import compiler from 'relay-compiler';

const SCHEMA = new URL('../../schema.graphql', import.meta.url);
const schema = buildSchema(await readFile(SCHEMA, 'utf8'));

const objects = Object.values(schema.getTypeMap()).filter((type) => isObjectType(type) && !type.name.startsWith('__'));
const withId = objects.filter((type) => type.getFields().id);
const connections = objects
  .flatMap((type) => Object.values(type.getFields()).map((field) => ({ type, field })))
  .filter(({ field }) => `${field.type}`.replace('!', '').endsWith('Connection'));

/** A list that grows at its end, of which more can be asked for. */
function paginated({ type, field }) {
  const required = field.args.filter((argument) => isNonNullType(argument.type) && argument.defaultValue === undefined);
  const definitions = required.map(({ name, type }) => `${name}: { type: "${type}" }`);
  const given = required.map(({ name }) => `${name}: $${name}`);
  const name = `${type.name}_${field.name}`;
  return `graphql\`
    fragment lists_${name} on ${type.name}
      @refetchable(queryName: "lists_${name}_Query")
      @argumentDefinitions(${['count: { type: "Int", defaultValue: 10 }', 'cursor: { type: "String" }', ...definitions].join(', ')}) {
      ${field.name}(${['first: $count', 'after: $cursor', ...given].join(', ')}) @connection(key: "lists_${name}__${field.name}") {
        totalCount
        edges { node { __typename } }
      }
    }\``;
}

/** An object that can be read again by its id. */
const refetchable = (type) => `graphql\`
    fragment objects_${type.name} on ${type.name} @refetchable(queryName: "objects_${type.name}_Query") { id __typename }\``;

assert(connections.length && withId.length, 'the schema has connections and objects with ids');
const scratch = await mkdtemp(join(tmpdir(), 'rolecall-relay-'));
try {
  const write = (name, text) => writeFile(join(scratch, name), text);
  await write('lists.ts', connections.map(paginated).join(';\n'));
  await write('objects.ts', withId.map(refetchable).join(';\n'));
  await cp(SCHEMA, join(scratch, 'schema.graphql'));
  await write('relay.config.json', JSON.stringify({ src: '.', schema: 'schema.graphql', language: 'typescript' }));
  execFileSync(compiler, ['relay.config.json'], { cwd: scratch, stdio: ['ignore', 'ignore', 'inherit'] });
} finally {
  await rm(scratch, { recursive: true, force: true });
}
console.log(`Relay takes ${connections.length} connections and ${withId.length} types with an id`);
