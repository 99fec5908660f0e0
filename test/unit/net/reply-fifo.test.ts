import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GodwitError } from '../../../src/errors/errors.ts';
import { PendingCall, type ReplyCollector } from '../../../src/net/reply-collector.ts';
import { ReplyFifo } from '../../../src/net/reply-fifo.ts';

const lostError = new GodwitError('CONNECTION_LOST', 'gone');

function collector(count: number, seen: string[], name: string): ReplyCollector {
  return {
    count,
    onError: (index, nested, text) => void seen.push(`${name} error ${index} ${nested} ${text}`),
    onNull: (index) => void seen.push(`${name} null ${index}`),
    onDone: () => void seen.push(`${name} done`),
    onLost: () => void seen.push(`${name} lost`),
  };
}

function call(seen: string[], name: string): PendingCall {
  return new PendingCall(
    (reply) => seen.push(`${name} ${String(reply)}`),
    () => seen.push(`${name} lost`),
  );
}

test('replies go to what waits, in order, however they are cut and portioned', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: -1, max: 200 }), { minLength: 1, maxLength: 20 }),
      fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1 }),
      (counts, cuts) => {
        const fifo = new ReplyFifo(undefined);
        const seen: string[] = [];
        const wanted: string[] = [];
        let wire = '';
        counts.forEach((count, i) => {
          // -1: one decoded call; otherwise a collector of so many, of which every seventh is an error.
          fifo.push([count === -1 ? call(seen, `${i}`) : collector(count, seen, `${i}`)], 10);
          if (count === -1) {
            wire += `$3\r\na${i % 10}c\r\n`;
            wanted.push(`${i} a${i % 10}c`);
          } else {
            for (let k = 0; k < count; k++) {
              wire += k % 7 === 6 ? '-ERR x\r\n' : '+OK\r\n';
              if (k % 7 === 6) wanted.push(`${i} error ${k} -1 ERR x`);
            }
            wanted.push(`${i} done`);
          }
        });
        const bytes = Buffer.from(wire);
        for (let at = 0, k = 0; at < bytes.length; k++) {
          const end = Math.min(bytes.length, at + cuts[k % cuts.length]);
          fifo.feed(bytes, at, end);
          at = end;
        }
        expect(seen.toSorted()).toEqual(wanted.toSorted());
        expect(seen.filter((line) => !line.startsWith('0 ') || counts[0] !== 0)).toEqual(wanted.filter((line) => !line.startsWith('0 ') || counts[0] !== 0));
        expect([fifo.unansweredReplies, fifo.unansweredBytes]).toEqual([0, 0]);
      },
    ),
  );
});

describe('reply fifo', () => {
  test('counts what is unanswered to the reply, and payload pieces with what ends them', () => {
    const fifo = new ReplyFifo(undefined);
    const seen: string[] = [];
    fifo.push([collector(3, seen, 'a')], 100);
    fifo.push([], 1000);
    fifo.push([], 1000);
    expect([fifo.unansweredReplies, fifo.unansweredBytes]).toEqual([3, 2100]);
    fifo.push([call(seen, 'b')], 10);
    fifo.feed(Buffer.from('+OK\r\n+OK\r\n'), 0, 10);
    expect([fifo.unansweredReplies, fifo.unansweredBytes]).toEqual([2, 2110]);
    fifo.feed(Buffer.from('+OK\r\n'), 0, 5);
    expect([fifo.unansweredReplies, fifo.unansweredBytes]).toEqual([1, 2010]);
    fifo.feed(Buffer.from('+OK\r\n'), 0, 5);
    expect([fifo.unansweredReplies, fifo.unansweredBytes]).toEqual([0, 0]);
  });

  test('tells everyone of a loss exactly once, also one that has half its replies', () => {
    const fifo = new ReplyFifo(undefined);
    const seen: string[] = [];
    fifo.push([collector(2, seen, 'a'), call(seen, 'b'), collector(0, seen, 'c')], 10);
    fifo.feed(Buffer.from('+OK\r\n+O'), 0, 7);
    fifo.failAll(lostError);
    fifo.failAll(lostError);
    expect(seen).toEqual(['a lost', 'b lost', 'c lost']);
    fifo.push([call(seen, 'd')], 1);
    fifo.feed(Buffer.from(':1\r\n'), 0, 4);
    expect(seen.at(-1)).toBe('d 1');
  });

  test('tells the others of a loss when one of them throws', () => {
    const fifo = new ReplyFifo(undefined);
    const seen: string[] = [];
    const broken = new PendingCall(
      () => {},
      () => {
        throw new Error('bug');
      },
    );
    fifo.push([call(seen, 'a'), broken, call(seen, 'c')], 10);
    expect(() => fifo.failAll(lostError)).toThrow('bug');
    expect(seen).toEqual(['a lost', 'c lost']);
  });

  test('stops where a callback gives the link up', () => {
    const fifo = new ReplyFifo(undefined);
    const seen: string[] = [];
    fifo.push([{ ...collector(5, seen, 'a'), onError: () => fifo.failAll(lostError) }, call(seen, 'b')], 10);
    const bytes = Buffer.from('+OK\r\n-LOADING x\r\n-ERR y\r\n+OK\r\n+OK\r\n:7\r\n');
    fifo.feed(bytes, 0, bytes.length);
    expect(seen).toEqual(['a lost', 'b lost']);
  });

  test('callbacks may send more', () => {
    const fifo = new ReplyFifo(undefined);
    const seen: string[] = [];
    fifo.push([{ ...collector(1, seen, 'a'), onDone: () => fifo.push([call(seen, 'b')], 1) }], 10);
    fifo.feed(Buffer.from('+OK\r\n:1\r\n'), 0, 9);
    expect(seen).toEqual(['b 1']);
  });

  test('refuses bytes that nobody waits for', () => {
    const fifo = new ReplyFifo(undefined);
    expect(() => fifo.feed(Buffer.from('+OK\r\n'), 0, 5)).toThrow(expect.objectContaining({ code: 'PROTOCOL_ERROR', message: expect.stringContaining('+OK') }));
  });

  test('stays small over many entries', () => {
    const fifo = new ReplyFifo(undefined);
    let done = 0;
    for (let i = 0; i < 5000; i++)
      fifo.push(
        [
          new PendingCall(
            () => done++,
            () => {},
          ),
        ],
        1,
      );
    const ok = Buffer.from('+OK\r\n'.repeat(4000));
    fifo.feed(ok, 0, ok.length);
    expect(done).toBe(4000);
    expect(fifo.unansweredReplies).toBe(1000);
    fifo.feed(ok, 0, 5000);
    expect(done).toBe(5000);
  });
});

describe('with messages that nobody asked for', () => {
  const wire =
    '*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$2\r\nm1\r\n*2\r\n$4\r\npong\r\n$0\r\n\r\n*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$2\r\nm2\r\n';
  const fifoOf = (seen: string[]): ReplyFifo =>
    new ReplyFifo(undefined, (reply) => {
      const isMessage = Array.isArray(reply) && String(reply[0]) === 'message';
      if (isMessage) seen.push(`message ${String(reply[2])}`);
      return isMessage;
    });

  test('calls get their replies and messages go their own way, wherever the bytes are cut', () => {
    for (let cut = 0; cut <= wire.length; cut++) {
      const seen: string[] = [];
      const fifo = fifoOf(seen);
      fifo.push([call(seen, 'first'), call(seen, 'second')], 10);
      for (const part of [wire.slice(0, cut), wire.slice(cut)]) fifo.feed(Buffer.from(part), 0, part.length);
      expect(seen).toEqual(['first subscribe,c,1', 'message m1', 'second pong,', 'message m2']);
      expect([fifo.unansweredReplies, fifo.unansweredBytes]).toEqual([0, 0]);
    }
  });

  test('what is neither a message nor asked for is still refused', () => {
    expect(() => fifoOf([]).feed(Buffer.from('+OK\r\n'), 0, 5)).toThrow('no command asked for');
  });
});
