/** The data sets of the measurements. The same size gives the same keys and values, always; all of them are in database 0. */
import { RandomText } from './random-text.ts';

/** When you change what a set holds, count this up: saved files carry it in their names. */
export const DATA_VERSION = 1;

export type SetName = 'A' | 'B' | 'C';
export const SET_NAMES: readonly SetName[] = ['A', 'B', 'C'];

export interface DataSet {
  /** For the table. */
  readonly title: string;
  readonly runsDefault: number;
  /** @param size 1 is the whole set */
  commands(size: number): Iterable<readonly string[]>;
}

const SEED = 0x60d817;
/** In the year 2100: none expires while it is measured. */
const EXPIRY_MS = 4_102_444_800_000;
const EXPIRES_EVERY = 5;
const MIB = 1024 * 1024;
const FIELDS_A_COMMAND = 1_000;

export const DATA_SETS: Readonly<Record<SetName, DataSet>> = {
  A: { title: '1 M strings of 100 random bytes', runsDefault: 5, commands: plainStrings },
  B: {
    title:
      '460 k keys: 100 k hashes of 10 x 32 B, 50 k lists of 50 x 20 B, 50 k sets and 50 k sorted sets of 20, 10 k streams of 10, 200 k strings of 64 B; every fifth expires',
    runsDefault: 5,
    commands: mixedKeys,
  },
  C: { title: '400 strings of 1 MiB of random bytes, 20 hashes of 100 k fields of 16 B', runsDefault: 3, commands: largeKeys },
};

function* plainStrings(size: number): Generator<string[]> {
  const random = new RandomText(SEED);
  for (let i = 1; i <= 1_000_000 * size; i++) yield ['SET', `key:${String(i).padStart(7, '0')}`, random.take(100)];
}

function* mixedKeys(size: number): Generator<string[]> {
  const random = new RandomText(SEED);
  const texts = (count: number, bytes: number): string[] => Array.from({ length: count }, () => random.take(bytes));
  const kinds: readonly (readonly [string, number, (key: string) => string[][]])[] = [
    ['hash', 100_000, (key) => [['HSET', key, ...texts(10, 32).flatMap((text, i) => [`field:${i}`, text])]]],
    ['list', 50_000, (key) => [['RPUSH', key, ...texts(50, 20)]]],
    ['set', 50_000, (key) => [['SADD', key, ...texts(20, 16)]]],
    ['zset', 50_000, (key) => [['ZADD', key, ...texts(20, 16).flatMap((text) => [String(random.below(1_000_000)), text])]]],
    ['stream', 10_000, (key) => texts(10, 32).map((text, i) => ['XADD', key, `${1_700_000_000_000 + i}-0`, 'field', text])],
    ['string', 200_000, (key) => [['SET', key, random.take(64)]]],
  ];
  for (const [kind, count, commands] of kinds) {
    for (let i = 0; i < count * size; i++) {
      const key = `${kind}:${i}`;
      yield* commands(key);
      if (i % EXPIRES_EVERY === 0) yield ['PEXPIREAT', key, String(EXPIRY_MS + i)];
    }
  }
}

function* largeKeys(size: number): Generator<string[]> {
  const random = new RandomText(SEED);
  for (let i = 0; i < 400 * size; i++) yield ['SET', `string:${i}`, random.take(MIB)];
  for (let i = 0; i < 20 * size; i++) {
    for (let first = 0; first < 100_000; first += FIELDS_A_COMMAND) {
      const fields = Array.from({ length: FIELDS_A_COMMAND }, (_, j) => [`field:${first + j}`, random.take(16)]);
      yield ['HSET', `hash:${i}`, ...fields.flat()];
    }
  }
}
