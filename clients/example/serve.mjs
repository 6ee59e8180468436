// Builds the example and serves it:
//
//     ROLECALL_URL=http://127.0.0.1:8080 PORT=5173 node serve.mjs
//
// The server has to let its pages in: CORS_ORIGINS, and INVITATION_URL for the links in its mails (README.md).

import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));

/** The files of the page, for a server at this address. */
export async function files(rolecallUrl) {
  const { outputFiles } = await build({
    absWorkingDir: here,
    entryPoints: { main: 'src/main.ts', style: 'src/style.css' },
    outdir: '/',
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    define: { ROLECALL_URL: JSON.stringify(rolecallUrl) },
  });
  const [script, style] = ['main.js', 'style.css'].map((name) => outputFiles.find(({ path }) => path.endsWith(name)).contents);
  const page = await readFile(new URL('index.html', import.meta.url));
  return {
    '/': { type: 'text/html; charset=utf-8', body: page },
    '/main.js': { type: 'text/javascript; charset=utf-8', body: script },
    '/style.css': { type: 'text/css; charset=utf-8', body: style },
  };
}

/** Serves what `contents` answers, which is asked at the first request; port 0 is any free one. */
export async function serve(port, contents) {
  let found;
  const server = createServer(async (request, response) => {
    found ??= await contents();
    const file = found[new URL(request.url, 'http://localhost').pathname];
    response.writeHead(file ? 200 : 404, file && { 'content-type': file.type });
    response.end(file?.body);
  });
  await new Promise((ready) => server.listen(port, '127.0.0.1', ready));
  return { origin: `http://127.0.0.1:${server.address().port}`, stop: () => server.close() };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const rolecallUrl = process.env.ROLECALL_URL ?? 'http://127.0.0.1:8080';
  const { origin } = await serve(Number(process.env.PORT ?? 5173), () => files(rolecallUrl));
  console.log(`${origin}, for ${rolecallUrl}`);
}
