/** Options of `godwit cutover` beside those of a sync. */
import { type Command, InvalidArgumentError, Option as CommandOption } from 'commander';
import { parseDuration, parseSize } from '../config/quantity.ts';
import { type CutoverSettings, DEFAULT_CUTOVER } from '../observe/cutover-status.ts';

export interface CutoverWords {
  readonly maxPause: number;
  readonly hold?: number;
  readonly switchCommand?: string;
  readonly waitForQuiet?: number | true;
  readonly sample: number;
  readonly maxLag: number;
  readonly catchUp: number;
  readonly reverse: boolean;
  readonly back: boolean;
  readonly acceptLosses: boolean;
  readonly onRefusal: 'sync' | 'stop';
}

const QUIET_WAIT_DEFAULT_MS = 600_000;

export function addCutoverOptions(command: Command): void {
  const add = (flags: string, help: string): CommandOption => new CommandOption(flags, help).helpGroup('Cut-over:');
  const options = [
    add('--max-pause <duration>', 'how long writes may be stopped until both sides are known to be equal; then they go on and it says why')
      .argParser(durationOf)
      .default(DEFAULT_CUTOVER.maxPauseMs, '5s'),
    add('--switch-command <command>', 'switches the clients, by a shell; its exit code 0 means that it has. See docs/cutover.md for its variables'),
    add(
      '--hold <duration>',
      'how long writes stay stopped for the switch itself (60s where your word is waited for; of a command what is left of --max-pause)',
    ).argParser(durationOf),
    add(
      '--wait-for-quiet [duration]',
      'stop no writes at the source: you stop the application, and the source is watched until no write comes (10m at most)',
    ).argParser(durationOf),
    add('--sample <share>', 'part of the keys that is compared before and while writes are stopped: 1%, 0.01; 0 is none')
      .argParser(shareOrNone)
      .default(DEFAULT_CUTOVER.sample, '1%'),
    add('--max-lag <size>', 'stop no writes before the target is so near').argParser(sizeOf).default(DEFAULT_CUTOVER.lagBytesMax, '1mb'),
    add('--catch-up <duration>', 'how long to wait for that').argParser(durationOf).default(DEFAULT_CUTOVER.catchUpMs, '60s'),
    add('--reverse', 'keep a sync from the new side to the old one from the switch on, so that --back loses nothing').default(false),
    add('--back', 'go back: the same, in the other direction, of a cut-over with --reverse').default(false),
    add('--accept-losses', 'go on although commands or values were left out').default(false),
    add('--on-refusal <what>', 'when it does not cut over').choices(['sync', 'stop']).default('sync'),
  ];
  for (const option of options) command.addOption(option);
}

export function cutoverSettings(words: CutoverWords, isRehearsal: boolean): CutoverSettings {
  const { maxPause, hold, switchCommand, waitForQuiet, sample, maxLag, catchUp, reverse, acceptLosses } = words;
  return {
    isRehearsal,
    maxPauseMs: maxPause,
    quietWaitMs: waitForQuiet === undefined ? 0 : waitForQuiet === true ? QUIET_WAIT_DEFAULT_MS : waitForQuiet,
    quietMs: DEFAULT_CUTOVER.quietMs,
    lagBytesMax: maxLag,
    catchUpMs: catchUp,
    sample,
    holdMs: hold ?? (switchCommand === undefined ? DEFAULT_CUTOVER.holdMs : 0),
    reverse,
    acceptLosses,
  };
}

function durationOf(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined || ms < 1) throw new InvalidArgumentError('Give a duration such as 500ms or 5s.');
  return ms;
}

function sizeOf(text: string): number {
  const bytes = parseSize(text);
  if (bytes === undefined) throw new InvalidArgumentError('Give a size such as 64kb or 1mb.');
  return bytes;
}

function shareOrNone(text: string): number {
  const found = /^(\d+(?:\.\d+)?)(%?)$/.exec(text);
  const share = found === null ? Number.NaN : Number(found[1]) / (found[2] === '%' ? 100 : 1);
  if (!(share >= 0 && share <= 1)) throw new InvalidArgumentError('Give a share from 0 to 100%, such as 1% or 0.01.');
  return share;
}
