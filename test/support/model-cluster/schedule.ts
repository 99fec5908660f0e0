/** What happens to a model and the Godwits that write to it, event by event; and at the end, when all is calm, what is wrong. Timers must be fake. */
import { vi } from 'vitest';
import { slotOf } from '../../../src/model/slot.ts';
import { Seeded } from '../rdb/seeded.ts';
import { ModelCluster } from './model-cluster.ts';
import { ModelRun, PREFIX } from './model-run.ts';
import { ModelStream, TAGS } from './model-stream.ts';

export interface ScheduleEvent {
  readonly kind:
    | 'write'
    | 'burst'
    | 'step'
    | 'flicker'
    | 'settle'
    | 'move'
    | 'jump'
    | 'moveKeys'
    | 'endMove'
    | 'failover'
    | 'cut'
    | 'kill'
    | 'takeOver'
    | 'down'
    | 'learn'
    | 'blind';
  readonly n: number;
}

/** The fourth has no slots at first. */
const SHARDS = 4;
const CALM_TURNS_MAX = 400;

export class Schedule {
  readonly cluster = new ModelCluster(SHARDS, 1);
  readonly stream: ModelStream;
  readonly runs: ModelRun[] = [];
  private readonly random: Seeded;
  private readonly wrong: string[] = [];

  constructor(seed: number) {
    this.random = new Seeded(seed);
    this.stream = new ModelStream(this.random);
    this.start();
  }

  private get current(): ModelRun {
    return this.runs[this.runs.length - 1];
  }

  async play({ kind, n }: ScheduleEvent): Promise<void> {
    const { cluster, random } = this;
    const slots = TAGS.map((tag) => slotOf(Buffer.from(tag)));
    switch (kind) {
      case 'write':
        this.stream.write(n);
        break;
      case 'burst':
        for (let i = 0; i < n; i++) {
          this.stream.write(1);
          await drain();
        }
        break;
      case 'step':
        this.pick()?.step(n);
        break;
      case 'flicker':
        cluster.down = true;
        this.pick()?.step(n);
        cluster.down = false;
        break;
      case 'jump':
        cluster.beginMove(slots[n % slots.length], n % SHARDS);
        cluster.endMove(slots[n % slots.length]);
        break;
      case 'settle':
        await this.settle(n);
        break;
      case 'move':
        cluster.beginMove(slots[n % slots.length], n % SHARDS);
        break;
      case 'moveKeys':
        if (cluster.moving.length > 0) cluster.moveKeys(cluster.moving[random.below(cluster.moving.length)], n);
        break;
      case 'endMove':
        if (cluster.moving.length > 0) cluster.endMove(cluster.moving[n % cluster.moving.length]);
        break;
      case 'failover':
        await this.lookBetweenFailovers(n % SHARDS);
        cluster.failover(n % SHARDS, n % 3 === 0 ? 0 : random.below(12), { cut: random.below(2) === 0, alone: random.below(2) === 0 });
        break;
      case 'cut':
        this.pick()?.cut();
        break;
      case 'kill':
        this.pick()?.step(n);
        this.current.kill();
        this.start();
        break;
      case 'takeOver':
        this.start();
        break;
      case 'down':
        cluster.down = n === 1;
        break;
      case 'learn':
        cluster.settle();
        break;
      case 'blind':
        this.current.topology.blindLooks = n;
        break;
    }
    await drain();
  }

  /** No more faults: all has to arrive. */
  async end(): Promise<void> {
    this.cluster.down = false;
    this.cluster.endAllMoves();
    this.cluster.settle();
    this.current.topology.blindLooks = 0;
    this.stream.write(3);
    for (let turn = 0; turn < CALM_TURNS_MAX; turn++) {
      await this.settle(100);
      if (this.current.ended !== undefined) break;
      if (turn > 10 && this.current.applied >= this.stream.endOffset) return;
    }
    this.wrong.push(`it does not end: applied ${this.current.applied} of ${this.stream.endOffset}, ${this.current.ended ?? 'still running'}`);
  }

  problems(): string[] {
    const found = [...this.wrong];
    for (const [i, run] of this.runs.entries())
      if (run.ended !== undefined && !(i < this.runs.length - 1 && run.ended.startsWith('FENCED'))) found.push(`run ${i} has ended with ${run.ended}`);
    const target = this.cluster.content(PREFIX);
    for (const key of new Set([...target.keys(), ...this.stream.content.keys()])) {
      const [seen, expected] = [JSON.stringify(plain(target.get(key))), JSON.stringify(plain(this.stream.content.get(key)))];
      if (seen !== expected) found.push(`${key}: ${seen}, not ${expected}`);
    }
    return found;
  }

  close(): void {
    for (const run of this.runs) run.kill();
  }

  /** A shard does not fail over and back between two looks at the map, which are seconds apart; and what has come to a replica by then is refused. */
  private async lookBetweenFailovers(shard: number): Promise<void> {
    const { topology } = this.current;
    for (const connection of this.cluster.connections)
      if (connection.node.shard === shard && !this.cluster.isPrimary(connection.node)) connection.step(Number.POSITIVE_INFINITY);
    await drain();
    if (topology.map.node(this.cluster.primary(shard).id)?.role === 'primary') return;
    topology.blindLooks = 0;
    await topology.refresh();
    await drain();
  }

  private start(): void {
    const run = new ModelRun(this.cluster, this.stream, this.runs.length + 1);
    this.runs.push(run);
    run.takeOver();
    void run.run();
  }

  private pick(): { step(n: number): void; cut(): void } | undefined {
    const busy = [...this.cluster.connections].filter(({ waiting }) => waiting > 0);
    return busy[this.random.below(Math.max(1, busy.length))];
  }

  /** All that is sent is carried out and answered, and so much time passes. */
  private async settle(ms: number): Promise<void> {
    for (let i = 0; i < 200; i++) {
      await drain();
      const busy = [...this.cluster.connections].filter(({ waiting }) => waiting > 0);
      if (busy.length === 0) break;
      for (const connection of busy) connection.step(Number.POSITIVE_INFINITY);
    }
    if (ms > 0) await vi.advanceTimersByTimeAsync(ms);
    await drain();
  }
}

function plain(value: unknown): unknown {
  return value instanceof Map ? [...value].toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1)) : value;
}

function drain(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
