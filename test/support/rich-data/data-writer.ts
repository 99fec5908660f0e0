/** Collects commands for one database of one server and sends them in one go; a refused command is an error that names it. */
import type { Redis } from 'ioredis';

export type Word = string | Buffer | number;

export interface ServerAbilities {
  readonly product: 'redis' | 'valkey';
  /** Redis 7.0 and every Valkey: functions, XSETID with its options, plain quicklist nodes. */
  readonly isSeven: boolean;
  /** Redis 7.4, Valkey 9. */
  readonly fieldExpiry: boolean;
  /** Redis 8.0. */
  readonly vectors: boolean;
}

export class DataWriter {
  readonly client: Redis;
  readonly abilities: ServerAbilities;
  /** Elements of the big collections. */
  readonly bigElements: number;
  private commands: [string, ...Word[]][] = [];

  constructor(client: Redis, abilities: ServerAbilities, bigElements: number) {
    this.client = client;
    this.abilities = abilities;
    this.bigElements = bigElements;
  }

  add(command: string, ...args: Word[]): void {
    this.commands.push([command, ...args]);
  }

  /** A command with many elements, a few hundred at a time. `elementWords` words make one element. */
  addMany(command: string, key: Word, words: readonly Word[], elementWords = 1): void {
    const step = 500 * elementWords;
    for (let i = 0; i < words.length; i += step) this.add(command, key, ...words.slice(i, i + step));
  }

  async send(): Promise<void> {
    const commands = this.commands;
    this.commands = [];
    const pipeline = this.client.pipeline();
    for (const [command, ...args] of commands) pipeline.call(command, ...args);
    const replies = (await pipeline.exec()) ?? [];
    for (const [i, [error]] of replies.entries()) {
      if (error) throw new Error(`${commands[i].slice(0, 4).map(String).join(' ')}: ${error.message}`, { cause: error });
    }
  }
}

/** `count` numbers from 0. */
export function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

export const ALL_BYTES = Buffer.from(range(256));
