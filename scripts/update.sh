#!/usr/bin/env bash
# Makes everything that is generated anew. Commit what it changes.
set -euo pipefail
cd "$(dirname "$0")/.."
# Not straight into the file: a build that fails must not leave it empty.
schema=$(cargo run --quiet -- schema)
printf '%s\n' "$schema" >schema.graphql
(cd clients && npm ci --silent && cd graphiql && npm run --silent build)
UPDATE_POLICY=1 cargo test --quiet --test it -- policy::organization policy::team
git status --short -- schema.graphql assets/graphiql tests/policy
