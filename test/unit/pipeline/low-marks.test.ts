/** Where low marks are written, in which order, and what they name, while slots move. */
import { expect, test } from 'vitest';
import { SlotMarkStore } from '../../../src/checkpoint/slot-mark-store.ts';
import { lowMarkField, type SlotRecord } from '../../../src/checkpoint/slot-records.ts';
import type { Mark } from '../../../src/checkpoint/mark.ts';
import type { OpenConnection } from '../../../src/net/connection-options.ts';
import { LowMarks, type MarkedNode } from '../../../src/pipeline/low-marks.ts';
import { ReplyError } from '../../../src/resp/reply.ts';
import { ClusterMap } from '../../../src/topology/cluster-map.ts';
import type { ClusterNode, SlotRange } from '../../../src/topology/cluster-node.ts';
import { fakeNode } from './fake-lane.ts';

const MARK: Mark = {
  epoch: 0,
  phase: 'incremental-sync',
  replicationId: 'r',
  offset: 5,
  database: 0,
  snapshotId: 1,
  rdbOffset: 0,
  rdbState: null,
  owned: true,
};
const store = new SlotMarkStore({ prefix: 'godwit', job: 'job', run: 'run' });
const LAST = 16_383;

class Scene {
  /** `<node> <slots named>` of each low mark, in the order in which the nodes were asked; and what else. */
  readonly log: string[] = [];
  readonly lows = new LowMarks({ store, pipeline: '', epoch: 3 });
  /** Replies of a node instead of OK. */
  readonly refuses = new Map<string, (command: readonly string[]) => string | undefined>();

  async write(slots: Readonly<Record<string, readonly [number, number][]>>, flush: string[][] = []): Promise<void> {
    await this.lows.write(this.nodes(slots), MARK, flush);
  }

  nodes(slots: Readonly<Record<string, readonly [number, number][]>>, replicas: readonly ClusterNode[] = []): MarkedNode[] {
    return Object.entries(slots).map(([id, spans], i) => ({
      shard: { id: `shard ${id}`, primary: fakeNode(id, 7_000 + i), replicas, slots: spans.map(([first, last]): SlotRange => ({ first, last })) },
      connection: this.connection(id),
      history: `history of ${id}`,
    }));
  }

  private connection(id: string): OpenConnection {
    const callAll = async (commands: readonly (readonly string[])[]): Promise<unknown[]> => {
      const low = commands.find((command) => command.includes('f:'));
      const { slots, gone = [] } = JSON.parse(low?.[low.indexOf('f:') + 1] ?? '{}') as { slots: number[][]; gone?: number[][] };
      const text = (spans: number[][]): string => spans.map((span) => span.join('-')).join(' ');
      this.log.push(`${id} ${text(slots)}${gone.length > 0 ? ` gone ${text(gone)}` : ''}`);
      return commands.map((command) => {
        const refusal = this.refuses.get(id)?.(command);
        return refusal === undefined ? 'OK' : new ReplyError(refusal);
      });
    };
    return { callAll } as unknown as OpenConnection;
  }
}

test('each node names its own slots', async () => {
  const scene = new Scene();
  await scene.write({ a: [[0, 7_999]], b: [[8_000, LAST]] });
  expect(scene.log).toEqual(['a 0-7999', 'b 8000-16383']);
});

test('who has got slots is written before who has lost them, and names them with what it had', async () => {
  const scene = new Scene();
  await scene.write({ a: [[0, 7_999]], b: [[8_000, LAST]] });
  scene.log.length = 0;
  await scene.write({
    a: [[100, 7_999]],
    b: [
      [0, 99],
      [8_000, LAST],
    ],
  });
  expect(scene.log).toEqual(['b 0-99 8000-16383', 'a 100-7999']);
});

test('two that have exchanged slots name both for once, so that none is without a name at any moment', async () => {
  const scene = new Scene();
  await scene.write({ a: [[0, 7_999]], b: [[8_000, LAST]] });
  scene.log.length = 0;
  const swapped = {
    a: [
      [1, 7_999],
      [LAST, LAST],
    ],
    b: [
      [0, 0],
      [8_000, LAST - 1],
    ],
  } as const;
  await scene.write(swapped as never);
  expect(scene.log).toEqual(['a 1-7999 16383-16383 gone 0-0', 'b 0-0 8000-16382 gone 16383-16383']);
  scene.log.length = 0;
  await scene.write(swapped as never);
  expect(scene.log).toEqual(['a 1-7999 16383-16383', 'b 0-0 8000-16382']);
});

test('while the one that has got slots does not take it, the other keeps its own', async () => {
  const scene = new Scene();
  await scene.write({ a: [[0, 7_999]], b: [[8_000, LAST]] });
  scene.log.length = 0;
  scene.refuses.set('b', () => 'OOM command not allowed');
  await expect(
    scene.write({
      a: [[100, 7_999]],
      b: [
        [0, 99],
        [8_000, LAST],
      ],
    }),
  ).rejects.toThrow('OOM');
  expect(scene.log).toEqual(['b 0-99 8000-16383']);
});

test('one of the two places of a node is enough: the other may be on its way', async () => {
  const scene = new Scene();
  scene.refuses.set('a', ([, key]) => (key === store.keyOf(0) ? 'ASK 0 127.0.0.1:7001' : undefined));
  await scene.write({ a: [[0, LAST]] });
  scene.refuses.set('a', () => 'MOVED 0 127.0.0.1:7001');
  await expect(scene.write({ a: [[0, LAST]] })).rejects.toThrow('MOVED');
});

test('with an emptying, only the place that is written in its transaction counts', async () => {
  const scene = new Scene();
  scene.refuses.set('a', ([, key]) => (key === store.keyOf(0) ? 'ASK 0 127.0.0.1:7001' : undefined));
  await expect(scene.write({ a: [[0, LAST]] }, [['FLUSHALL']])).rejects.toThrow('ASK');
});

test('begins with what is there: a node that has got slots since is known as such', async () => {
  const written: Record<string, string> = {};
  const first = new Scene();
  const capture = first.nodes({ a: [[0, 7_999]], b: [[8_000, LAST]] }).map((node) => ({
    ...node,
    connection: {
      callAll: async (commands: readonly string[][]) => {
        for (const [, key, ...fields] of commands) written[key] = fields[fields.indexOf(lowMarkField('')) + 1];
        return commands.map(() => 'OK');
      },
    } as unknown as OpenConnection,
  }));
  await first.lows.write(capture, MARK);
  const records: SlotRecord[] = [0, 7_999, 8_000, LAST].map((slot) => ({ slot, fields: new Map([[lowMarkField(''), written[store.keyOf(slot)]]]) }));
  const scene = new Scene();
  const now = scene.nodes({
    a: [
      [0, 99],
      [200, 7_999],
    ],
    b: [
      [100, 199],
      [8_000, LAST],
    ],
  });
  scene.lows.found(records, new ClusterMap({ shards: now.map(({ shard }) => shard) }), []);
  await scene.lows.write(now, MARK);
  expect(scene.log[0]).toBe('b 100-199 8000-16383');
});

test('a node that was in the shard a moment ago is still named: it may be in none while it becomes a replica', async () => {
  const scene = new Scene();
  const nodes: string[][] = [];
  const keep = (node: MarkedNode): MarkedNode => ({
    ...node,
    connection: {
      callAll: async (commands: readonly string[][]) => {
        nodes.push((JSON.parse(commands[0][commands[0].indexOf('f:') + 1]) as { nodes: string[] }).nodes);
        return commands.map(() => 'OK');
      },
    } as unknown as OpenConnection,
  });
  const [before] = scene.nodes({ a: [[0, LAST]] }, [fakeNode('stand-in', 7_009)]);
  await scene.lows.write([keep(before)], MARK);
  const [after] = scene.nodes({ 'stand-in': [[0, LAST]] });
  await scene.lows.write([keep({ ...after, shard: { ...after.shard, id: before.shard.id } })], MARK);
  expect(nodes).toEqual([
    ['a', 'stand-in'],
    ['stand-in', 'a'],
  ]);
});
