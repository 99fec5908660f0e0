import { Pace } from '../../../src/pipeline/pace.ts';
import { expect, test } from 'vitest';
import { Lane } from '../../../src/pipeline/lane.ts';
import type { LaneParcel } from '../../../src/pipeline/lane-parcel.ts';
import type { Refusals } from '../../../src/pipeline/refusals.ts';
import { FakeConnection, fakeNode, fakeParcel, settle } from './fake-lane.ts';

class Scene {
  readonly fake = new FakeConnection();
  readonly answered: string[] = [];
  readonly failures: string[] = [];
  /** Called before each parcel is sent. */
  sending: (parcel: LaneParcel) => void = () => {};
  /** What onAnswered waits for. */
  judging: Promise<void> = Promise.resolve();
  readonly lane: Lane;

  constructor(generation = 1) {
    this.lane = new Lane(
      {
        node: fakeNode('n', 7000),
        connection: this.fake.connection,
        refusals: {} as Refusals,
        pacer: new Pace({ commands: 0, bytes: 0 }).of('n'),
        unansweredBytesMax: 0,
        onSending: (_lane, parcel) => this.sending(parcel),
        onAnswered: async (_lane, { wave }, refusals) => {
          await this.judging;
          this.answered.push(`${wave.seq}${refusals.map(({ text }) => ` ${text}`).join('')}`);
        },
        onFailed: ({ code }) => this.failures.push(code),
      },
      generation,
    );
  }

  push(seq: number, command: string, needs = 0): void {
    const parcel = fakeParcel(seq, command);
    parcel.needs = needs;
    this.lane.push(parcel);
  }

  get sent(): string[] {
    return this.fake.sent.map(({ text }) => text);
  }
}

test('sends several parcels without waiting, in their order', () => {
  const scene = new Scene();
  for (let seq = 1; seq <= 3; seq++) scene.push(seq, `SET key ${seq}`);
  expect(scene.sent).toEqual(['SET key 1', 'SET key 2', 'SET key 3']);
});

test('one that needs an earlier one waits until that is answered and judged, and so does all behind it', async () => {
  const scene = new Scene();
  let judged = (): void => {};
  scene.judging = new Promise((resolve) => (judged = resolve));
  scene.push(1, 'SET a 1');
  scene.push(2, 'INCR a', 1);
  scene.push(3, 'SET b 1');
  expect(scene.sent).toEqual(['SET a 1']);
  await scene.fake.answer();
  expect(scene.sent).toEqual([]);
  judged();
  await settle();
  expect(scene.sent).toEqual(['INCR a', 'SET b 1']);
});

test('what it needs need not be sent here at all: nothing in flight is enough', async () => {
  const scene = new Scene();
  scene.push(5, 'INCR a', 4);
  expect(scene.sent).toEqual(['INCR a']);
  await scene.fake.answer();
  expect([scene.lane.answeredSeq, scene.lane.isQuiet]).toEqual([5, true]);
});

test('eight are in flight at most', async () => {
  const scene = new Scene();
  for (let seq = 1; seq <= 10; seq++) scene.push(seq, `SET key ${seq}`);
  expect(scene.sent).toHaveLength(8);
  await scene.fake.answer();
  expect(scene.sent).toHaveLength(8);
});

test('answers are told in the order of sending, with what was refused', async () => {
  const scene = new Scene();
  scene.push(1, 'SET a 1');
  scene.push(2, 'SET b 1');
  await scene.fake.answer('MOVED 1 127.0.0.1:7001');
  await scene.fake.answer();
  expect(scene.answered).toEqual(['1 MOVED 1 127.0.0.1:7001', '2']);
});

test('a parcel is looked at just before it is sent; one with nothing left in it is answered at once', async () => {
  const scene = new Scene();
  scene.push(1, 'SET a 1');
  scene.push(2, 'INCR a', 1);
  scene.sending = (parcel) =>
    parcel.withhold(
      () => true,
      () => {},
    );
  await scene.fake.answer();
  await settle();
  expect(scene.sent).toEqual([]);
  expect(scene.answered).toEqual(['1', '2']);
});

test('fails when its connection is lost, or is another one than the marks were read on', async () => {
  const lost = new Scene();
  lost.push(1, 'SET a 1');
  lost.fake.lose();
  expect(lost.failures).toEqual(['CONNECTION_LOST']);
  const other = new Scene(0);
  await settle();
  expect(other.failures).toEqual(['CONNECTION_LOST']);
});

test('sends nothing once it is closed, not by itself either', async () => {
  const scene = new Scene();
  scene.lane.close();
  scene.push(1, 'SET a 1');
  await expect(scene.lane.sendAlone(fakeParcel(2, 'SET b 1'))).rejects.toThrow('over');
  scene.fake.lose();
  expect([scene.sent, scene.failures]).toEqual([[], []]);
});
