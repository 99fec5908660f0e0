/** `npm run build:kernels`: the AssemblyScript of kernels/ as modules of src/bytes/ that hold the compiled code, so that nothing has to be found at run time. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { compileKernel } from './kernels/compile-kernel.ts';

const KERNELS = ['crc64'] as const;

for (const name of KERNELS) {
  const file = fileURLToPath(new URL(`../src/bytes/${name}-kernel.ts`, import.meta.url));
  writeFileSync(file, await compileKernel(name));
  console.log(`src/bytes/${name}-kernel.ts is written`);
}
