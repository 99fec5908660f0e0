/** One key on both sides, asked in parts: what the comparers of large values share. */
import type { CommandArgument } from '../../../resp/encode.ts';
import { type Reply, ReplyError } from '../../../resp/reply.ts';
import type { Difference } from '../../../rdb/compare/first-difference.ts';
import type { AskedSide, SideAbilities } from '../asked-side.ts';

/** Where two large values part. */
export type PartDifference = Omit<Difference, 'kind'>;

/** The value was changed in a way that what is read of it does not fit together: it is to be looked at again. */
export class ChangedMeanwhile extends Error {}

/** Bytes of one part, about. */
const PART_BYTES = 256 * 1024;
const ELEMENTS_FIRST = 64;
const ELEMENTS_MAX = 4096;

export class KeyReader {
  readonly key: Uint8Array;
  readonly abilities: SideAbilities;
  private readonly side: AskedSide;
  private readonly database: number;

  constructor(side: AskedSide, database: number, key: Uint8Array) {
    this.side = side;
    this.abilities = side.abilities;
    this.database = database;
    this.key = key;
  }

  /** @throws ChangedMeanwhile for an error reply */
  async ask(...command: CommandArgument[]): Promise<Reply> {
    return (await this.askAll([command]))[0];
  }

  /** @throws ChangedMeanwhile for an error reply */
  async askAll(commands: readonly (readonly CommandArgument[])[]): Promise<Reply[]> {
    const replies = await this.side.call(this.database, this.key, commands);
    for (const reply of replies) if (reply instanceof ReplyError) throw new ChangedMeanwhile(reply.text);
    return replies;
  }

  /** All elements in parts (SSCAN, HSCAN, ZSCAN); some may come twice. */
  async *scan(command: 'SSCAN' | 'HSCAN' | 'ZSCAN'): AsyncGenerator<Buffer[]> {
    const pace = new PartPace();
    let cursor = '0';
    do {
      const reply = await this.ask(command, this.key, cursor, 'COUNT', pace.elements);
      const [next, found] = reply as [Buffer, Buffer[]];
      cursor = next.toString();
      pace.took(found);
      if (found.length > 0) yield found;
    } while (cursor !== '0');
  }
}

/** How many elements to ask for, so that parts are of about the same size whatever the elements are. */
export class PartPace {
  elements = ELEMENTS_FIRST;

  took(found: readonly Buffer[]): void {
    let bytes = 1;
    for (const one of found) bytes += one.length + 16;
    const fitting = Math.round((this.elements * PART_BYTES) / bytes);
    this.elements = Math.max(1, Math.min(ELEMENTS_MAX, fitting, this.elements * 4));
  }
}
