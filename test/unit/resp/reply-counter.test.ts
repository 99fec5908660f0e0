import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ReplyCounter } from '../../../src/resp/reply-counter.ts';
import { ReplyDecoder } from '../../../src/resp/reply-decoder.ts';
import { type Reply, ReplyError } from '../../../src/resp/reply.ts';

/** A reply as its bytes on the wire. */
const wire = fc.letrec<{ reply: string }>((tie) => ({
  reply: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom('+OK\r\n', '+QUEUED\r\n', ':1\r\n', ':0\r\n', '$-1\r\n', '*-1\r\n', '*0\r\n', '$0\r\n\r\n', '_\r\n', '+QUEUEX\r\n', '+Q\r\n', '+O\r\n'),
    fc.constant('+OK\r\n'.repeat(1)),
    fc.stringMatching(/^[a-z ]{0,20}$/).map((text) => `+${text}\r\n`),
    fc.stringMatching(/^[A-Z]{2,9} [a-z ]{0,20}$/).map((text) => `-${text}\r\n`),
    fc.maxSafeInteger().map((n) => `:${n}\r\n`),
    fc.string({ maxLength: 20, unit: 'binary-ascii' }).map((text) => `$${text.length}\r\n${text}\r\n`),
    fc.array(tie('reply'), { minLength: 1, maxLength: 5 }).map((items) => `*${items.length}\r\n${items.join('')}`),
  ),
})).reply;

const runs = fc.tuple(wire, fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 300 }))).map(([reply, times]) => ({ reply, times }));

interface Seen {
  errors: [number, number, string][];
  nulls: number[];
}

function expected(replies: Reply[]): Seen {
  const seen: Seen = { errors: [], nulls: [] };
  const inside = (reply: Reply, index: number, nested: number): void => {
    if (reply instanceof ReplyError) seen.errors.push([index, nested, reply.text]);
    else if (Array.isArray(reply)) reply.forEach((item, i) => inside(item, index, nested === -1 ? i : nested));
  };
  replies.forEach((reply, index) => inside(reply, index, -1));
  return seen;
}

test('counter and decoder agree on any replies, cut anywhere, asked for in any portions', () => {
  fc.assert(
    fc.property(
      fc.array(runs, { minLength: 1, maxLength: 12 }),
      fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 20 }),
      fc.integer({ min: 1, max: 400 }),
      (list, cuts, portion) => {
        const texts = list.flatMap(({ reply, times }) => Array<string>(times).fill(reply));
        const bytes = Buffer.from(texts.join(''), 'latin1');
        const decoder = new ReplyDecoder();
        const counter = new ReplyCounter();
        const replies: Reply[] = [];
        const seen: Seen = { errors: [], nulls: [] };
        let before = 0;
        const begin = (): void => {
          const offset = before;
          const count = Math.min(portion, texts.length - before);
          before += count;
          counter.begin(count, {
            onError: (index, nested, text) => seen.errors.push([index + offset, nested, text]),
            onNull: (index) => seen.nulls.push(index + offset),
          });
        };
        begin();
        for (let at = 0, i = 0; at < bytes.length; i++) {
          // A chunk of its own memory, wiped afterwards: whoever keeps a reference to it is found out.
          const chunk = Buffer.from(bytes.subarray(at, at + cuts[i % cuts.length]));
          replies.push(...decoder.decodeAll(chunk));
          for (let used = 0; used < chunk.length;) {
            if (counter.done) begin();
            used = counter.scan(chunk, used, chunk.length);
          }
          at += chunk.length;
          chunk.fill(0xee);
        }
        expect(counter.done).toBe(true);
        expect(before).toBe(texts.length);
        expect(replies.length).toBe(texts.length);
        expect(seen.errors).toEqual(expected(replies).errors);
        expect(seen.nulls).toEqual(texts.flatMap((text, index) => (text === '*-1\r\n' || text === '_\r\n' ? [index] : [])));
      },
    ),
    { numRuns: 300 },
  );
});

describe('reply counter', () => {
  const errors: [number, number, string][] = [];
  const events = { onError: (...error: [number, number, string]) => void errors.push(error) };

  test('stops behind the last reply that was asked for', () => {
    const counter = new ReplyCounter();
    counter.begin(3, events);
    expect(counter.scan(Buffer.from('+OK\r\n'.repeat(5)), 0, 25)).toBe(15);
    expect(counter.done).toBe(true);
  });

  test('tells the place of an error within EXEC', () => {
    errors.length = 0;
    const counter = new ReplyCounter();
    counter.begin(4, events);
    const bytes = Buffer.from('+OK\r\n+QUEUED\r\n-ERR a\r\n*3\r\n+OK\r\n:1\r\n-OOM b\r\n');
    counter.scan(bytes, 0, bytes.length);
    expect(errors).toEqual([
      [2, -1, 'ERR a'],
      [3, 2, 'OOM b'],
    ]);
  });

  test('counts whole replies only', () => {
    const counter = new ReplyCounter();
    counter.begin(2, events);
    const bytes = Buffer.from('*2\r\n+OK\r\n$3\r\nabc\r\n+OK\r\n');
    counter.scan(bytes, 0, 15);
    expect(counter.counted).toBe(0);
    counter.scan(bytes, 15, 18);
    expect(counter.counted).toBe(1);
  });

  test.each(['hello\r\n', '+OK\n\r\n', '$3\r\nabcde', '$x\r\n', '$-2\r\n', '*1\r\n'.repeat(17)])('refuses %j', (text) => {
    const counter = new ReplyCounter();
    counter.begin(9, events);
    expect(() => counter.scan(Buffer.from(text), 0, text.length)).toThrow(expect.objectContaining({ code: 'PROTOCOL_ERROR' }));
    expect(() => new ReplyDecoder().decodeAll(Buffer.from(text))).toThrow(expect.objectContaining({ code: 'PROTOCOL_ERROR' }));
  });

  test('refuses a line without end', () => {
    const counter = new ReplyCounter();
    counter.begin(1, events);
    const chunk = Buffer.alloc(60_000, 'x');
    chunk[0] = 0x2d;
    counter.scan(chunk, 0, chunk.length);
    expect(() => counter.scan(chunk, 0, chunk.length)).toThrow(/longer than/);
  });
});
