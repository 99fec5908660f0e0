/** Runs a program to its end and gives back what it printed; a failure carries the last lines of its output. */
import { execFile } from 'node:child_process';

export interface ProgramOptions {
  cwd?: string;
  env?: Record<string, string>;
  timeoutMs?: number;
}

/** @returns standard output. @throws Error that names the program, its exit code and the last lines of what it wrote. */
export function runProgram(command: string, args: readonly string[], options: ProgramOptions = {}): Promise<string> {
  const { cwd, env, timeoutMs = 300_000 } = options;
  const settings = { cwd, env: { ...process.env, LC_ALL: 'C', ...env }, timeout: timeoutMs, maxBuffer: 64 * 1024 * 1024 };
  return new Promise((resolve, reject) => {
    const child = execFile(command, args, settings, (error, stdout, stderr) => {
      if (!error) return resolve(stdout);
      const lines = `${stdout}\n${stderr}`.trim().split('\n').slice(-8).join('\n');
      const how = error.killed ? `took longer than ${timeoutMs} ms` : `failed (${error.code ?? error.signal})`;
      reject(new Error(`${command} ${args[0] ?? ''} ${how}:\n${lines}`, { cause: error }));
    });
    child.stdin?.end();
  });
}
