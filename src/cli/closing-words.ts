/** What a run says at its end: why it ended, and how to go on. */
import { redactUrls } from '../observe/redaction.ts';
import type { JobResult } from '../observe/job-api.ts';
import { showBytes, showCount } from '../status/format-quantity.ts';
import type { StopSignal } from './process-io.ts';

const SECRET_FLAG = /^--(?:source|target)-password(?:=|$)/;

/** @param commandLine as commandLine() makes it */
export function closingWords(result: JobResult, signal: StopSignal | undefined, commandLine: string): string {
  const { status } = result;
  const goOn = result.resumable ? ` The mark is written; go on with the same command line: ${commandLine}` : '';
  const lag = status.lagBytes >= 0 ? ` (${showBytes(status.lagBytes)} behind the source)` : '';
  switch (result.reason) {
    case 'full-sync-done':
      return `the full sync is applied: ${showCount(status.fullSync.keysApplied)} keys.${goOn}`;
    case 'lag-below':
      return `the target has caught up${lag}.${goOn}`;
    case 'finished':
      return `the job ${status.job} is finished: its marks and its spool are removed.`;
    case 'stopped':
      return `stopped${signal ? ` by ${signal}` : ''}.${goOn || ' Nothing was kept: the same command line starts anew.'}`;
  }
}

/** `godwit sync ...` as the user gave it, quoted for a shell, passwords hidden. */
export function commandLine(args: readonly string[]): string {
  const words = args.map((arg, index) => {
    if (index > 0 && SECRET_FLAG.test(args[index - 1]) && !args[index - 1].includes('=')) return '****';
    return SECRET_FLAG.test(arg) && arg.includes('=') ? `${arg.slice(0, arg.indexOf('='))}=****` : quote(redactUrls(arg));
  });
  return ['godwit', ...words].join(' ');
}

function quote(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./[\]*-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
