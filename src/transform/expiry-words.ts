/**
 * The times of expiry that commands say, and how they say them when they are changed: always as absolute ms.
 *
 *   SET key value ... [EX s | PX ms | EXAT s | PXAT ms | KEEPTTL]     MSETEX n (key value) x n ... [the same]     GETEX key [the same | PERSIST]
 *   SETEX key s value     PSETEX key ms value       -> SET key value PXAT ms
 *   EXPIRE key s ...      PEXPIRE, EXPIREAT, PEXPIREAT   -> PEXPIREAT key ms ...
 *   RESTORE key ms payload [... ABSTTL ...]              0 is none
 *
 * Times of single hash fields are no times of keys and stay as they are.
 */
import type { CommandArguments } from '../command/command-arguments.ts';
import type { CommandDraft } from './command-draft.ts';
import type { TtlChange } from './ttl-change.ts';

/** changed: what is in the draft goes. dropped: nothing is left of it. untimed: it gives its keys no time. */
export type ExpiryAnswer = 'changed' | 'dropped' | 'untimed';

export interface ExpiryContext {
  readonly args: CommandArguments;
  readonly draft: CommandDraft;
  readonly ttl: TtlChange;
  /** When the command came from the source: what relative times count from. */
  readonly nowMs: number;
}

type ExpiryRule = (context: ExpiryContext) => ExpiryAnswer;

const UNITS: Readonly<Record<string, { readonly unitMs: number; readonly isRelative: boolean }>> = {
  EX: { unitMs: 1000, isRelative: true },
  PX: { unitMs: 1, isRelative: true },
  EXAT: { unitMs: 1000, isRelative: false },
  PXAT: { unitMs: 1, isRelative: false },
};
const UNIT_WORDS = Object.keys(UNITS);
/** Options with an argument, which may look like one of the words above. */
const WITH_ARGUMENT = ['IFEQ', 'IFNE', 'IFDEQ', 'IFDNE'];

/** As the command has it in milliseconds since 1970; NaN if it has no number there. */
function absoluteMs({ args, nowMs }: ExpiryContext, at: number, word: string): number {
  const { unitMs, isRelative } = UNITS[word];
  return args.integer(at) * unitMs + (isRelative ? nowMs : 0);
}

function changed({ ttl, args, nowMs }: ExpiryContext, expiryMs: number, keyAt = 1): number {
  return ttl.change(expiryMs, nowMs, args.bytes, args.start(keyAt), args.end(keyAt));
}

/** Options of SET and MSETEX from `from` on. */
function options(context: ExpiryContext, from: number, keyAt: number): ExpiryAnswer {
  const { args, draft, ttl } = context;
  for (let i = from; i < args.count; i++) {
    if (args.isAny(i, WITH_ARGUMENT)) i++;
    else if (args.is(i, 'KEEPTTL')) return 'changed';
    else if (args.isAny(i, UNIT_WORDS)) {
      const expiryMs = absoluteMs(context, i + 1, wordAt(args, i));
      if (Number.isNaN(expiryMs)) return 'changed';
      const timeMs = changed(context, expiryMs, keyAt);
      if (timeMs < 0) {
        draft.remove(i);
        draft.remove(i + 1);
      } else {
        draft.setWord(i, 'PXAT');
        draft.setInteger(i + 1, timeMs);
      }
      return 'changed';
    }
  }
  if (!ttl.givesAll) return 'untimed';
  draft.setWord(draft.add(), 'PXAT');
  draft.setInteger(draft.add(), changed(context, -1, keyAt));
  return 'changed';
}

function wordAt(args: CommandArguments, i: number): string {
  return UNIT_WORDS.find((word) => args.is(i, word)) ?? '';
}

/** `NAME key time value` becomes `SET key value PXAT ms`. */
function setWithTime(context: ExpiryContext, word: 'EX' | 'PX'): ExpiryAnswer {
  const { args, draft } = context;
  const expiryMs = args.count === 4 ? absoluteMs(context, 2, word) : Number.NaN;
  if (Number.isNaN(expiryMs)) return 'changed';
  const timeMs = changed(context, expiryMs);
  draft.setWord(0, 'SET');
  draft.set(2, args.value(3));
  if (timeMs < 0) draft.remove(3);
  else {
    draft.setWord(3, 'PXAT');
    draft.setInteger(draft.add(), timeMs);
  }
  return 'changed';
}

function expire(context: ExpiryContext, word: string): ExpiryAnswer {
  const { args, draft } = context;
  const expiryMs = args.count > 2 ? absoluteMs(context, 2, word) : Number.NaN;
  if (Number.isNaN(expiryMs)) return 'changed';
  const timeMs = changed(context, expiryMs);
  if (timeMs < 0) return 'dropped';
  draft.setWord(0, 'PEXPIREAT');
  draft.setInteger(2, timeMs);
  return 'changed';
}

/** Servers send it as PEXPIREAT or PERSIST; in a file it may stand as it was given. */
function getWithTime(context: ExpiryContext): ExpiryAnswer {
  const { args, draft, ttl } = context;
  if (args.is(2, 'PERSIST')) {
    if (!ttl.givesAll) return 'changed';
    draft.setWord(2, 'PXAT');
    draft.setInteger(draft.add(), changed(context, -1));
    return 'changed';
  }
  if (args.count < 4 || !args.isAny(2, UNIT_WORDS)) return 'changed';
  const expiryMs = absoluteMs(context, 3, wordAt(args, 2));
  if (Number.isNaN(expiryMs)) return 'changed';
  const timeMs = changed(context, expiryMs);
  if (timeMs < 0) return 'dropped';
  draft.setWord(2, 'PXAT');
  draft.setInteger(3, timeMs);
  return 'changed';
}

function restore(context: ExpiryContext): ExpiryAnswer {
  const { args, draft, nowMs } = context;
  const time = args.count > 3 ? args.integer(2) : Number.NaN;
  if (!(time >= 0)) return 'changed';
  const isAbsolute = args.find(['ABSTTL'], 4) > 0;
  const timeMs = changed(context, time === 0 ? -1 : isAbsolute ? time : nowMs + time);
  draft.setInteger(2, Math.max(0, timeMs));
  if (!isAbsolute && timeMs > 0) draft.setWord(draft.add(), 'ABSTTL');
  return 'changed';
}

function persist(context: ExpiryContext): ExpiryAnswer {
  const { draft, ttl } = context;
  if (!ttl.givesAll) return 'changed';
  draft.setWord(0, 'PEXPIREAT');
  draft.setInteger(draft.add(), changed(context, -1));
  return 'changed';
}

function setMany(context: ExpiryContext): ExpiryAnswer {
  const count = context.args.integer(1);
  return count > 0 && 2 + 2 * count <= context.args.count ? options(context, 2 + 2 * count, 2) : 'changed';
}

export const EXPIRY_RULES: Readonly<Record<string, ExpiryRule>> = {
  set: (context) => options(context, 3, 1),
  msetex: setMany,
  setex: (context) => setWithTime(context, 'EX'),
  psetex: (context) => setWithTime(context, 'PX'),
  expire: (context) => expire(context, 'EX'),
  pexpire: (context) => expire(context, 'PX'),
  expireat: (context) => expire(context, 'EXAT'),
  pexpireat: (context) => expire(context, 'PXAT'),
  getex: getWithTime,
  restore,
  persist,
};

/** Commands that leave no key, or one that brings its time along: none of them needs one. */
export const UNTIMED = new Set(['del', 'unlink', 'getdel', 'delex', 'move', 'flushall', 'flushdb', 'swapdb', 'migrate']);
