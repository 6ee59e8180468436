// Runs the audits of the npm package graphql-http against the endpoint at the given address:
//
//     node audit.mjs http://127.0.0.1:8080/graphql
//
// Prints a line for each audit that fails; exits with 1 when a MUST or a SHOULD is among them.

import { serverAudits } from 'graphql-http';

const url = process.argv[2];
if (!url) {
  console.error('usage: node audit.mjs URL');
  process.exit(2);
}

const results = await Promise.all(serverAudits({ url }).map((audit) => audit.fn()));
const failed = results.filter((result) => result.status !== 'ok');
for (const { id, name, reason } of failed) {
  console.log(`${id} ${name}: ${reason}`);
}
console.log(`${results.length - failed.length} of ${results.length} audits passed`);

// The package calls a failed MUST an error, a failed SHOULD a warning and the rest a notice.
process.exit(failed.some((result) => result.status !== 'notice') ? 1 : 0);
