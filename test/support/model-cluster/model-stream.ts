/** What a source writes: a few keys in a few slots, every command valid where it stands, and what it makes of all of them. */
import { Deferred } from '../../../src/async/deferred.ts';
import { encodeCommand } from '../../../src/resp/encode.ts';
import type { Seeded } from '../rdb/seeded.ts';
import { ModelKeyspace, type Value } from './model-keyspace.ts';

/** Few, so that a schedule comes back to each. */
export const TAGS = ['a', 'c', 'g'];

export class ModelStream {
  snapshotIds = 1;
  /** Units in one batch. */
  unitsMax = 3;
  private readonly truth = new ModelKeyspace();
  private readonly units: { readonly offset: number; readonly bytes: Buffer }[] = [];
  private readonly random: Seeded;
  private end = 0;
  private step = 0;
  private waiting = new Deferred<void>();

  constructor(random: Seeded) {
    this.random = random;
  }

  get endOffset(): number {
    return this.end;
  }

  /** Resolves when something is written. */
  get more(): Promise<void> {
    return this.waiting.promise;
  }

  get content(): Map<string, Value> {
    return this.truth.keys;
  }

  /** Whole units from the offset on, some of them. */
  piece(offset: number): Buffer {
    const first = this.units.findIndex((unit) => unit.offset === offset);
    return Buffer.concat(this.units.slice(first, first + 1 + this.random.below(this.unitsMax)).map(({ bytes }) => bytes));
  }

  write(units: number): void {
    for (let i = 0; i < units; i++) {
      const isTransaction = this.random.below(6) === 0;
      const commands = Array.from({ length: isTransaction ? 1 + this.random.below(4) : 1 }, () => this.next());
      const words = isTransaction ? [['MULTI'], ...commands, ['EXEC']] : commands;
      const bytes = Buffer.concat(words.map((one) => encodeCommand(one)));
      this.units.push({ offset: this.end, bytes });
      this.end += bytes.length;
    }
    this.waiting.resolve();
    this.waiting = new Deferred();
  }

  private next(): string[] {
    const command = this.propose();
    this.truth.run(command);
    return command;
  }

  private propose(): string[] {
    const { random } = this;
    const n = String(this.step++);
    const tag = (): string => `{${TAGS[random.below(TAGS.length)]}}`;
    const [one, two] = [tag(), tag()];
    switch (random.below(random.below(40) === 0 ? 13 : 12)) {
      case 0:
      case 1:
        return ['INCR', `${one}count`];
      case 2:
        return ['RPUSH', `${one}list`, n];
      case 3:
        return ['APPEND', `${one}text`, `${n};`];
      case 4:
      case 5:
        return ['SET', `${one}string`, n];
      case 6:
        return ['HSET', `${one}hash`, `f${random.below(3)}`, n];
      case 7:
        return ['MSET', `${one}string`, n, `${two}string`, n, `${one}other`, n];
      case 8:
        return ['DEL', `${one}string`, `${two}other`, `${two}hash`];
      case 9:
        return this.truth.keys.has(`${one}string`) ? ['RENAME', `${one}string`, `${one}other`] : ['SET', `${one}other`, n];
      case 10:
        return this.ofAnyType(`${one}any`, n);
      case 11:
        return ['DEL', `${one}any`, `${one}other`];
      default:
        return ['FLUSHALL'];
    }
  }

  private ofAnyType(key: string, n: string): string[] {
    const value = this.truth.keys.get(key);
    if (value === undefined) return this.random.below(2) === 0 ? ['HSET', key, 'f', n] : ['RPUSH', key, n];
    if (this.random.below(3) === 0) return ['SET', key, n];
    return typeof value === 'string' ? ['INCR', key] : Array.isArray(value) ? ['RPUSH', key, n] : ['HSET', key, `f${n}`, n];
  }
}
