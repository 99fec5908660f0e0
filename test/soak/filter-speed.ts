/**
 * What filters and transforms cost per key: `npm run filter-speed`. A million keys in one slab, as a batch has them, gone over several times; the best round counts.
 * CPU time; nothing is read or sent.
 */
import { Filter } from '../../src/filter/filter.ts';
import type { FilterRules } from '../../src/filter/filter-rules.ts';
import { KeyRules } from '../../src/filter/key-rules.ts';
import { RuleTally } from '../../src/filter/rule-tally.ts';
import { Batch } from '../../src/model/batch.ts';
import { StreamDecoder } from '../../src/resp/stream-decoder.ts';
import { encodeCommand } from '../../src/resp/encode.ts';
import { Transform } from '../../src/transform/transform.ts';
import type { TransformRules } from '../../src/transform/transform-rules.ts';

const KEYS = 1_000_000;
const ROUNDS = 9;
const COMMANDS = 4096;
const WORDS = ['user', 'order', 'cart', 'session', 'cache', 'tmp', 'job', 'event'];

interface Keys {
  readonly bytes: Buffer;
  readonly start: Uint32Array;
  readonly end: Uint32Array;
}

function makeKeys(): Keys {
  const keys = Array.from({ length: KEYS }, (_, i) => `${WORDS[(i * 7) % WORDS.length]}:${(i * 48_271) % KEYS}:profile`);
  const start = new Uint32Array(KEYS);
  const end = new Uint32Array(KEYS);
  let at = 0;
  keys.forEach((key, i) => {
    start[i] = at;
    end[i] = at += key.length;
  });
  return { bytes: Buffer.from(keys.join(''), 'latin1'), start, end };
}

const list = (...words: string[]): Buffer[] => words.map((word) => Buffer.from(word));
const many = (make: (i: number) => string): Buffer[] => Array.from({ length: 10_000 }, (_, i) => Buffer.from(make(i)));

const RULES: readonly (readonly [string, FilterRules])[] = [
  ['one prefix', { allow: { prefixes: list('user:') } }],
  ['5 prefixes, 1 blocked suffix', { allow: { prefixes: list('user:', 'order:', 'cart:', 'job:', 'event:') }, block: { suffixes: list(':tmp') } }],
  ['10,000 prefixes', { allow: { prefixes: many((i) => `user:${i * 97}:`) } }],
  ['10,000 suffixes', { allow: { suffixes: many((i) => `${i * 97}:profile`) } }],
  ['10,000 whole keys', { block: { keys: many((i) => `user:${i * 97}:profile`) } }],
  ['a glob that is a prefix: user:*', { allow: { globs: list('user:*') } }],
  ['a glob: user:*:pro*e', { allow: { globs: list('user:*:pro*e') } }],
  ['slots 0-8191', { allow: { slots: [{ first: 0, last: 8191 }] } }],
  ['a regex: ^user:[0-9]+:profile$', { allow: { regexes: ['^user:[0-9]+:profile$'] } }],
];

function bestNs(run: () => number, per: number): { ns: number; result: number } {
  let [best, result] = [Number.POSITIVE_INFINITY, 0];
  for (let round = 0; round < ROUNDS; round++) {
    const started = process.cpuUsage();
    result = run();
    const { user, system } = process.cpuUsage(started);
    best = Math.min(best, ((user + system) * 1000) / per);
  }
  return { ns: best, result };
}

function show(name: string, { ns, result }: { ns: number; result: number }): void {
  process.stdout.write(`${name.padEnd(48)} ${ns.toFixed(1).padStart(8)} ns  ${result}\n`);
}

function keyFilters(): void {
  const { bytes, start, end } = makeKeys();
  for (const [name, rules] of RULES) {
    const engine = new KeyRules(rules, new RuleTally());
    const count = rules.allow?.regexes === undefined ? KEYS : KEYS / 10;
    const run = (): number => {
      let passed = 0;
      for (let i = 0; i < count; i++) if (engine.check(bytes, start[i], end[i]) >= 0) passed++;
      return passed;
    };
    show(`key: ${name}`, bestNs(run, count));
  }
}

function commandBytes(): Buffer {
  const commands = Array.from({ length: COMMANDS }, (_, i) => encodeCommand(['SET', `${WORDS[i % WORDS.length]}:${i * 977}:profile`, 'v'.repeat(64)]));
  return Buffer.concat(commands);
}

function streamFilters(): void {
  const bytes = commandBytes();
  const batch = new Batch(COMMANDS);
  const decode = (): void => {
    batch.reset();
    new StreamDecoder({ offset: 0, database: 0 }, '').decode(bytes, 0, bytes.length, batch);
  };
  const perCommand = (apply: () => number): { ns: number; result: number } =>
    bestNs(() => {
      let rows = 0;
      for (let i = 0; i < 100; i++) {
        decode();
        rows += apply();
      }
      return rows;
    }, COMMANDS * 100);
  const base = perCommand(() => batch.count);
  show('stream: decoding alone', base);
  for (const [name, rules] of RULES.slice(0, 3)) {
    const filter = new Filter(rules);
    const { ns, result } = perCommand(() => filter.stream.apply(batch).count);
    show(`stream: ${name}, beside decoding`, { ns: ns - base.ns, result });
  }
}

const TRANSFORMS: readonly (readonly [string, TransformRules])[] = [
  ['a prefix added', { rename: [{ kind: 'prefix', from: Buffer.alloc(0), to: Buffer.from('app:') }] }],
  ['a prefix of an eighth replaced', { rename: [{ kind: 'prefix', from: Buffer.from('user:'), to: Buffer.from('u:') }] }],
  ['a regex', { rename: [{ kind: 'regex', pattern: '^user:([0-9]+)', replacement: 'u/$1' }] }],
  ['a time to live for every key', { ttl: { setMs: 3_600_000 } }],
];

function streamTransforms(): void {
  const bytes = commandBytes();
  const batch = new Batch(COMMANDS);
  const perCommand = (apply: () => number): { ns: number; result: number } =>
    bestNs(() => {
      let rows = 0;
      for (let i = 0; i < 100; i++) {
        batch.reset();
        new StreamDecoder({ offset: 0, database: 0 }, '').decode(bytes, 0, bytes.length, batch);
        rows += apply();
      }
      return rows;
    }, COMMANDS * 100);
  const base = perCommand(() => batch.count);
  for (const [name, rules] of TRANSFORMS) {
    const { stream } = new Transform(rules);
    const { ns, result } = perCommand(() => stream.apply(batch, 1_000_000).count);
    show(`stream: ${name}, beside decoding`, { ns: ns - base.ns, result });
  }
}

keyFilters();
streamFilters();
streamTransforms();
