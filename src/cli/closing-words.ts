/** What a run says at its end: why it ended, and how to go on. */
import { redactUrls } from '../observe/redaction.ts';
import type { JobResult } from '../observe/job-api.ts';
import { showBytes, showCount, showDuration } from '../status/format-quantity.ts';
import { lossWords } from './loss-words.ts';
import type { StopSignal } from './process-io.ts';

const SECRET_FLAG = /^--(?:source|target)-password(?:=|$)/;

/** @param commandLine as commandLine() makes it */
export function closingWords(result: JobResult, signal: StopSignal | undefined, commandLine: string): string {
  const { skipped, degraded, first, report } = result.status.conversion;
  const losses = lossWords(first, skipped + degraded, report);
  const words = reasonWords(result, signal, commandLine);
  if (losses.length === 0) return words;
  return `${words}\n${showCount(skipped)} left out, ${showCount(degraded)} degraded:\n${losses.map((line) => `  ${line}`).join('\n')}`;
}

function reasonWords(result: JobResult, signal: StopSignal | undefined, commandLine: string): string {
  const { status } = result;
  const mark = result.markWritten === false ? 'The target has not answered to the end; what its mark does not tell is sent again:' : 'The mark is written;';
  const goOn = result.resumable ? ` ${mark} go on with the same command line: ${commandLine}` : '';
  const lag = status.lagBytes >= 0 ? ` (${showBytes(status.lagBytes)} behind the source)` : '';
  switch (result.reason) {
    case 'loaded':
      return loadedWords(status);
    case 'full-sync-done':
      return `the full sync is applied: ${showCount(status.fullSync.keysApplied)} keys.${goOn}`;
    case 'lag-below':
      return `the target has caught up${lag}.${goOn}`;
    case 'finished':
      return `the job ${status.job} is finished: its marks and its spool are removed.${result.remarks === undefined ? '' : ` ${result.remarks}`}`;
    case 'cut-over':
      return cutOverWords(status);
    case 'rehearsed':
      return 'nothing stands in the way of the cut-over. Nothing was changed: whoever runs the job goes on with it.';
    case 'stopped':
      if (status.cutover?.state === 'switched') return backWords(status, mark);
      return `stopped${signal ? ` by ${signal}` : ''}.${goOn || notKept(status)}`;
  }
}

function cutOverWords({ job, source, target, cutover }: JobResult['status']): string {
  const paused = cutover ? ` Writes were stopped for ${showDuration(cutover.pausedMs)}.` : '';
  return `cut over from ${source.address} to ${target.address}.${paused} The job ${job} is finished: its marks and its spool are removed.`;
}

/** Of the sync back, which the command line that began it does not begin again. */
function backWords({ job, source, target }: JobResult['status'], mark: string): string {
  return `the sync back is stopped. ${mark} it goes on with godwit sync ${source.address} ${target.address} --job ${job}, and the options of the sync before it.`;
}

function notKept({ load, incrementalSync }: JobResult['status']): string {
  if (load === undefined || incrementalSync.commandsApplied === 0) return ' Nothing was kept: the same command line starts anew.';
  return ' Standard input cannot be gone on with once commands are applied: save it as a file, empty the target, and load the file.';
}

function loadedWords({ source, job, fullSync, incrementalSync, load, conversion, errors }: JobResult['status']): string {
  const extras = [
    [fullSync.keysSkipped, 'keys skipped because they exist'],
    [load?.keysExpired ?? 0, 'keys left out because they had expired'],
    [conversion.encoded, 'values encoded anew'],
    [conversion.degraded, 'degraded'],
    [conversion.skipped, 'left out because the target cannot hold them'],
    [errors.deadLetters, 'dead letters'],
  ] as const;
  const told = extras.filter(([count]) => count > 0).map(([count, what]) => `; ${showCount(count)} ${what}`);
  const tail = load !== undefined && load.tailBytes > 0 ? `; ${showCount(load.tailBytes)} bytes at the end were not whole and are left out` : '';
  const counts = `${showCount(fullSync.keysApplied)} keys and ${showCount(incrementalSync.commandsApplied)} commands applied by this run`;
  return `${source.address} is loaded: ${counts}${told.join('')}${tail}. The job ${job} keeps its mark in the target; --finish removes it.`;
}

/** `godwit sync ...` as the user gave it, quoted for a shell, passwords hidden. */
export function commandLine(args: readonly string[]): string {
  const words = args.map((arg, index) => {
    if (index > 0 && SECRET_FLAG.test(args[index - 1]) && !args[index - 1].includes('=')) return '****';
    return SECRET_FLAG.test(arg) && arg.includes('=')
      ? `${arg.slice(0, arg.indexOf('='))}=****`
      : quote(redactUrls(arg).replace(/^(https?:\/\/[^?]*)\?.+/i, '$1?****'));
  });
  return ['godwit', ...words].join(' ');
}

function quote(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./[\]*-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
