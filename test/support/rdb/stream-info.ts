/** What XINFO STREAM FULL told of a stream, and what was decoded of one, in the same words. */
import type { CollectedStream } from './value-collector.ts';

type Told = Record<string, unknown>;

/** Pairs of name and value, as the server replies. */
function object(pairs: unknown): Told {
  const list = pairs as readonly unknown[];
  return Object.fromEntries(list.flatMap((name, i) => (i % 2 === 0 ? [[name as string, list[i + 1]]] : [])));
}

function only(told: Told, decoded: Told): Told {
  return Object.fromEntries(Object.entries(decoded).filter(([name]) => name in told));
}

/** The parts of a reply that are in the snapshot; not the radix tree and what is counted from it. */
export function toldInfo(info: readonly unknown[]): Told {
  const told = object(info);
  const groups = (told['groups'] as unknown[]).map((pairs) => {
    const group = object(pairs);
    const consumers = (group['consumers'] as unknown[]).map((consumer) => {
      const { name, 'seen-time': seen, 'active-time': active, pending } = object(consumer);
      return { name, seen, ...(active === undefined ? {} : { active }), pending };
    });
    return { name: group['name'], last: group['last-delivered-id'], read: group['entries-read'], pending: group['pending'], consumers };
  });
  const { 'radix-tree-keys': _keys, 'radix-tree-nodes': _nodes, entries: _entries, ...facts } = told;
  return { ...facts, groups };
}

/** @param info tells which facts that version of the server knows */
export function decodedInfo(stream: CollectedStream, info: readonly unknown[]): Told {
  const text = (base64: string): string => Buffer.from(base64, 'base64').toString();
  const knowsCounters = stream.entriesAdded >= 0;
  const facts = only(object(info), {
    length: stream.length,
    'last-generated-id': stream.lastId,
    'max-deleted-entry-id': stream.maxDeletedId,
    'entries-added': stream.entriesAdded,
    'recorded-first-entry-id': stream.firstId,
  });
  const toldConsumers = (toldInfo(info)['groups'] as { consumers: Told[] }[]).flatMap(({ consumers }) => consumers);
  const knowsActive = toldConsumers.some((consumer) => 'active' in consumer);
  const groups = stream.groups.map((group) => {
    const deliveries = new Map(group.pending.map(([id, ms, count]) => [id, [ms, count]]));
    const owners = new Map(group.consumers.flatMap(({ name, pending }) => pending.map((id) => [id, text(name)])));
    return {
      name: text(group.name),
      last: group.lastId,
      read: knowsCounters ? (group.entriesRead < 0 ? null : group.entriesRead) : undefined,
      pending: group.pending.map(([id, ms, count]) => [id, owners.get(id), ms, count]),
      consumers: group.consumers.map(({ name, seenMs, activeMs, pending }) => ({
        name: text(name),
        seen: seenMs,
        ...(knowsActive ? { active: activeMs } : {}),
        pending: pending.map((id) => [id, ...(deliveries.get(id) ?? [])]),
      })),
    };
  });
  return { ...facts, groups };
}
