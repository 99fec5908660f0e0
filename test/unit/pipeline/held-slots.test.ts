/** Slots that are on their way: what is held, in which order it goes on, and where to. */
import { Pace } from '../../../src/pipeline/pace.ts';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { HeldSlots, type HeldUnit } from '../../../src/pipeline/held-slots.ts';
import { Lane } from '../../../src/pipeline/lane.ts';
import { type RefusalPolicy, Refusals } from '../../../src/pipeline/refusals.ts';
import { encodeCommand } from '../../../src/resp/encode.ts';
import type { ClusterFollower } from '../../../src/topology/cluster-api.ts';
import type { ClusterNode } from '../../../src/topology/cluster-node.ts';
import { FakeConnection, fakeNode, fakeWave } from './fake-lane.ts';

const POLICY = { address: 'a', onError: 'stop', onExisting: 'replace', leftOut: new Set() } as unknown as RefusalPolicy;
const MOVED = 'MOVED 1 127.0.0.1:7002';
const ASK = 'ASK 1 127.0.0.1:7002';

class Scene {
  readonly old = new FakeConnection();
  readonly next = new FakeConnection();
  readonly nodes = [fakeNode('old', 7001), fakeNode('next', 7002)];
  readonly opened: string[] = [];
  readonly failures: unknown[] = [];
  /** Whom the map says. */
  owner: ClusterNode | undefined = this.nodes[0];
  knows = true;
  isQuiet = true;
  readonly held: HeldSlots;
  private readonly lanes: Lane[];

  constructor() {
    const refusals = {} as Refusals;
    const rest = {
      pacer: new Pace({ commands: 0, bytes: 0 }).of('n'),
      unansweredBytesMax: 0,
      refusals,
      onSending: () => {},
      onAnswered: () => Promise.resolve(),
      onFailed: () => {},
    };
    this.lanes = [this.old, this.next].map((fake, i) => new Lane({ ...rest, node: this.nodes[i], connection: fake.connection }, 1));
    const topology = {
      map: { primaryOfSlot: () => this.owner },
      refresh: () => Promise.resolve(),
      redirected: ({ port }: { port: number }) => ({ node: this.knows ? this.nodes.find((node) => node.port === port) : undefined }),
    } as unknown as ClusterFollower;
    this.held = new HeldSlots({
      topology,
      isQuiet: () => this.isQuiet,
      laneOf: () => this.lanes[0],
      laneAt: (node) => Promise.resolve(this.lanes[this.nodes.indexOf(node)]),
      onOpened: (slot, lane) => this.opened.push(`${slot} at ${lane.node.id}`),
      newRefusals: (replayUntil) => new Refusals({ ...POLICY, replayUntil }),
      onSent: () => {},
      onFailed: (error) => this.failures.push(error),
      onEvent: () => {},
    });
  }

  /** Lets it go on, and answers everything at the new node. @returns what came there */
  async arrive(turns = 12): Promise<string[]> {
    const came: string[] = [];
    for (let i = 0; i < turns; i++) {
      await this.pass(25);
      while (this.next.sent.length > 0) came.push(await this.next.answer());
    }
    return came;
  }

  async pass(ms: number): Promise<void> {
    await vi.advanceTimersByTimeAsync(ms);
  }
}

function unit(seq: number, command: string, mark?: string): HeldUnit {
  const commands = [{ count: 1, bytes: encodeCommand(command.split(' ')), endOffset: seq, database: 0 }];
  return { wave: fakeWave(seq), commands, mark: mark === undefined ? undefined : encodeCommand(mark.split(' ')) };
}

beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => vi.useRealTimers());

test('goes where MOVED points, one unit at a time, and opens the slot there', async () => {
  const { held, next, opened, ...scene } = new Scene();
  held.add(1, unit(1, 'SET a 1'), { text: MOVED });
  held.add(1, unit(2, 'INCR b', 'HSET mark m: 2'));
  await vi.advanceTimersByTimeAsync(1);
  expect(next.sent.map(({ text }) => text)).toEqual(['SET a 1']);
  await next.answer();
  expect(await next.answer()).toBe('MULTI INCR b HSET mark m: 2 EXEC');
  await vi.advanceTimersByTimeAsync(1);
  expect(opened).toEqual(['1 at next']);
  expect([held.count, held.bytes, scene.failures.length]).toEqual([0, 0, 0]);
});

test('what was sent earlier and answered later does not come behind what was never sent', async () => {
  const scene = new Scene();
  scene.isQuiet = false;
  scene.held.add(1, unit(1, 'SET a 1'), { text: MOVED });
  scene.held.add(1, unit(3, 'SET a 3'));
  scene.held.add(1, unit(2, 'SET a 2'), { text: MOVED });
  scene.held.add(1, unit(2, 'SET b 2'));
  scene.isQuiet = true;
  expect(await scene.arrive()).toEqual(['SET a 1', 'SET a 2', 'SET b 2', 'SET a 3']);
});

test('waits until nothing of the slot is under way', async () => {
  const scene = new Scene();
  scene.isQuiet = false;
  scene.held.add(1, unit(1, 'SET a 1'), { text: MOVED });
  await scene.pass(500);
  expect(scene.next.sent).toEqual([]);
  scene.isQuiet = true;
  expect(await scene.arrive()).toEqual(['SET a 1']);
});

test('follows ASK for one unit, and asks the owner again for the next', async () => {
  const { held, old, next, ...scene } = new Scene();
  held.add(1, unit(1, 'SET a 1'), { text: ASK });
  held.add(1, unit(2, 'INCR b', 'HSET mark m: 2'));
  await vi.advanceTimersByTimeAsync(1);
  expect(await old.answer(ASK)).toBe('SET a 1');
  expect(await next.answer()).toBe('ASKING SET a 1');
  expect(await old.answer(ASK)).toBe('MULTI INCR b HSET mark m: 2 EXEC');
  expect(await next.answer()).toBe('ASKING MULTI INCR b HSET mark m: 2 EXEC');
  await vi.advanceTimersByTimeAsync(1);
  expect(scene.opened).toEqual(['1 at old']);
});

test.each(['TRYAGAIN Multiple keys request during rehashing of slot', 'CLUSTERDOWN Hash slot not served'])('tries again after %s', async (text) => {
  const { held, old, opened } = new Scene();
  held.add(1, unit(1, 'DEL {a}1 {a}2'), { text });
  for (let i = 0; i < 3; i++) {
    await vi.advanceTimersByTimeAsync(25);
    expect(await old.answer(text)).toBe('DEL {a}1 {a}2');
  }
  await vi.advanceTimersByTimeAsync(25);
  await old.answer();
  await vi.advanceTimersByTimeAsync(1);
  expect(opened).toEqual(['1 at old']);
});

test('a map that does not know yet where MOVED points is asked again, and so is the old owner', async () => {
  const scene = new Scene();
  scene.knows = false;
  scene.held.add(1, unit(1, 'SET a 1'), { text: MOVED });
  await scene.pass(1);
  expect(await scene.old.answer(MOVED)).toBe('SET a 1');
  [scene.knows, scene.owner] = [true, scene.nodes[1]];
  expect(await scene.arrive()).toEqual(['SET a 1']);
});

test('other slots do not wait for one that nobody takes', async () => {
  const scene = new Scene();
  scene.held.add(1, unit(1, 'SET a 1'), { text: 'TRYAGAIN later' });
  scene.held.add(2, unit(1, 'SET b 1'), { text: 'MOVED 2 127.0.0.1:7002' });
  await scene.pass(1);
  await scene.old.answer('TRYAGAIN later');
  expect(await scene.arrive(2)).toEqual(['SET b 1']);
  expect(scene.opened).toEqual(['2 at next']);
});

test('holds more back when too much waits, and lets go when it has arrived', async () => {
  const scene = new Scene();
  scene.isQuiet = false;
  scene.held.add(1, unit(1, `SET a ${'x'.repeat(17 * 1024 * 1024)}`), { text: MOVED });
  let hasRoom = false;
  void scene.held.room().then(() => (hasRoom = true));
  await scene.pass(100);
  expect(hasRoom).toBe(false);
  scene.isQuiet = true;
  await scene.arrive(3);
  expect(hasRoom).toBe(true);
});

test('sends nothing once it is closed, and who waits for room is told', async () => {
  const scene = new Scene();
  scene.held.add(1, unit(1, `SET a ${'x'.repeat(17 * 1024 * 1024)}`), { text: MOVED });
  const room = scene.held.room();
  scene.held.close(new Error('over'));
  await expect(room).rejects.toThrow('over');
  await scene.pass(100);
  expect([scene.next.sent, scene.old.sent]).toEqual([[], []]);
});

const WRONG_TYPE = 'WRONGTYPE Operation against a key holding the wrong kind of value';

/** A node was away for a moment: it has refused the first unit, and carried out the one behind it. Both are sent again. */
async function replayed(behind: string): Promise<Scene> {
  const scene = new Scene();
  scene.held.add(1, unit(1, 'HSET a f 0'), { text: 'CLUSTERDOWN The cluster is down' });
  scene.held.add(1, unit(2, behind), { text: undefined });
  await scene.pass(25);
  expect(await scene.old.answer(WRONG_TYPE)).toBe('HSET a f 0');
  await scene.pass(25);
  expect(await scene.old.answer()).toBe(behind);
  await scene.pass(25);
  return scene;
}

test('a unit that meets what came behind it the first time is no refusal', async () => {
  const { opened, failures, held } = await replayed('SET a 3');
  expect([opened, failures, held.inDoubt]).toEqual([['1 at old'], [], false]);
});

test('a unit that nothing behind it explains is one', async () => {
  const { opened, failures } = await replayed('SET b 3');
  expect([opened, failures]).toEqual([[], [expect.objectContaining({ code: 'TARGET_REFUSED' })]]);
});
