// Writes assets/graphiql: what the server embeds and serves at /graphiql and /graphiql/assets/<file>.
// The same lock file gives the same bytes, so that CI can rebuild and look for a dirty tree.
import { build } from 'esbuild';
import { cp, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const out = resolve(here, '../../assets/graphiql');

// GraphiQL's stylesheet is 85 % web fonts; the system's fonts do.
const withoutFonts = {
  name: 'without-fonts',
  setup({ onLoad }) {
    onLoad({ filter: /graphiql[\\/]dist[\\/]style\.css$/ }, async ({ path }) => ({
      contents: (await readFile(path, 'utf8')).replace(/@font-face\s*\{[^}]*\}/g, ''),
      loader: 'css',
    }));
  },
};

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
const { metafile } = await build({
  absWorkingDir: here,
  entryPoints: { graphiql: 'src/main.jsx' },
  outdir: out,
  bundle: true,
  format: 'iife',
  target: 'es2022',
  jsx: 'automatic',
  minify: true,
  loader: { '.graphql': 'text' },
  define: { 'process.env.NODE_ENV': '"production"' },
  legalComments: 'none', // all of them are in licenses.txt
  metafile: true,
  plugins: [withoutFonts],
});
await cp(join(here, 'index.html'), join(out, 'index.html'));
await writeFile(join(out, 'licenses.txt'), await licenses(Object.keys(metafile.inputs)));

/** The licences of all packages in the bundle, as most of them ask; packages with the same text stand together. */
async function licenses(inputs) {
  const folders = new Set(inputs.map((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0]).filter(Boolean));
  const packagesByText = new Map();
  for (const folder of [...folders].sort()) {
    const { name, version, license } = JSON.parse(await readFile(join(here, folder, 'package.json'), 'utf8'));
    const file = (await readdir(join(here, folder))).sort().find((entry) => /^licen[cs]e/i.test(entry));
    const text = file ? await readFile(join(here, folder, file), 'utf8') : 'The package contains no licence file.';
    const lines = text.trim().split(/\r?\n/).map((line) => line.trimEnd());
    const key = lines.join('\n');
    packagesByText.set(key, [...(packagesByText.get(key) ?? []), `${name} ${version} (${license})`]);
  }
  return [...packagesByText].map(([text, packages]) => `${packages.join('\n')}\n\n${text}\n`).join(`\n${'-'.repeat(80)}\n\n`);
}
