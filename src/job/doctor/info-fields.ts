/** The reply of INFO by its fields. What a server does not tell, or hides, is '' and -1. */
import type { Reply } from '../../resp/reply.ts';

export interface KeyspaceFacts {
  readonly database: number;
  readonly keys: number;
  /** Keys that have an expiry. */
  readonly expires: number;
}

export class InfoFields {
  readonly raw: string;
  private readonly fields = new Map<string, string>();

  constructor(reply: Reply | undefined) {
    this.raw = Buffer.isBuffer(reply) || typeof reply === 'string' ? String(reply) : '';
    for (const [, name, value] of this.raw.matchAll(/^([^#:\r\n]+):([^\r\n]*)/gm)) this.fields.set(name, value);
  }

  text(name: string): string {
    return this.fields.get(name) ?? '';
  }

  /** @returns -1 where it is not told, or is no number */
  number(name: string): number {
    const text = this.text(name);
    const found = Number(text);
    return text === '' || !Number.isFinite(found) ? -1 : found;
  }

  keyspace(): KeyspaceFacts[] {
    return [...this.raw.matchAll(/^db(\d+):keys=(\d+)(?:,expires=(\d+))?/gm)].map(([, database, keys, expires = '0']) => {
      return { database: Number(database), keys: Number(keys), expires: Number(expires) };
    });
  }

  /** Names in lower case. */
  modules(): string[] {
    return [...this.raw.matchAll(/^module:name=([^,\r\n]+)/gm)].map(([, name]) => name.toLowerCase());
  }

  /** Of INFO commandstats, by command in lower case: calls, and microseconds that they took. */
  commands(): Map<string, { readonly calls: number; readonly usec: number }> {
    const found = this.raw.matchAll(/^cmdstat_([^:]+):calls=(\d+)(?:,usec=(\d+))?/gm);
    return new Map([...found].map(([, name, calls, usec = '0']) => [name.toLowerCase(), { calls: Number(calls), usec: Number(usec) }]));
  }
}
