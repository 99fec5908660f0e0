/** Loads a module of the user's. `.ts` is loaded where Node takes types away by itself (22.18, 23.6 and newer); older ones need it compiled. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { GodwitError } from '../../errors/errors.ts';
import { JavaScriptTransform } from './javascript-transform.ts';
import type { TransformModule } from './transform-types.ts';

const EXTENSIONS = ['.js', '.mjs', '.cjs', '.ts', '.mts'];

/** @throws FILE_NOT_FOUND, TRANSFORM_INVALID */
export async function loadTransform(file: string): Promise<JavaScriptTransform> {
  const whole = path.resolve(file);
  if (!existsSync(whole)) throw new GodwitError('FILE_NOT_FOUND', `there is no module ${file}`);
  if (!EXTENSIONS.includes(path.extname(whole)))
    throw new GodwitError('TRANSFORM_INVALID', `${file} is no module: its name is to end in ${EXTENSIONS.join(', ')}`);
  const url = pathToFileURL(whole).href;
  return new JavaScriptTransform(transformModule(await imported(url, file), file), [url, whole]);
}

/** The exports of a module as a transform. @throws TRANSFORM_INVALID if it exports none, or two */
export function transformModule(exported: unknown, name: string): TransformModule {
  const own = (exported ?? {}) as Record<string, unknown>;
  const module =
    typeof own['transform'] === 'function' || typeof own['transformBatch'] === 'function' ? own : ((own['default'] ?? {}) as Record<string, unknown>);
  const found = ['transform', 'transformBatch'].filter((key) => typeof module[key] === 'function');
  if (found.length === 1) return module;
  const problem = found.length === 0 ? 'exports neither transform(entry) nor transformBatch(entries)' : 'exports both transform and transformBatch';
  throw new GodwitError('TRANSFORM_INVALID', `${name} ${problem}`, { fix: 'Export one of the two (docs/functions.md).' });
}

async function imported(url: string, file: string): Promise<unknown> {
  try {
    return await import(/* @vite-ignore */ url);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const isTypeScript = (error as NodeJS.ErrnoException | null)?.code === 'ERR_UNKNOWN_FILE_EXTENSION';
    throw new GodwitError('TRANSFORM_INVALID', isTypeScript ? `this Node does not load TypeScript: ${file}` : `${file} cannot be loaded: ${message}`, {
      cause: error,
      ...(isTypeScript ? { fix: 'Use Node 22.18 or newer, or compile it first: npx esbuild FILE.ts --outfile=FILE.mjs' } : {}),
    });
  }
}
