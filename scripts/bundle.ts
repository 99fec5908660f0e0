/**
 * The programs of dist/ as one file each, over what tsc has written there: hundreds of small modules take Node 0.3 s longer to read than one large one does,
 * which is a tenth of a small full sync. The library (dist/index.js) and its types stay as tsc has made them. Chunks hold what is asked for late.
 */
import { readdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const outdir = `${root}dist/cli`;
const REQUIRE_FOR_COMMONJS = "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);";

for (const name of readdirSync(outdir)) if (name.startsWith('chunk-') || name === 'main.js.map') rmSync(`${outdir}/${name}`);
await build({
  entryPoints: ['main', 'container/entrypoint', 'container/healthcheck'].map((name) => `${root}src/cli/${name}.ts`),
  outbase: `${root}src/cli`,
  outdir,
  bundle: true,
  splitting: true,
  chunkNames: 'chunk-[hash]',
  platform: 'node',
  format: 'esm',
  target: 'node20',
  // Its .wasm file is looked up where it is installed.
  external: ['wasmoon-lua5.1'],
  banner: { js: REQUIRE_FOR_COMMONJS },
  legalComments: 'eof',
  logLevel: 'warning',
});
