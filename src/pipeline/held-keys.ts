/**
 * Keys that had expired and are kept for a while all the same, because commands behind them may renew or delete them (held-expiry.ts). When everything is
 * applied, those that still have the time they were held with are removed: a server that loads the file ends without them too.
 *
 * Removed are those that had expired when the file was opened, so that whatever could have renewed them in time is in it: what expires while the file is read
 * may be renewed by what its server goes on appending. A bounded number is remembered. All others go by themselves when the time they are held for is over; so do
 * those of a run that was killed, and those that a command has renamed.
 */
import type { Connection } from '../net/connection.ts';
import { atLeast } from '../model/server-version.ts';

/** Removes keys in a transaction with the mark. */
export type RemoveKeys = (database: number, keys: readonly Uint8Array[]) => Promise<void>;

type Replies = Awaited<ReturnType<Connection['callAll']>>;

const BYTES_MAX = 64 * 1024 * 1024;
/** What a key takes beside its bytes. */
const KEY_BYTES = 120;
const KEYS_ASKED = 500;
/** Between the clocks of the server that wrote the file and of this machine; and what that server had not written yet. */
const CLOCK_MARGIN_MS = 5000;

export class HeldKeys {
  /** Keys that were not remembered any more. */
  forgotten = 0;
  removed = 0;
  /** Database and key in latin1, to the time that it was held with. */
  private readonly times = new Map<string, number>();
  private bytes = 0;
  private readonly readAtMs: number;

  get count(): number {
    return this.times.size;
  }

  /** @param readAtMs when the file was opened */
  constructor(readAtMs: number) {
    this.readAtMs = readAtMs;
  }

  /** @param expiryMs that it had; @param heldMs the one that it is given at the target */
  add(database: number, key: Uint8Array, expiryMs: number, heldMs: number): void {
    if (expiryMs > this.readAtMs - CLOCK_MARGIN_MS) return;
    const name = `${database} ${Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1')}`;
    if (!this.times.has(name)) this.bytes += name.length + KEY_BYTES;
    if (this.bytes > BYTES_MAX && !this.times.has(name)) this.forgotten++;
    else this.times.set(name, heldMs);
  }

  /** Removes those that nothing has renewed. Everything must be applied. */
  async release(connection: Connection, remove: RemoveKeys): Promise<void> {
    const byDatabase = new Map<number, { readonly key: Buffer; readonly heldMs: number; readonly name: string }[]>();
    for (const [name, heldMs] of this.times) {
      const blank = name.indexOf(' ');
      const database = Number(name.slice(0, blank));
      const own = byDatabase.get(database) ?? [];
      own.push({ key: Buffer.from(name.slice(blank + 1), 'latin1'), heldMs, name });
      byDatabase.set(database, own);
    }
    for (const [database, keys] of byDatabase) {
      for (let at = 0; at < keys.length; at += KEYS_ASKED) {
        const asked = keys.slice(at, at + KEYS_ASKED);
        const isHeld = await this.ask(connection, database, asked);
        const gone = asked.filter((_, i) => isHeld[i]);
        if (gone.length > 0)
          await remove(
            database,
            gone.map(({ key }) => key),
          );
        this.removed += gone.length;
        for (const { name } of asked) this.times.delete(name);
      }
    }
    this.bytes = 0;
  }

  /** Whether each still has the time that it was held with. Before Redis 7.0 a server tells what is left, and its clock. */
  private async ask(connection: Connection, database: number, keys: readonly { readonly key: Buffer; readonly heldMs: number }[]): Promise<boolean[]> {
    const { version } = connection.server;
    const tellsTimes = version !== undefined && (version.product === 'valkey' || atLeast(version, 7));
    const name = tellsTimes ? 'PEXPIRETIME' : 'PTTL';
    const questions = keys.map(({ key }) => [name, key]);
    const replies = await connection.callAll([['SELECT', String(database)], ['TIME'], ...questions, ['TIME'], ['SELECT', '0']]);
    const [before, after] = [clockMs(replies, 1), clockMs(replies, replies.length - 2)];
    return keys.map(({ heldMs }, i) => {
      const answer = Number(replies[i + 2]);
      if (tellsTimes) return answer === heldMs;
      return answer >= 0 && before + answer <= heldMs + 1 && after + answer >= heldMs - 1;
    });
  }
}

/** Of a reply to TIME: seconds and microseconds. NaN if it is none. */
function clockMs(replies: Replies, at: number): number {
  const reply = replies[at];
  return Array.isArray(reply) ? Number(reply[0]) * 1000 + Math.floor(Number(reply[1]) / 1000) : Number.NaN;
}
