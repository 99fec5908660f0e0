/**
 * Brings keys anew where no sync runs: reads each at the source and writes it to the target. Nothing else may write these keys to the target meanwhile; what the source
 * changes afterwards is as it is with everything that nobody brings.
 */
import { CommandArguments } from '../../command/command-arguments.ts';
import type { Batch } from '../../model/batch.ts';
import type { CommandArgument } from '../../resp/encode.ts';
import { ReplyError } from '../../resp/reply.ts';
import type { RestoreOptions } from '../../target/batch-buffer.ts';
import type { Edits } from '../edits/edits.ts';
import type { AskedSide } from '../verify/asked-side.ts';
import type { KeyPace } from '../verify/key-pace.ts';
import type { KeyToMend, MendOutcome, SourceValue } from './key-to-mend.ts';
import { MendRows } from './mend-rows.ts';

const VALUE_BYTES_MAX = 64 * 1024 * 1024;
const AT_ONCE = 16;

export interface DirectMenderOptions {
  readonly source: AskedSide;
  readonly target: AskedSide;
  readonly restore: RestoreOptions;
  readonly edits: Edits | null;
  readonly pace: KeyPace;
}

export class DirectMender {
  /** The first refusal of a side; '' = none. */
  refusal = '';
  private readonly options: DirectMenderOptions;
  private readonly rows: MendRows;
  private readonly args = new CommandArguments();
  private clockOffsetMs = 0;

  constructor(options: DirectMenderOptions) {
    this.options = options;
    this.rows = new MendRows(options.restore, options.edits, true);
  }

  /** One answer for each, in their order. @throws GodwitError of the sides */
  async mend(keys: readonly KeyToMend[]): Promise<MendOutcome[]> {
    const { source, pace } = this.options;
    if (!source.abilities.expireTime) this.clockOffsetMs = await source.clockOffsetMs();
    const outcomes: MendOutcome[] = [];
    for (let from = 0; from < keys.length; from += AT_ONCE) {
      const some = keys.slice(from, from + AT_ONCE);
      await pace.take(some.length);
      outcomes.push(...(await Promise.all(some.map((key) => this.mendOne(key)))));
    }
    return outcomes;
  }

  private async mendOne(key: KeyToMend): Promise<MendOutcome> {
    const value = await this.read(key);
    if (typeof value === 'string') return value;
    const { batch, outcome } = this.rows.of(value, 0, 0);
    for (const { database, words } of this.commandsOf(batch)) {
      // Every command that makes a key has its name there.
      const replies = await this.options.target.call(database, words[1] as Uint8Array, [words]);
      if (replies.some((reply) => this.isRefused(reply))) return 'failed';
    }
    return outcome;
  }

  private async read({ database, key }: KeyToMend): Promise<SourceValue | MendOutcome> {
    const { source } = this.options;
    const [size] = source.abilities.memoryUsage ? await source.call(database, key, [['MEMORY', 'USAGE', key]]) : [0];
    if (Number(size) > VALUE_BYTES_MAX) return 'too-large';
    const time = source.abilities.expireTime ? 'PEXPIRETIME' : 'PTTL';
    const replies = await source.call(database, key, [['MULTI'], ['DUMP', key], [time, key], ['EXEC']]);
    const answer = replies.at(-1);
    if (!Array.isArray(answer)) {
      replies.some((reply) => this.isRefused(reply));
      // A database that the source does not have.
      return answer === null ? { database, key, payload: null, expiryMs: -1 } : 'failed';
    }
    const [payload, left] = answer;
    if (this.isRefused(payload)) return 'failed';
    const expiryMs = Number(left) < 0 ? -1 : source.abilities.expireTime ? Number(left) : Math.round(Date.now() + this.clockOffsetMs + Number(left));
    return { database, key, payload: payload as Buffer | null, expiryMs };
  }

  private commandsOf(batch: Batch): { database: number; words: CommandArgument[] }[] {
    return Array.from({ length: batch.count }, (_, row) => {
      const { args } = this;
      args.read(batch.bytes, batch.start[row], batch.end[row]);
      return { database: batch.database[row], words: Array.from({ length: args.count }, (_one, i) => Buffer.from(args.value(i))) };
    });
  }

  private isRefused(reply: unknown): boolean {
    if (!(reply instanceof ReplyError)) return false;
    this.refusal ||= reply.text;
    return true;
  }
}
