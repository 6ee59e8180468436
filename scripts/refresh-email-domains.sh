#!/usr/bin/env bash
# Rebuilds src/app/email_domains/{personal,disposable}.txt from npm packages (see the README there).
#
#   scripts/refresh-email-domains.sh           take the newest packages, write the files and their versions
#   scripts/refresh-email-domains.sh --check   take the versions named in the README, write nothing, and fail
#                                              if the committed files are not what they give
#
# Needs bash, npm and node. Runs no code of the list packages: it reads their data files only.
set -euo pipefail
export LC_ALL=C

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
lists=$root/src/app/email_domains
packages=(free-email-domains email-providers freemail disposable-email-domains-js tldts)

check=
case ${1-} in
    '') ;;
    --check) check=1 ;;
    *) echo "usage: $0 [--check]" >&2; exit 2 ;;
esac

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for name in "${packages[@]}"; do
    wanted=$name
    if [[ $check ]]; then
        version=$(sed -n "s/^| \`$name\` | \([^ |]*\) |.*/\1/p" "$lists/README.md")
        [[ $version ]] || { echo "README.md names no version of $name" >&2; exit 1; }
        wanted=$name@$version
    fi
    mkdir "$work/$name"
    (cd "$work" && npm pack --silent --ignore-scripts --pack-destination "$work/$name" "$wanted" >/dev/null)
    tar -xzf "$work/$name"/*.tgz -C "$work/$name" --strip-components=1
done

node - "$work" "$root" <<'JS'
const fs = require('node:fs');
const { domainToASCII } = require('node:url');

const [work, root] = process.argv.slice(2);
const read = (path) => fs.readFileSync(`${work}/${path}`, 'utf8');
const json = (path) => JSON.parse(read(path));
const { parse } = require(`${work}/tldts/dist/index.cjs.min.js`);

// A domain under which somebody can register mailboxes: not a public suffix, not a host below one.
const registrable = (domain) => {
    const found = parse(domain, { allowPrivateDomains: true });
    return found.domain === domain && (found.isIcann || found.isPrivate);
};
const clean = (domains) =>
    new Set(domains.map((d) => domainToASCII(d.trim().replace(/\.$/, ''))).filter((d) => d && registrable(d)));

// The hand-kept file.
const extra = { '': new Set(), '~': new Set(), '!': new Set() };
for (const line of fs.readFileSync(`${root}/scripts/personal-extra.txt`, 'utf8').split('\n')) {
    const [, sign, domain] = line.replace(/#.*/, '').trim().match(/^([~!]?)(.*)$/);
    if (!domain) continue;
    if (domainToASCII(domain) !== domain || !registrable(domain)) {
        throw new Error(`personal-extra.txt: ${domain} is not a registrable domain in lower case ASCII`);
    }
    if (Object.values(extra).some((seen) => seen.has(domain))) throw new Error(`personal-extra.txt: ${domain} twice`);
    extra[sign].add(domain);
}

// Disposable: one curated list. Personal: what at least two lists call a mailbox provider and the curated
// list does not call disposable (the first list contains the disposable ones too). The hand-kept file wins.
const listed = clean(json('disposable-email-domains-js/dist/dict/disposable_email_blocklist.json'));
const disposable = new Set(
    [...listed, ...extra['~']].filter((d) => !extra[''].has(d) && !extra['!'].has(d)),
);
const seconded = clean([...json('email-providers/all.json'), ...read('freemail/data/free.txt').split('\n')]);
const personal = new Set(
    [...clean(json('free-email-domains/domains.json'))].filter((d) => seconded.has(d) && !extra['!'].has(d)),
);
for (const domain of extra['']) personal.add(domain);
for (const domain of disposable) personal.delete(domain);

// A source that changed its shape must not empty the lists unnoticed.
const must = (set, name, least, domains) => {
    const missing = domains.split(/\s+/).filter((d) => d && !set.has(d));
    if (missing.length) throw new Error(`${name} lacks ${missing.join(', ')}`);
    if (set.size < least) throw new Error(`${name} has only ${set.size} domains`);
};
must(personal, 'personal.txt', 3000, `
    gmail.com googlemail.com outlook.com hotmail.com live.com msn.com yahoo.com yahoo.co.uk ymail.com icloud.com
    me.com mac.com aol.com gmx.de gmx.net gmx.com web.de proton.me protonmail.com pm.me mail.com zoho.com
    yandex.ru yandex.com mail.ru qq.com 163.com 126.com t-online.de freenet.de orange.fr free.fr laposte.net
    libero.it comcast.net verizon.net att.net hey.com fastmail.com tutanota.com tuta.io`);
must(disposable, 'disposable.txt', 3000, `
    mailinator.com guerrillamail.com 10minutemail.com yopmail.com temp-mail.org`);
for (const domain of ['microsoft.com', 'google.com', 'apple.com', 'amazon.com', 'github.com', 'example.com']) {
    if (personal.has(domain) || disposable.has(domain)) throw new Error(`${domain} is listed`);
}

for (const [name, set] of Object.entries({ personal, disposable })) {
    const text = [...set].sort().join('\n') + '\n';
    fs.writeFileSync(`${work}/${name}.txt`, text);
    console.log(`${name}.txt: ${set.size} domains, ${text.length} bytes`);
    if (text.length > 150_000) console.log(`${name}.txt has outgrown 150 kB: look at what its source became`);
}

// The README's table, with the versions just used.
let readme = fs.readFileSync(`${root}/src/app/email_domains/README.md`, 'utf8');
for (const name of ['free-email-domains', 'email-providers', 'freemail', 'disposable-email-domains-js', 'tldts']) {
    const { version, license } = json(`${name}/package.json`);
    const row = new RegExp(`^(\\| \`${name}\` \\|)[^|]*\\|[^|]*\\|`, 'm');
    if (!row.test(readme)) throw new Error(`README.md has no row for ${name}`);
    readme = readme.replace(row, `$1 ${version} | ${license} |`);
}
fs.writeFileSync(`${work}/README.md`, readme);
JS

if [[ $check ]]; then
    for file in personal.txt disposable.txt; do
        cmp "$lists/$file" "$work/$file" || { echo "run scripts/refresh-email-domains.sh" >&2; exit 1; }
    done
else
    cp "$work"/{personal.txt,disposable.txt,README.md} "$lists/"
fi
