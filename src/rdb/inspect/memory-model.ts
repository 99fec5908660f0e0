/**
 * What values take in the memory of a server that has loaded them: sizes of the structures of Redis (dict) and of Valkey from 8.1 on (hashtable, keys
 * within the object), rounded up as the allocator does. docs/inspect.md says how far it is from what servers say (MEMORY USAGE).
 *
 * Invariants: pure arithmetic, nothing is allocated; all sizes are bytes. Facts: sds.c, dict.h, object.c, t_zset.c, quicklist.h, rax.c, stream.h;
 * Valkey: hashtable.c, entry.c.
 */
import type { RaxShape } from './rax-shape.ts';

/** `bundled`: jemalloc as Redis and Valkey build it, classes of 8 bytes; `system`: that of a distribution, of 16. */
export type Allocator = 'bundled' | 'system';

/** Structures of which servers the sizes are; `valkey` is 8.1 and newer, `valkey-9` 9.0 and newer. */
export type Layout = 'redis' | 'valkey' | 'valkey-9';

const ROBJ = 16;
const DICT = 56;
const DICT_ENTRY = 24;
const DICT_SLOTS_MIN = 4;
const POINTER = 8;
const HASHTABLE = 72;
const BUCKET = 64;
const BUCKET_SLOTS = 7;
const EXPIRY = 8;
/** What finds a field by its time, as measured. */
const FIELD_EXPIRY_REDIS = 36;
const FIELD_EXPIRY_VALKEY = 24;
/** Beside the listpack of a hash with field expiry. */
const LISTPACK_EX = 24;
const ZSET_AND_SKIPLIST = 48;
const SKIPLIST_HEADER = 536;
const SKIPLIST_HEADER_9 = 496;
const LEVEL = 16;
/** A node has one more level with this chance. */
const LEVEL_CHANCE = 0.25;
const QUICKLIST = 40;
const QUICKLIST_NODE = 40;
const STREAM = 80;
const GROUP = 40;
const CONSUMER = 40;
const NACK = 32;
/** Head and NUL of a text within an object, and the longest one that Redis puts there. */
const EMBEDDED_HEAD = 4;
const EMBEDDED_TEXT_MAX = 44;
const ENTRY_EMBEDDED_MAX = 128;
/** What Redis counts for a node of a radix tree, and for an element of it. */
const REDIS_RAX_NODE = 4 + 30 * 8;
const REDIS_RAX_ELEMENT = 16;

export class MemoryModel {
  readonly layout: Layout;
  private readonly quantum: number;
  private readonly isRedis: boolean;
  private readonly embeddedMax: number;

  constructor(layout: Layout, allocator: Allocator) {
    this.layout = layout;
    this.quantum = allocator === 'bundled' ? 8 : 16;
    this.isRedis = layout === 'redis';
    this.embeddedMax = layout === 'valkey-9' ? 128 : 64;
  }

  /** What the allocator gives for so many bytes: whole quanta up to 64, then four classes to each power of 2. */
  allocated(bytes: number): number {
    if (bytes <= 8) return 8;
    if (bytes <= 64) return Math.ceil(bytes / this.quantum) * this.quantum;
    const step = 2 ** (Math.floor(Math.log2(bytes - 1)) - 2);
    return Math.ceil(bytes / step) * step;
  }

  /** A text of its own. */
  text(length: number): number {
    return this.allocated(textBytes(length));
  }

  /** A string with all that its key takes; the key's place in the database's table is databaseTable()'s. */
  string(keyLength: number, length: number, isInteger: boolean, hasExpiry: boolean): number {
    const keyed = this.keyed(keyLength, hasExpiry);
    if (isInteger) return keyed;
    if (!this.isEmbedded(keyLength, length, hasExpiry)) return keyed + this.text(length);
    if (this.isRedis) return keyed - ROBJ + this.allocated(ROBJ + EMBEDDED_HEAD + length);
    return this.allocated(this.embeddedBytes(keyLength, length, hasExpiry));
  }

  /** The text of a string stands in its object (embstr). */
  isEmbedded(keyLength: number, length: number, hasExpiry: boolean): boolean {
    if (this.isRedis) return length <= EMBEDDED_TEXT_MAX;
    return this.embeddedBytes(keyLength, length, hasExpiry) <= this.embeddedMax;
  }

  /** Key and object of a value that is no string. */
  keyed(keyLength: number, hasExpiry: boolean): number {
    return this.isRedis ? this.text(keyLength) + DICT_ENTRY + ROBJ : this.allocated(this.keyedBytes(keyLength, hasExpiry));
  }

  /** The tables of a database: a slot for each key, and an entry for each that expires. */
  databaseTable(keys: number, expiring: number): number {
    if (this.isRedis) return POINTER * (slots(keys) + slots(expiring)) + expiring * DICT_ENTRY;
    return buckets(keys) + buckets(expiring);
  }

  /** The table of a set or hash, without what it holds. */
  table(count: number): number {
    return this.isRedis ? DICT + POINTER * slots(count) + count * DICT_ENTRY : HASHTABLE + buckets(count);
  }

  setElement(length: number): number {
    return this.text(length);
  }

  hashField(length: number, valueLength: number, hasExpiry: boolean): number {
    if (this.isRedis) return this.text(length) + this.text(valueLength) + (hasExpiry ? FIELD_EXPIRY_REDIS : 0);
    const [expiry, inTree] = hasExpiry ? [EXPIRY, FIELD_EXPIRY_VALKEY] : [0, 0];
    const whole = textBytes(length) + valueLength + EMBEDDED_HEAD + expiry;
    if (whole <= ENTRY_EMBEDDED_MAX) return this.allocated(whole) + inTree;
    return this.allocated(textBytes(length) + POINTER + expiry) + this.text(valueLength) + inTree;
  }

  /** Table and skiplist, without members. */
  sortedSet(count: number): number {
    return ZSET_AND_SKIPLIST + this.allocated(this.layout === 'valkey-9' ? SKIPLIST_HEADER_9 : SKIPLIST_HEADER) + this.table(count);
  }

  /** A member in the skiplist: the mean over the levels that its node can have. */
  sortedSetMember(length: number): number {
    if (this.layout === 'valkey-9') return this.levels(8 + 1 + textBytes(length));
    return this.text(length) + this.levels(24);
  }

  /** A list of nodes; what is in them is packed(). */
  list(nodes: number): number {
    return QUICKLIST + nodes * QUICKLIST_NODE;
  }

  /** A listpack, ziplist or intset. */
  packed(bytes: number): number {
    return this.allocated(bytes);
  }

  /** A listpack of fields with expiry. */
  packedFields(bytes: number): number {
    return this.allocated(bytes) + this.allocated(LISTPACK_EX);
  }

  stream(nodes: RaxShape): number {
    return STREAM + this.radixTree(nodes);
  }

  streamGroup(pending: RaxShape): number {
    return GROUP + this.radixTree(pending) + pending.count * NACK;
  }

  streamConsumer(nameLength: number, pending: RaxShape): number {
    return CONSUMER + nameLength + this.radixTree(pending);
  }

  private radixTree(shape: RaxShape): number {
    if (this.isRedis) return shape.count * REDIS_RAX_ELEMENT + shape.nodes * REDIS_RAX_NODE;
    return 32 + shape.count * 16 + shape.segments * 32 + shape.branches * 48;
  }

  private levels(base: number): number {
    let mean = 0;
    let chance = 1 - LEVEL_CHANCE;
    for (let level = 1; level <= 4; level++, chance *= LEVEL_CHANCE) mean += chance * this.allocated(base + level * LEVEL);
    return mean;
  }

  /** Valkey 9 has no pointer in front of a text that stands in its object. */
  private embeddedBytes(keyLength: number, length: number, hasExpiry: boolean): number {
    return this.keyedBytes(keyLength, hasExpiry) + EMBEDDED_HEAD + length - (this.layout === 'valkey-9' ? POINTER : 0);
  }

  private keyedBytes(keyLength: number, hasExpiry: boolean): number {
    return ROBJ + (hasExpiry ? EXPIRY : 0) + 1 + textBytes(keyLength);
  }
}

/** Head, text and NUL. */
function textBytes(length: number): number {
  return length + 1 + (length < 32 ? 1 : length < 256 ? 3 : length < 65_536 ? 5 : length < 4_294_967_296 ? 9 : 17);
}

function slots(count: number): number {
  return count === 0 ? 0 : 2 ** Math.ceil(Math.log2(Math.max(DICT_SLOTS_MIN, count)));
}

/** Buckets of seven, and those chained behind buckets that chance has filled. */
function buckets(count: number): number {
  if (count === 0) return 0;
  const size = 2 ** Math.ceil(Math.log2(Math.ceil(count / BUCKET_SLOTS)));
  if (size === 1) return BUCKET;
  const load = count / size;
  let fits = 0;
  for (let i = 0, chance = Math.exp(-load); i <= BUCKET_SLOTS; i++, chance *= load / i) fits += chance;
  return BUCKET * size * (1 + Math.max(0, 1 - fits));
}
