/** Streams with all that can belong to one: groups, consumers, pending entries, deleted entries, ids that were set. */
import { ALL_BYTES, type DataWriter, range } from './data-writer.ts';

export function addStreams(data: DataWriter): void {
  data.add('XADD', 'stream:one', '1-1', 'field', 'value');
  // The same fields as the first entry of the node are not written again; others are.
  for (const i of range(20)) data.add('XADD', 'stream:same-fields', `${1_000 + i}-0`, 'a', i, 'b', `value ${i}`);
  data.add('XADD', 'stream:same-fields', '5000-7', 'another', ALL_BYTES, '', '');
  for (const i of range(data.bigElements)) data.add('XADD', 'stream:big', `${1 + i}-${i % 5}`, 'n', i, 'text', `entry ${i}`);
  for (const i of range(10)) data.add('XADD', 'stream:deleted', `${1 + i}-0`, 'n', i);
  data.add('XDEL', 'stream:deleted', '1-0', '5-0', '10-0');
  data.add('XADD', 'stream:all-deleted', '7-7', 'n', '1');
  data.add('XDEL', 'stream:all-deleted', '7-7');
  for (const i of range(500)) data.add('XADD', 'stream:trimmed', `${1 + i}-0`, 'n', i);
  data.add('XTRIM', 'stream:trimmed', 'MAXLEN', 123);
  data.add('XGROUP', 'CREATE', 'stream:only-group', 'g', '$', 'MKSTREAM');
  data.add('XADD', 'stream:set-id', '5-5', 'n', '1');
  if (data.abilities.isSeven) data.add('XSETID', 'stream:set-id', '99-9', 'ENTRIESADDED', 1_000, 'MAXDELETEDID', '98-1');
  else data.add('XSETID', 'stream:set-id', '99-9');
  addGroups(data);
}

function addGroups(data: DataWriter): void {
  const key = 'stream:groups';
  for (const i of range(30)) data.add('XADD', key, `${100 + i}-0`, 'n', i);
  data.add('XGROUP', 'CREATE', key, 'from-start', '0');
  data.add('XGROUP', 'CREATE', key, 'from-end', '$');
  data.add('XGROUP', 'CREATE', key, ALL_BYTES, '110-0');
  data.add('XREADGROUP', 'GROUP', 'from-start', 'alice', 'COUNT', 10, 'STREAMS', key, '>');
  data.add('XREADGROUP', 'GROUP', 'from-start', 'bob', 'COUNT', 5, 'STREAMS', key, '>');
  data.add('XREADGROUP', 'GROUP', 'from-start', 'noack', 'COUNT', 2, 'NOACK', 'STREAMS', key, '>');
  data.add('XACK', key, 'from-start', '100-0', '101-0');
  data.add('XCLAIM', key, 'from-start', 'carol', '0', '103-0', '104-0', 'TIME', 1_700_000_000_123, 'RETRYCOUNT', 9);
  // A pending entry whose entry is gone.
  data.add('XDEL', key, '105-0');
  // Reads nothing new, so it stays without pending entries.
  data.add('XREADGROUP', 'GROUP', 'from-end', 'idle', 'STREAMS', key, '>');
  if (!data.abilities.isSeven) return;
  data.add('XGROUP', 'CREATECONSUMER', key, 'from-end', ALL_BYTES);
  data.add('XGROUP', 'SETID', key, ALL_BYTES, '112-0', 'ENTRIESREAD', 13);
}
