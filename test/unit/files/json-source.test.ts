/** Exports to jsonl and json read again: every value of every form is what it was, however the file is cut, and reading can go on anywhere. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BadLine, FileSourceOptions } from '../../../src/source/file/file-source.ts';
import { openFileSource } from '../../../src/source/open-file-source.ts';
import { exportedToJson, type HeldKeys, heldKeys } from '../../support/files/json-export.ts';
import { decodableSamples } from '../../support/rdb/decodable-samples.ts';
import { librdbFiles, ownFiles, type RdbFile } from '../../support/rdb/fixture-files.ts';
import { entry, file, string } from '../../support/rdb/rdb-bytes.ts';
import { Seeded } from '../../support/rdb/seeded.ts';

const TINY_WINDOW_BYTES = 64;
const SMALL_WINDOW_BYTES = 16_384;
const SMALL_FILE_BYTES = 200_000;
const STOPS_TRIED = 4;
let dir = '';

beforeAll(() => void (dir = mkdtempSync(join(tmpdir(), 'godwit-json-'))));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function written(name: string, content: string | Uint8Array): string {
  const path = join(dir, name);
  writeFileSync(path, content);
  return path;
}

const read = async (content: string | Uint8Array, options: FileSourceOptions = {}): Promise<HeldKeys> =>
  heldKeys(await openFileSource(written('some.jsonl', content), options));

/** Their pending entries belong to nobody. */
const UNOWNED = /^(15|19|21|26) stream$/;

/** All forms that decoders are tried with, but for those that need a registry in the file. */
function sampleFile(header: string, accepts: (type: number, version: number) => boolean): RdbFile {
  const samples = decodableSamples().filter(
    ({ name, type, dialect }) =>
      accepts(type, dialect.version) && ![30, 32].includes(type) && !name.startsWith('31 names packed') && !/ (none|empty)$/.test(name) && !UNOWNED.test(name),
  );
  const entries = samples.map(({ name, type, value }) => entry(type, name, value));
  return { name: `samples of ${header}`, bytes: file(header, ...entries) };
}

/** Whose files are tried: each vendor, and the forms of old and new. */
const SERVERS = /^(redis-6|redis-8|valkey-9)/;

/** Of librdb; refused by all that read them. */
const DAMAGED = ['future_v19', 'invalid_chksum_v8'];

const FILES = [
  ...ownFiles().filter(({ name }) => SERVERS.test(name)),
  ...librdbFiles().filter(({ name }) => !DAMAGED.includes(name)),
  sampleFile('REDIS0015', (_, version) => version <= 15),
  sampleFile('VALKEY080', (_, version) => version === 80),
  {
    name: 'a library, a script, use',
    bytes: file(
      'REDIS0009',
      0xf5,
      string('#!lua name=x\nreturn "\u00fc"'),
      0xfa,
      string('lua'),
      string('return 1'),
      0xf8,
      5,
      entry(0, 'a', string('b')),
      0xf9,
      255,
      entry(0, Buffer.concat([string('c')]), string('d')),
    ),
  },
];

describe.each(FILES)('$name', ({ name, bytes }) => {
  const path = (): string => written(`${name.replaceAll(/\W/g, '-')}.rdb`, bytes);

  test('is what it was when it has been jsonl or json, through windows of all sizes', { timeout: 60_000 }, async () => {
    const { keys } = await heldKeys(await openFileSource(path()));
    for (const format of ['jsonl', 'json'] as const) {
      const json = written(`${name.replaceAll(/\W/g, '-')}.${format}`, await exportedToJson(await openFileSource(path()), format));
      const isSmall = bytes.length < SMALL_FILE_BYTES;
      for (const windowBytes of isSmall ? [512 * 1024, TINY_WINDOW_BYTES] : [SMALL_WINDOW_BYTES]) {
        expect((await heldKeys(await openFileSource(json, { windowBytes }))).keys).toEqual(keys);
      }
      if (format === 'json') continue;
      const piped = await openFileSource('-', { stdin: createReadStream(json, { highWaterMark: 10_000 }), windowBytes: SMALL_WINDOW_BYTES, format });
      expect((await heldKeys(piped)).keys).toEqual(keys);
    }
  });

  test('goes on from every position that it told', { timeout: 60_000 }, async () => {
    for (const format of ['jsonl', 'json'] as const) {
      const json = written(`resumed.${format}`, await exportedToJson(await openFileSource(path()), format));
      const { keys, stops } = await heldKeys(await openFileSource(json, { windowBytes: SMALL_WINDOW_BYTES }));
      for (const stop of stops.filter((_, i) => i % Math.ceil(stops.length / STOPS_TRIED) === 0)) {
        const rest = await heldKeys(await openFileSource(json, { from: stop.position, windowBytes: 2000 }));
        expect(rest.keys).toEqual(keys.slice(stop.keys));
        expect(rest.stops.at(-1)?.position ?? stop.position).toEqual(stops.at(-1)?.position);
      }
    }
  });
});

const LINE = '{"db":0,"key":"k","type":"string","value":"v"}';
const streamOf = (group: string): string =>
  `{"key":"k","type":"stream","value":{"entries":[{"id":"1-1","fields":[["a","b"]]}],"lastId":"1-1","groups":[{"name":"g","lastId":"1-1",${group}}]}}`;
const b64 = (text: string): string => Buffer.from(text).toString('base64');

describe('jsonl', () => {
  test.each([
    ['members in any order', '{"value":["a",{"base64":"/w=="}],"ttl":5,"type":"list","key":"k","db":3}'],
    ['blanks and lines within', '\n\n { "db" : 3 ,\r\n\t"key":"k", "type":"list", "ttl": 5, "value" : [ "a" , { "base64" : "/w==" } ] } \n \n'],
    ['escapes', '{"db":3,"key":"\\u006b","type":"list","ttl":5,"value":["\\u0061",{"base64":"/w=="}]}'],
  ])('may have %s', async (_, content) => {
    for (const windowBytes of [512 * 1024, 120]) {
      const { keys } = await read(content, { windowBytes });
      expect(keys).toEqual([
        { what: 'key', database: 3, key: b64('k'), expiryMs: 5, idle: -1, freq: -1, value: { type: 'list', count: -1, value: [b64('a'), '/w=='] } },
      ]);
    }
  });

  test('has text of all characters, escaped or not, cut anywhere', async () => {
    const text = `"\\/\b\f\n\r\t\u0000\u007f\u00fc\u20ac\ud83d\ude00`.repeat(20);
    const escaped = Array.from({ length: text.length }, (_, i) => `\\u${text.charCodeAt(i).toString(16).padStart(4, '0')}`).join('');
    for (const json of [JSON.stringify(text), `"${escaped}"`]) {
      for (const windowBytes of [64, 65, 66, 67, 71, 4096]) {
        const { keys } = await read(`{"db":0,"type":"string","key":"k","value":${json}}\n`, { windowBytes });
        expect(keys[0].value).toEqual({ type: 'string', count: -1, value: b64(text) });
      }
    }
  });

  test.each([
    ['without a value', '{"db":0,"key":"k","type":"string"}', /"value" is missing/],
    ['without a key', '{"db":0,"type":"string","value":""}', /"key" is missing/],
    ['with a member that is not known', '{"db":0,"key":"k","type":"string","TTL":1,"value":""}', /"TTL" is not known here/],
    ['with a member twice', '{"db":0,"db":1,"key":"k","type":"string","value":""}', /"db" comes twice/],
    ['with a type that is not known', '{"key":"k","type":"text","value":""}', /"text" is no type/],
    ['with half a surrogate pair', '{"key":"k","type":"string","value":"\\ud800 "}', /half of a surrogate pair/],
    ['with another escape', '{"key":"k","type":"string","value":"\\x"}', /no such escape/],
    ['with a line end in a text', '{"key":"k","type":"string","value":"\n"}', /control character/],
    ['with base64 that is none', '{"key":"k","type":"string","value":{"base64":"?w=="}}', /no base64/],
    ['with base64 behind its end', '{"key":"k","type":"string","value":{"base64":"/w==/w=="}}', /behind its padding/],
    ['with a list without elements', '{"key":"k","type":"list","value":[]}', /a list without elements/],
    ['with a comma too much', '{"key":"k","type":"list","value":["a",]}', /should stand here/],
    ['with a score that is none', '{"key":"k","type":"zset","value":[["a","1"]]}', /a score is/],
    ['with a score that is too large', '{"key":"k","type":"zset","value":[["a",1e400]]}', /too large/],
    ['with a number that is none', '{"key":"k","type":"zset","value":[["a",01]]}', /a number should stand here/],
    ['with a time that is none', '{"key":"k","type":"string","ttl":1.5,"value":""}', /a whole number from 0 on/],
    [
      'with entries that do not ascend',
      '{"key":"k","type":"stream","value":{"entries":[{"id":"2-1","fields":[["a","b"]]},{"id":"2-1","fields":[["a","b"]]}]}}',
      /not above/,
    ],
    ['with a module that is none', '{"key":"k","type":"module","value":{"raw":{"base64":"gYAAAAAAAAAFAgcF"}}}', /not what a module has written/],
    ['with an element twice', '{"key":"k","type":"set","value":["a","b","\\u0061"]}', /comes twice in the set/],
    ['with a field twice', '{"key":"k","type":"hash","value":[["a","b"],["a","c"]]}', /comes twice in the hash/],
    ['with a member twice', '{"key":"k","type":"zset","value":[["a",1],["a",2]]}', /comes twice in the zset/],
    ['with a pending entry of nobody', streamOf('"pending":[["1-1",5,1]]'), /are not those of its consumers/],
    ['with an entry of a consumer that is not pending', streamOf('"consumers":[{"name":"c","pending":["1-1"]}]'), /are not those of its consumers/],
    ['with text behind it', `${LINE}x`, /"\{" should stand here, and not "x"/],
    ['that ends too soon', LINE.slice(0, -1), /the file ends within an object/],
  ])('%s is JSON_CORRUPT, with line and offset', async (_, line, message) => {
    for (const windowBytes of [512 * 1024, TINY_WINDOW_BYTES]) {
      const reading = read(`${LINE}\n${LINE}\n${line}\n`, { windowBytes });
      await expect(reading).rejects.toMatchObject({ code: 'JSON_CORRUPT', message: expect.stringMatching(message) as string });
      const { details } = (await reading.catch((error: { details: Record<string, number> }) => error)) as { details: Record<string, number> };
      const begin = 2 * LINE.length + 2;
      expect(details['offset']).toBeGreaterThanOrEqual(begin);
      expect(details['offset']).toBeLessThanOrEqual(begin + line.length + 1);
      expect(details['line'] - 3).toBeLessThanOrEqual(1);
    }
  });

  test('can have lines that are left out, of any size, and goes on behind them', async () => {
    const lines = [LINE, 'x', LINE, `{"type":"string","value":"${'long '.repeat(200)}`, LINE, `{"type":"list","key":"k","value":[${'1,'.repeat(500)}]}`, '{}'];
    for (const windowBytes of [512 * 1024, 100]) {
      const bad: unknown[] = [];
      const onBadLine = async ({ line, offset, text, error }: BadLine): Promise<void> =>
        void bad.push([line, offset, Buffer.from(text).toString(), error.code]);
      const { keys, stops } = await read(lines.join('\n'), { windowBytes, onBadLine });
      expect(keys).toHaveLength(3);
      const offsetOf = (i: number): number => lines.slice(0, i).join('\n').length + 1;
      expect(bad).toEqual([1, 3, 5, 6].map((i) => [i + 1, offsetOf(i), lines[i], 'JSON_CORRUPT']));
      const rest = await heldKeys(await openFileSource(join(dir, 'some.jsonl'), { from: stops[0].position, onBadLine }));
      expect(rest.keys).toHaveLength(3 - stops[0].keys);
    }
  });

  test('as an array has to be one', async () => {
    for (const [content, message] of [
      [`[${LINE}`, /the file ends within its array/],
      [`[${LINE} ${LINE}]`, /"," or "\]" should stand here/],
      [`[${LINE},]`, /should stand here/],
      [`[${LINE}] x`, /something follows/],
    ] as const) {
      await expect(read(content)).rejects.toMatchObject({ code: 'JSON_CORRUPT', message: expect.stringMatching(message) as string });
    }
    expect((await read('[]')).keys).toEqual([]);
    expect((await read(`[${LINE},${LINE}]`)).keys).toHaveLength(2);
  });

  test('is told by its content, also compressed, or by what is asked for', async () => {
    const path = written('packed', gzipSync(`${LINE}\n`));
    expect((await heldKeys(await openFileSource(path))).keys).toHaveLength(1);
    await expect(openFileSource(path, { format: 'rdb' }).then(heldKeys)).rejects.toMatchObject({ code: 'RDB_CORRUPT' });
    expect((await heldKeys(await openFileSource(written('empty.jsonl', '')))).keys).toEqual([]);
    for (const content of ['db,key,type\r\n', 'PAR1....']) {
      await expect(openFileSource(written('table', content))).rejects.toMatchObject({
        code: 'FILE_FORMAT_UNKNOWN',
        fix: expect.stringContaining('jsonl') as string,
      });
    }
  });

  test('with an element that is larger than the window takes no more than twice its memory, and a string none', async () => {
    async function* large(): AsyncGenerator<Buffer> {
      yield Buffer.from('{"key":"k","type":"string","value":"');
      for (let i = 0; i < 64; i++) yield Buffer.alloc(1 << 20, 'x');
      yield Buffer.from('"}\n');
    }
    const source = await openFileSource('-', { stdin: Readable.from(large()) });
    const before = heldBytes();
    const step = await source.next();
    expect(step.kind).toBe('large');
    expect(heldBytes() - before).toBeLessThan(16e6);
    await source.close();
  });

  test('with any damage is read, or refused where it is, and never anything else', { timeout: 30_000 }, async () => {
    const samples = FILES.find(({ name }) => name === 'samples of REDIS0015') ?? FILES[0];
    const lines = (await exportedToJson(await openFileSource(written('damage.rdb', samples.bytes)), 'jsonl')).toString('latin1').split('\n');
    const random = new Seeded();
    for (let round = 0; round < 1_500; round++) {
      const text = Buffer.from(`${lines[random.below(lines.length)].slice(0, 3_000)}\n${LINE}`, 'latin1');
      for (let change = 0; change <= random.below(3); change++) {
        const at = random.below(text.length);
        if (random.below(2) === 0) text[at] = '"\\{}[],:0e-n u'.charCodeAt(random.below(14));
        else text.copyWithin(at, random.below(text.length), text.length);
      }
      const found = await read(text, { windowBytes: random.below(2) === 0 ? 100 : 100_000, format: 'jsonl' }).catch((error: unknown) => error);
      if (found instanceof Error) expect(found, `seed ${random.seed}, round ${round}: ${text.toString('latin1')}`).toMatchObject({ code: 'JSON_CORRUPT' });
    }
  });
});

/** Bytes of buffers, without those that nobody holds any more. */
function heldBytes(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().arrayBuffers;
}
