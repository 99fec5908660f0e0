/**
 * Keys and the few commands that a model needs, as a server has them: strings, counters, lists, hashes. Each change can be taken back, which is what a failover
 * does that loses the newest writes.
 */
import { ReplyError } from '../../../src/resp/reply.ts';

export type Value = string | readonly string[] | ReadonlyMap<string, string>;
export type ModelReply = string | number | null | ReplyError | ModelReply[];

type Change = readonly [key: string, before: Value | undefined];

const WRONG_TYPE = new ReplyError('WRONGTYPE Operation against a key holding the wrong kind of value');

export class ModelKeyspace {
  keys = new Map<string, Value>();
  /** The newest last; what is in one list happened at once. */
  private undo: Change[][] = [];
  private open: Change[] | undefined;

  /** What `work` changes is kept or lost as a whole. */
  atOnce<T>(work: () => T): T {
    if (this.open !== undefined) return work();
    this.open = [];
    try {
      return work();
    } finally {
      if (this.open.length > 0) this.undo.push(this.open);
      this.open = undefined;
    }
  }

  /** Loses the newest changes. */
  lose(count: number): void {
    for (let i = 0; i < count; i++) {
      for (const [key, before] of (this.undo.pop() ?? []).toReversed()) {
        if (before === undefined) this.keys.delete(key);
        else this.keys.set(key, before);
      }
    }
  }

  /** Everything up to now is safe. */
  keep(): void {
    this.undo = [];
  }

  put(key: string, value: Value | undefined): void {
    this.atOnce(() => {
      this.open?.push([key, this.keys.get(key)]);
      if (value === undefined) this.keys.delete(key);
      else this.keys.set(key, value);
    });
  }

  run([name, ...args]: readonly string[]): ModelReply {
    return this.atOnce(() => this.command(name.toUpperCase(), args));
  }

  private command(name: string, [key = '', ...rest]: string[]): ModelReply {
    const value = this.keys.get(key);
    switch (name) {
      case 'SET':
        this.put(key, rest[0]);
        return 'OK';
      case 'INCR':
        return this.text(value, (old) => this.put(key, String(Number(old || 0) + 1)));
      case 'APPEND':
        return this.text(value, (old) => this.put(key, old + rest[0]));
      case 'RPUSH':
        if (value !== undefined && !Array.isArray(value)) return WRONG_TYPE;
        this.put(key, [...((value as string[] | undefined) ?? []), ...rest]);
        return 1;
      case 'HSET':
        return this.hash(key, value, rest);
      case 'HGETALL':
        return value instanceof Map ? [...value].flat() : [];
      case 'DEL':
        for (const one of [key, ...rest]) if (this.keys.has(one)) this.put(one, undefined);
        return 1;
      case 'MSET':
        for (let i = 0, all = [key, ...rest]; i + 1 < all.length; i += 2) this.put(all[i], all[i + 1]);
        return 'OK';
      case 'RENAME':
        if (value === undefined) return new ReplyError('ERR no such key');
        this.put(rest[0], value);
        this.put(key, undefined);
        return 'OK';
      case 'FLUSHALL':
        for (const one of this.keys.keys()) this.put(one, undefined);
        return 'OK';
      default:
        return new ReplyError(`ERR unknown command '${name}'`);
    }
  }

  private text(value: Value | undefined, change: (old: string) => void): ModelReply {
    if (value !== undefined && typeof value !== 'string') return WRONG_TYPE;
    change(value ?? '');
    return 1;
  }

  private hash(key: string, value: Value | undefined, pairs: readonly string[]): ModelReply {
    if (value !== undefined && !(value instanceof Map)) return WRONG_TYPE;
    const fields = new Map(value as ReadonlyMap<string, string> | undefined);
    for (let i = 0; i + 1 < pairs.length; i += 2) fields.set(pairs[i], pairs[i + 1]);
    this.put(key, fields);
    return 1;
  }
}

/** Keys of a command of the model. */
export function keysOf([name, ...args]: readonly string[]): string[] {
  switch (name.toUpperCase()) {
    case 'SET':
    case 'INCR':
    case 'APPEND':
    case 'RPUSH':
    case 'HSET':
    case 'HGETALL':
      return [args[0]];
    case 'DEL':
    case 'WATCH':
      return args;
    case 'RENAME':
      return args.slice(0, 2);
    case 'MSET':
      return args.filter((_, i) => i % 2 === 0);
    default:
      return [];
  }
}
