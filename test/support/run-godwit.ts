/** One run of the built command with any words, from its start to its end: for what ends by itself. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const TIMEOUT_MS = 25_000;

export interface RunOptions {
  readonly cwd?: string;
  /** Beside PATH; nothing else of the test's environment gets in. */
  readonly env?: Readonly<Record<string, string>>;
  /** 25 s unless told. */
  readonly timeoutMs?: number;
}

export interface GodwitRun {
  /** null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Standard input is closed. @throws Error with what it said when it does not end in time */
export function runGodwit(args: readonly string[], { cwd, env = {}, timeoutMs = TIMEOUT_MS }: RunOptions = {}): Promise<GodwitRun> {
  const child = spawn(process.execPath, [MAIN, ...args], { cwd, env: { PATH: process.env.PATH, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  return new Promise((resolve, reject) => {
    const impatience = setTimeout(() => {
      kill();
      reject(new Error(`godwit ${args.join(' ')} has not ended\n${stderr}${stdout.slice(-2_000)}`));
    }, timeoutMs);
    child.once('error', reject);
    child.once('close', (code) => {
      clearTimeout(impatience);
      process.off('exit', kill);
      resolve({ code, stdout, stderr });
    });
  });
}
