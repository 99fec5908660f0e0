/**
 * One side of a comparison: the nodes that have its content together. In a cluster a key is asked for at the owner of its slot alone; with several servers
 * whoever has it is found by asking all.
 */
import type { Redis } from 'ioredis';
import { SLOT_COUNT, slotOf } from '../../../src/model/slot.ts';
import { type BufferReply, type Comparable, type ComparableSide, bytes, callForBytes, fieldsOf, show, text } from './comparable.ts';
import { type Abilities, type KeyFacts, abilitiesOf, readFacts } from './key-facts.ts';

/** What is known of a key, and the node to ask for more. */
export interface PlacedFacts {
  readonly facts: KeyFacts;
  readonly client: Redis;
}

const MISSING_SCRIPT = `
local missing = {}
for i, key in ipairs(ARGV) do if redis.call('EXISTS', key) == 0 then missing[#missing + 1] = i end end
return missing`;

const NONE: KeyFacts = { type: 'none', expireAt: -1, size: 0, content: null };
const SCAN_COUNT = 500;

export async function openSide(side: ComparableSide): Promise<ComparedSide> {
  const nodes: readonly Comparable[] = 'contentNodes' in side ? await side.contentNodes() : Array.isArray(side) ? side : [side as Comparable];
  const opened = new ComparedSide(nodes.map((node) => node.client()));
  await opened.begin();
  return opened;
}

export class ComparedSide {
  readonly clients: readonly Redis[];
  /** What all of its nodes have. */
  abilities: Abilities = { exactExpiry: false, fieldExpiry: false };
  private isCluster = false;
  /** Index into clients by slot, of a cluster; -1 = none of them. */
  private readonly owners = new Int16Array(SLOT_COUNT).fill(-1);
  /** Nodes that cannot select the database have nothing in it. */
  private inDatabase: readonly Redis[] = [];

  constructor(clients: readonly Redis[]) {
    this.clients = clients;
    this.inDatabase = clients;
  }

  async begin(): Promise<void> {
    const all = await Promise.all(this.clients.map(abilitiesOf));
    this.abilities = { exactExpiry: all.every((one) => one.exactExpiry), fieldExpiry: all.every((one) => one.fieldExpiry) };
    this.isCluster = (await this.clients[0].info('cluster')).includes('cluster_enabled:1');
    if (this.isCluster) for (const [i, client] of this.clients.entries()) await this.learnSlots(client, i);
  }

  close(): void {
    for (const client of this.clients) client.disconnect();
  }

  /** Those that have keys. */
  async databases(): Promise<Set<number>> {
    const infos = await Promise.all(this.clients.map((client) => client.info('keyspace')));
    return new Set(infos.flatMap((info) => [...info.matchAll(/^db(\d+):/gm)].map((match) => Number(match[1]))));
  }

  async select(database: number): Promise<void> {
    const selected = await Promise.all(this.clients.map((client) => client.select(database).catch(() => null)));
    this.inDatabase = this.clients.filter((_, i) => selected[i] !== null);
  }

  /** All keys of the database in batches, each from one node. `misplaced` are those that the node has but does not own. */
  async *batches(wanted: (key: string) => boolean): AsyncGenerator<{ readonly keys: string[]; readonly misplaced: string[] }> {
    for (const client of this.inDatabase) {
      let cursor = '0';
      do {
        const [next, found] = (await callForBytes(client, 'SCAN', cursor, 'COUNT', SCAN_COUNT)) as [Buffer, Buffer[]];
        cursor = text(next);
        const all = found.map((key) => text(key)).filter(wanted);
        const keys = this.isCluster ? all.filter((key) => this.ownerOf(key) === client) : all;
        const misplaced = this.isCluster ? all.filter((key) => this.ownerOf(key) !== client) : [];
        if (all.length > 0) yield { keys, misplaced };
      } while (cursor !== '0');
    }
  }

  /** One entry per key, in their order. @param both what the comparison looks at */
  async facts(keys: readonly string[], both: Abilities): Promise<PlacedFacts[]> {
    const found = new Map<string, PlacedFacts>();
    for (const client of this.inDatabase) {
      const own = this.isCluster ? keys.filter((key) => this.ownerOf(key) === client) : keys;
      const facts = await readFacts(client, own, this.abilities, both);
      for (const [i, key] of own.entries()) if (facts[i].type !== 'none' || !found.has(key)) found.set(key, { facts: facts[i], client });
    }
    return keys.map((key) => found.get(key) ?? { facts: NONE, client: this.clients[0] });
  }

  /** Those of the keys that no node has. */
  async missing(keys: readonly string[]): Promise<string[]> {
    let left = [...keys];
    for (const client of this.inDatabase) {
      const own = this.isCluster ? left.filter((key) => this.ownerOf(key) === client) : left;
      if (own.length === 0) continue;
      const positions = (await callForBytes(client, 'EVAL', MISSING_SCRIPT, 0, ...own.map(bytes))) as number[];
      const gone = new Set(positions.map((position) => own[position - 1]));
      left = left.filter((key) => gone.has(key) || (this.isCluster && this.ownerOf(key) !== client));
    }
    return left;
  }

  /** Code of each function library by its name, and what its nodes disagree on; null where a node has no functions. */
  async functions(): Promise<{ readonly libraries: ReadonlyMap<string, string>; readonly disagreements: string[] } | null> {
    const all = await Promise.all(this.clients.map(functionsOf));
    const [first] = all;
    if (all.some((one) => one === null) || !first) return null;
    if (!this.isCluster) return { libraries: new Map(all.flatMap((one) => [...one!])), disagreements: [] };
    const disagreements: string[] = [];
    for (const name of new Set(all.flatMap((one) => [...one!.keys()]))) {
      if (all.some((one) => one!.get(name) !== first.get(name))) disagreements.push(`function library ${show(name)}: not the same at all nodes`);
    }
    return { libraries: first, disagreements };
  }

  private ownerOf(key: string): Redis | undefined {
    return this.clients[this.owners[slotOf(bytes(key))]];
  }

  private async learnSlots(client: Redis, index: number): Promise<void> {
    const id = text(await callForBytes(client, 'CLUSTER', 'MYID'));
    for (const range of (await callForBytes(client, 'CLUSTER', 'SLOTS')) as BufferReply[][]) {
      const owner = range[2] as BufferReply[];
      if (text(owner[2]) === id) this.owners.fill(index, Number(range[0]), Number(range[1]) + 1);
    }
  }
}

async function functionsOf(client: Redis): Promise<Map<string, string> | null> {
  const reply = await callForBytes(client, 'FUNCTION', 'LIST', 'WITHCODE').catch(() => null);
  if (!Array.isArray(reply)) return null;
  return new Map(reply.map((library: BufferReply) => [text(fieldsOf(library).get('library_name')), text(fieldsOf(library).get('library_code'))]));
}
