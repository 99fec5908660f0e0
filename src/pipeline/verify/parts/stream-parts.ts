/** Large streams: entries in their order part by part, then what the stream says of itself, its groups, consumers and pending entries. */
import { printableBytes } from '../../../rdb/inspect/printable-key.ts';
import type { Reply } from '../../../resp/reply.ts';
import { type KeyReader, PartPace, type PartDifference } from './part-reader.ts';

type Entry = [Buffer, Buffer[] | null];
type Facts = ReadonlyMap<string, string>;

const NONE = 'none';
const PENDING_PART = 1000;
/** Of XINFO; -1, an empty and a missing one fit any other. */
const COUNTERS = new Set(['entries-added', 'entries-read']);
const STREAM_FACTS = ['length', 'last-generated-id', 'max-deleted-entry-id', 'entries-added'];
const GROUP_FACTS = ['consumers', 'pending', 'last-delivered-id', 'entries-read'];

/** @param counters entries added and read are known on both sides. @returns null when they are equal. @throws ChangedMeanwhile */
export async function largeStreamDifference(source: KeyReader, target: KeyReader, counters: boolean): Promise<PartDifference | null> {
  const entries = await entryDifference(source, target);
  if (entries !== null) return entries;
  const streams = await Promise.all([source, target].map(async (side) => factsOf(await side.ask('XINFO', 'STREAM', side.key))));
  const ofStream = factsDifference('', streams[0], streams[1], STREAM_FACTS, counters);
  if (ofStream !== null) return ofStream;
  const [own, other] = await Promise.all([source, target].map(groupsOf));
  for (const name of new Set([...own.keys(), ...other.keys()])) {
    const where = `group "${printableBytes(Buffer.from(name, 'latin1'))}"`;
    const [here, there] = [own.get(name), other.get(name)];
    if (here === undefined || there === undefined) return { where, source: here ? 'in it' : NONE, target: there ? 'in it' : NONE };
    const found =
      factsDifference(`${where} `, here, there, GROUP_FACTS, counters) ?? (await groupDifference(where, Buffer.from(name, 'latin1'), source, target));
    if (found !== null) return found;
  }
  return null;
}

async function entryDifference(source: KeyReader, target: KeyReader): Promise<PartDifference | null> {
  const pace = new PartPace();
  for (let from = '-'; ;) {
    const count = pace.elements;
    const ask = (side: KeyReader): Promise<unknown> => side.ask('XRANGE', side.key, from, '+', 'COUNT', count);
    const [here, there] = (await Promise.all([ask(source), ask(target)])) as [Entry[], Entry[]];
    for (let i = 0; i < Math.max(here.length, there.length); i++) {
      const [own, other] = [shownEntry(here[i]), shownEntry(there[i])];
      if (own === other) continue;
      return { where: `entry ${String((here[i] ?? there[i])[0])}`, source: own.slice(0, 160), target: other.slice(0, 160) };
    }
    if (here.length < count) return null;
    pace.took(here.flatMap(([id, fields]) => [id, ...(fields ?? [])]));
    from = idBehind(String(here[here.length - 1][0]));
  }
}

async function groupDifference(where: string, name: Buffer, source: KeyReader, target: KeyReader): Promise<PartDifference | null> {
  const consumers = async (side: KeyReader): Promise<Facts> => {
    const rows = ((await side.ask('XINFO', 'CONSUMERS', side.key, name)) as Reply[]).map(factsOf);
    return new Map(rows.map((facts) => [facts.get('name') ?? '', `${facts.get('pending')} pending`]));
  };
  const [own, other] = await Promise.all([consumers(source), consumers(target)]);
  const found = factsDifference(`${where} consumer `, own, other, [...new Set([...own.keys(), ...other.keys()])], true);
  if (found !== null) return found;
  for (let from = '-'; ;) {
    const ask = (side: KeyReader): Promise<unknown> => side.ask('XPENDING', side.key, name, from, '+', PENDING_PART);
    const [here, there] = (await Promise.all([ask(source), ask(target)])) as [Reply[][], Reply[][]];
    const [ids, otherIds] = [here, there].map(
      (rows) => new Map(rows.map((row) => [String(row[0]), `of ${String(row[1])}, delivered ${String(row[3])} times`])),
    );
    const pending = factsDifference(`${where} pending `, ids, otherIds, [...new Set([...ids.keys(), ...otherIds.keys()])], true);
    if (pending !== null || here.length < PENDING_PART) return pending;
    from = idBehind(String(here[here.length - 1][0]));
  }
}

async function groupsOf(side: KeyReader): Promise<ReadonlyMap<string, Facts>> {
  const rows = ((await side.ask('XINFO', 'GROUPS', side.key)) as Reply[]).map(factsOf);
  return new Map(rows.map((facts) => [facts.get('name') ?? '', facts]));
}

function factsDifference(before: string, own: Facts, other: Facts, names: readonly string[], counters: boolean): PartDifference | null {
  for (const name of names) {
    const [here, there] = [own.get(name), other.get(name)];
    if (here === there) continue;
    const isCounter = COUNTERS.has(name) || name === 'max-deleted-entry-id';
    if (isCounter && (!counters || !isKnown(here) || !isKnown(there))) continue;
    return { where: `${before}${name}`, source: here ?? NONE, target: there ?? NONE };
  }
  return null;
}

function isKnown(counter: string | undefined): boolean {
  return counter !== undefined && counter !== 'null' && counter !== '-1';
}

/** Pairs of name and value, as XINFO gives them; latin1. */
function factsOf(reply: Reply): Facts {
  const facts = new Map<string, string>();
  const words = reply as Reply[];
  for (let i = 0; i + 1 < words.length; i += 2) facts.set(latin1(words[i]), latin1(words[i + 1]));
  return facts;
}

function latin1(reply: Reply): string {
  return Buffer.isBuffer(reply) ? reply.toString('latin1') : String(reply);
}

function shownEntry(entry: Entry | undefined): string {
  if (entry === undefined) return NONE;
  return `${String(entry[0])} ${(entry[1] ?? []).map((word) => `"${printableBytes(word)}"`).join(' ')}`;
}

/** The least id behind this one. */
function idBehind(id: string): string {
  const [ms, seq] = id.split('-').map(BigInt);
  return seq === 0xffff_ffff_ffff_ffffn ? `${ms + 1n}-0` : `${ms}-${seq + 1n}`;
}
