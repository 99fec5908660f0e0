/** How the clients are switched in a cut-over: by a command of the operator, or by the operator, whose word is waited for. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { GodwitError } from '../errors/errors.ts';
import type { SwitchFacts } from '../observe/cutover-status.ts';
import type { CliIo } from './process-io.ts';

export type SwitchClients = (facts: SwitchFacts, signal: AbortSignal) => Promise<string>;

const OUTPUT_BYTES_MAX = 2_000;

/**
 * Runs it in a shell. GODWIT_FROM, GODWIT_TO (addresses with commas between; of sentinels where there are some), GODWIT_TO_SERVERS (primaries), GODWIT_TO_HOST and
 * GODWIT_TO_PORT (of the first of these), GODWIT_TO_KIND, GODWIT_JOB and GODWIT_UNTIL (Unix ms) tell it what to do; the exit code 0 means that the clients are switched.
 */
export function switchByCommand(command: string, io: CliIo): SwitchClients {
  return (facts, signal) =>
    new Promise((resolve, reject) => {
      const child = spawn('/bin/sh', ['-c', command], { env: { ...io.env, ...variables(facts) }, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
      let output = '';
      const take = (chunk: Buffer): void => void (output = (output + chunk.toString()).slice(-OUTPUT_BYTES_MAX));
      child.stdout.on('data', take);
      child.stderr.on('data', take);
      const end = (): void => {
        // The whole group: what a shell has started does not end with it.
        if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
      };
      signal.addEventListener('abort', end, { once: true });
      child.once('error', (error) => reject(new GodwitError('CUTOVER_UNDONE', `the switch command did not start: ${error.message}`)));
      child.once('close', (code, killedBy) => {
        signal.removeEventListener('abort', end);
        const said = output.trim() === '' ? '' : `; it said: ${output.trim().split('\n').slice(-3).join(' | ')}`;
        if (code === 0) resolve(`the switch command has ended with 0${said}`);
        else reject(new GodwitError('CUTOVER_UNDONE', `the switch command has ended with ${code ?? killedBy}${said}`));
      });
    });
}

function variables({ job, from, to, toServers, toKind, untilAt }: SwitchFacts): Record<string, string> {
  const [first = ''] = toServers;
  const colon = first.lastIndexOf(':');
  return {
    GODWIT_JOB: job,
    GODWIT_FROM: from.join(','),
    GODWIT_TO: to.join(','),
    GODWIT_TO_SERVERS: toServers.join(','),
    GODWIT_TO_HOST: first.slice(0, colon).replaceAll(/[[\]]/g, ''),
    GODWIT_TO_PORT: first.slice(colon + 1),
    GODWIT_TO_KIND: toKind,
    GODWIT_UNTIL: String(untilAt),
  };
}

/** Waits for a line on standard input: `switched`, or `back`. */
export function switchByWord(io: CliIo): SwitchClients {
  return (facts, signal) =>
    new Promise((resolve, reject) => {
      const seconds = Math.round((facts.untilAt - Date.now()) / 1_000);
      io.stderr.write(`godwit: switch the clients to ${facts.to.join(', ')} now, then type "switched" (within ${seconds} s); "back" undoes the cut-over\n> `);
      const lines = createInterface({ input: io.stdin });
      const end = (): void => lines.close();
      signal.addEventListener('abort', end, { once: true });
      lines.on('line', (line) => {
        const word = line.trim().toLowerCase();
        if (word === 'switched') resolve('the operator says that the clients are switched');
        else if (word === 'back') reject(new GodwitError('CUTOVER_UNDONE', 'the operator has taken it back'));
        else {
          io.stderr.write('godwit: type "switched" or "back"\n> ');
          return;
        }
        end();
      });
      lines.once('close', () => {
        signal.removeEventListener('abort', end);
        reject(new GodwitError('CUTOVER_UNDONE', 'nobody has said that the clients are switched (standard input has ended); --switch-command needs no word'));
      });
    });
}
