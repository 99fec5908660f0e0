/** Compiles one file of kernels/ with AssemblyScript. */
import { fileURLToPath } from 'node:url';
import { main } from 'assemblyscript/asc';

const LINE = 140;
/** Of 64 KiB: tables, and room for what is summed. */
const MEMORY_PAGES = 3;

/** @returns the text of the module that holds the compiled code. @throws Error with what the compiler says */
export async function compileKernel(name: string): Promise<string> {
  const baseDir = fileURLToPath(new URL('../../kernels', import.meta.url));
  const compiled: Uint8Array[] = [];
  const { error, stderr } = await main(
    [`${name}.ts`, '--outFile', 'out.wasm', '-O3', '--noAssert', '--runtime', 'stub', '--initialMemory', String(MEMORY_PAGES), '--baseDir', baseDir],
    { writeFile: (_file, contents) => void compiled.push(Buffer.from(contents)) },
  );
  const [code] = compiled;
  if (error !== null || code === undefined) throw new Error(`kernels/${name}.ts: ${error?.message ?? 'nothing was made'}\n${stderr.toString()}`);
  const text = Buffer.from(code).toString('base64');
  const lines = text.match(new RegExp(`.{1,${LINE}}`, 'g')) ?? [];
  return [
    `/** Compiled code of kernels/${name}.ts, made by \`npm run build:kernels\`: not to be edited. */`,
    `export const ${name.toUpperCase()}_KERNEL =`,
    ...lines.map((line, i) => `  '${line}'${i === lines.length - 1 ? ';' : ' +'}`),
    '',
  ].join('\n');
}
