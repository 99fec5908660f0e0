/**
 * Names every key, or command of the stream, that the target was not given as the source has it: what was left out, and what was brought without all that it
 * had. The counts and the first names are held for status and final words; all go to a file, when there is one, as JSON lines:
 *
 *   {"at":"2026-01-31T12:00:00.000Z","outcome":"degraded","db":0,"key":"user:1","type":"hash","reason":"...","command":"HPEXPIREAT","offset":1234}
 *
 *   outcome   left-out (the target has nothing of it), or degraded
 *   key       a string, or {"base64":"..."} where it is no UTF-8 text; null for functions, which are named by `library`
 *   type      of a value in a snapshot; `command` instead: of a command in the stream or an AOF
 *   offset    behind it, in the snapshot, file or stream; -1 = not known
 *
 * Invariants: memory is bounded, whatever the number of losses; what flush() has returned from is written, so that flushing before a batch is sent means that
 * no mark stands behind a loss that is not named. What is sent again after a break is counted and named again. The file is appended to: a job that is
 * gone on with has one report.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { quotedKey } from '../bytes/quoted-key.ts';
import { GodwitError } from '../errors/errors.ts';
import type { NamedLoss } from '../observe/job-status.ts';

export type LossOutcome = NamedLoss['outcome'];

export interface Loss {
  readonly outcome: LossOutcome;
  readonly database: number;
  /** null: it is no key. */
  readonly key: Uint8Array | null;
  /** What is known instead of a key. */
  readonly library?: string;
  /** As TYPE says it, or `functions`; undefined for a command. */
  readonly type?: string;
  readonly command?: string;
  readonly reason: string;
  readonly offset: number;
}

/** Counted in every run; repeated ones count again. */
export interface ConversionCounts {
  /** Values that were written in other words, losses or not. */
  encoded: number;
  /** Brought without all that they had. */
  degraded: number;
  skipped: number;
}

const HELD_MAX = 10;
const FLUSH_CHARACTERS = 64 * 1024;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export class LossReport {
  readonly counts: ConversionCounts = { encoded: 0, degraded: 0, skipped: 0 };
  /** The first losses, each key once. */
  readonly first: NamedLoss[] = [];
  /** '' = there is none. */
  readonly file: string;
  private readonly replaces: boolean;
  private readonly names = new Set<string>();
  private descriptor = -1;
  private pending = '';

  /** @param replaces what the file held before goes */
  constructor(file = '', replaces = false) {
    this.file = file;
    this.replaces = replaces;
  }

  /** Makes the file, so that it is there when nothing was lost. @throws OUTPUT_FAILED */
  open(): void {
    if (this.file === '' || this.descriptor >= 0) return;
    this.attempt(() => (this.descriptor = openSync(this.file, this.replaces ? 'w' : 'a', 0o600)));
  }

  /** Counts and names it. @throws OUTPUT_FAILED */
  add(loss: Loss): void {
    if (loss.outcome === 'left-out') this.counts.skipped++;
    else this.counts.degraded++;
    if (this.first.length < HELD_MAX) this.hold(loss);
    if (this.file === '') return;
    this.pending += `${lineOf(loss)}\n`;
    if (this.pending.length >= FLUSH_CHARACTERS) this.flush();
  }

  /** All that was added is in the file. @throws OUTPUT_FAILED */
  flush(): void {
    if (this.pending === '') return;
    this.open();
    const bytes = Buffer.from(this.pending);
    this.pending = '';
    this.attempt(() => {
      for (let done = 0; done < bytes.length;) done += writeSync(this.descriptor, bytes, done);
    });
  }

  /** @throws OUTPUT_FAILED */
  close(): void {
    this.flush();
    if (this.descriptor >= 0) closeSync(this.descriptor);
    this.descriptor = -1;
  }

  private hold({ outcome, database, key, library, type, command, reason }: Loss): void {
    const shown = key === null ? '' : quotedKey(key);
    const what = command ?? (library === undefined ? (type ?? '') : `functions ${JSON.stringify(library)}`);
    const name = `${outcome} ${database} ${shown} ${what}`;
    if (this.names.has(name)) return;
    this.names.add(name);
    this.first.push({ outcome, db: database, key: shown, what, reason });
  }

  private attempt(write: () => void): void {
    try {
      write();
    } catch (error) {
      throw new GodwitError('OUTPUT_FAILED', `the report ${this.file} cannot be written: ${(error as Error).message}`, {
        fix: 'Give a file that this user can write, on a disk with room: --report.',
        details: { file: this.file },
        cause: error,
      });
    }
  }
}

function lineOf({ outcome, database, key, library, type, command, reason, offset }: Loss): string {
  return JSON.stringify({
    at: new Date().toISOString(),
    outcome,
    db: database,
    key: key === null ? null : keyValue(key),
    library,
    type,
    command,
    reason,
    offset,
  });
}

function keyValue(key: Uint8Array): string | { readonly base64: string } {
  try {
    return utf8.decode(key);
  } catch {
    return { base64: Buffer.from(key).toString('base64') };
  }
}
