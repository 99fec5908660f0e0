/** The built command as it is measured: JSON lines, and nothing of the user's environment. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** Behind `node`. @throws Error when it was not built */
export function godwitSyncArgs(source: string, target: string, spoolDir: string, more: readonly string[] = []): string[] {
  if (!existsSync(MAIN)) throw new Error('dist/cli/main.js is not there: npm run build makes it');
  return [MAIN, 'sync', source, target, '--spool-dir', spoolDir, '--log-format', 'json', ...more];
}

/** What the user has set for Godwit in the environment is none of the measurement's. */
export function plainEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(GODWIT_|NODE_OPTIONS$|npm_)/.test(name)));
}

/** `godwit scan` with its log as JSON. */
export function godwitScanArgs(source: string, target: string, spoolDir: string, more: readonly string[] = []): string[] {
  const [main, , ...rest] = godwitSyncArgs(source, target, spoolDir, more);
  return [main, 'scan', ...rest];
}
