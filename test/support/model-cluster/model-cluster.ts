/**
 * A cluster without a network: shards with a primary and a stand-in each, slots that move key by key, failovers that lose what was written last, and what nodes
 * answer to whom as cluster.c: getNodeByQuery says. Commands of a connection are carried out when they are told to be, a few or all.
 */
import type { SlotMarkStore } from '../../../src/checkpoint/slot-mark-store.ts';
import { SLOT_COUNT, slotOf } from '../../../src/model/slot.ts';
import { markedSlots } from '../../../src/pipeline/low-marks.ts';
import { ReplyError } from '../../../src/resp/reply.ts';
import type { SlotRange } from '../../../src/topology/cluster-node.ts';
import { BLANK_NODE, type ClusterView, type NodeView } from '../../../src/topology/node-view.ts';
import type { ModelConnection } from './model-connection.ts';
import { keysOf, ModelKeyspace, type ModelReply } from './model-keyspace.ts';
import type { ModelNode, ModelServers, Session } from './model-node.ts';

const HOST = '127.0.0.1';

export class ModelCluster implements ModelServers<ModelConnection> {
  readonly nodes: readonly ModelNode[];
  readonly connections = new Set<ModelConnection>();
  /** Nothing is served. */
  down = false;
  private readonly owner = new Uint8Array(SLOT_COUNT);
  private readonly moves = new Map<number, number>();
  private readonly data: ModelKeyspace[] = [];
  private readonly primaries: number[] = [];
  private readonly histories: number[] = [];
  /** They have lost their slots to a stand-in, and say nothing of it yet. */
  private readonly alone = new Set<ModelNode>();
  private epoch = 1;

  /** @param shards the last `empty` of which have no slots */
  constructor(shards: number, empty = 0) {
    this.nodes = Array.from({ length: shards * 2 }, (_, i) => ({ id: `node${i}`, port: 7_000 + i, shard: i % shards }));
    for (let shard = 0; shard < shards; shard++) {
      this.data.push(new ModelKeyspace());
      this.primaries.push(shard);
      this.histories.push(shard);
    }
    for (let slot = 0; slot < SLOT_COUNT; slot++) this.owner[slot] = Math.floor((slot * (shards - empty)) / SLOT_COUNT);
  }

  get shards(): number {
    return this.data.length;
  }

  ownerOf(slot: number): number {
    return this.owner[slot];
  }

  primary(shard: number): ModelNode {
    return this.nodes[this.primaries[shard]];
  }

  saysPrimary(node: ModelNode): boolean {
    return this.isPrimary(node) || this.alone.has(node);
  }

  isPrimary(node: ModelNode): boolean {
    return this.primary(node.shard) === node;
  }

  /** What any node says of all. */
  view(): ClusterView {
    const nodes = this.nodes.map((node): NodeView => {
      const primary = this.primary(node.shard);
      const isPrimary = node === primary;
      return {
        ...BLANK_NODE,
        id: node.id,
        ip: HOST,
        port: node.port,
        role: isPrimary || this.alone.has(node) ? 'primary' : 'replica',
        primaryId: isPrimary || this.alone.has(node) ? undefined : primary.id,
        slots: isPrimary ? this.slotsOf(node.shard) : [],
      };
    });
    return { nodes, currentEpoch: this.epoch, stateOk: true };
  }

  /** Primaries that have been stood in for learn that they are replicas. */
  settle(): void {
    if (this.alone.size > 0) this.epoch++;
    this.alone.clear();
  }

  /** A slot is on its way; moveKeys() and endMove() bring it there. */
  beginMove(slot: number, to: number): void {
    if (this.owner[slot] !== to && !this.moves.has(slot)) this.moves.set(slot, to);
  }

  moveKeys(slot: number, keysMax = Number.POSITIVE_INFINITY): void {
    const to = this.moves.get(slot);
    if (to === undefined) return;
    const [from, at] = [this.data[this.owner[slot]], this.data[to]];
    const keys = [...from.keys.keys()].filter((key) => slotOf(Buffer.from(key)) === slot).slice(0, keysMax);
    for (const key of keys) {
      at.put(key, from.keys.get(key));
      from.put(key, undefined);
    }
  }

  endMove(slot: number): void {
    const to = this.moves.get(slot);
    if (to === undefined) return;
    this.moveKeys(slot);
    this.moves.delete(slot);
    this.owner[slot] = to;
    this.epoch++;
  }

  endAllMoves(): void {
    for (const slot of this.moves.keys()) this.endMove(slot);
  }

  get moving(): number[] {
    return [...this.moves.keys()];
  }

  /** The other node of the shard is its primary now. @param lost so many of the newest changes are gone (none while a slot of it is on its way); `cut`: the old one closes its connections; `alone`: it does not learn yet that it is a replica */
  failover(shard: number, lost: number, { cut, alone }: { readonly cut: boolean; readonly alone: boolean }): void {
    const old = this.primary(shard);
    const isMoving = [...this.moves].some(([slot, to]) => to === shard || this.owner[slot] === shard);
    if (!isMoving) this.data[shard].lose(lost);
    // What is not its own any more a node removes.
    for (const key of this.data[shard].keys.keys()) {
      const slot = slotOf(Buffer.from(key));
      if (this.owner[slot] !== shard && this.moves.get(slot) !== shard) this.data[shard].put(key, undefined);
    }
    this.primaries[shard] = this.nodes.findIndex((node) => node.shard === shard && node !== old);
    this.histories[shard] += 100;
    this.alone.delete(this.primary(shard));
    if (alone) this.alone.add(old);
    this.epoch++;
    if (cut) for (const connection of this.connections) if (connection.node === old) connection.cut();
  }

  /** Straight into a shard, in the places where its low mark is. */
  writeEpoch(shard: number, store: SlotMarkStore, epoch: number): void {
    for (const [, key, field, value] of store.epochCommands(markedSlots({ slots: this.slotsOf(shard) }), epoch))
      this.data[shard].run(['HSET', key, field, value]);
  }

  /** What was written up to now cannot be lost. */
  keep(): void {
    for (const keyspace of this.data) keyspace.keep();
  }

  history(shard: number): { readonly id: string; readonly wasReplica: boolean } {
    return { id: (this.histories[shard] + 1).toString(16).padStart(40, '0'), wasReplica: this.histories[shard] >= 100 };
  }

  /** All keys that are where they belong, and those that are not, by `misplaced:`. */
  content(hidden: string): Map<string, unknown> {
    const found = new Map<string, unknown>();
    for (const [shard, { keys }] of this.data.entries()) {
      for (const [key, value] of keys) {
        if (key.startsWith(hidden)) continue;
        const isHome = this.owner[slotOf(Buffer.from(key))] === shard;
        found.set(isHome ? key : `misplaced at ${shard}: ${key}`, value);
      }
    }
    return found;
  }

  /** Carries out a command of a connection. */
  run(node: ModelNode, session: Session, command: readonly string[]): ModelReply {
    const name = command[0].toUpperCase();
    const asking = session.asking;
    if (session.queued === undefined) session.asking = name === 'ASKING';
    if (name === 'ASKING' || name === 'SELECT') return 'OK';
    if (name === 'MULTI') {
      session.asking = asking;
      session.queued = [];
      session.isDirty = false;
      return 'OK';
    }
    if (name === 'EXEC') return this.exec(node, session);
    if (session.queued !== undefined) {
      const refusal = this.refuses(node, [command], session.asking);
      if (refusal !== undefined) session.isDirty = true;
      session.queued.push(command);
      return refusal ?? 'QUEUED';
    }
    const refusal = this.refuses(node, [command], asking);
    if (refusal !== undefined) return refusal;
    if (name === 'WATCH') return 'OK';
    return this.data[node.shard].run(command);
  }

  private exec(node: ModelNode, session: Session): ModelReply {
    const queued = session.queued ?? [];
    const asking = session.asking;
    session.queued = undefined;
    session.asking = false;
    if (session.isDirty) return new ReplyError('EXECABORT Transaction discarded because of previous errors.');
    const refusal = this.refuses(node, queued, asking);
    if (refusal !== undefined) return refusal;
    const keyspace = this.data[node.shard];
    return keyspace.atOnce(() => queued.map((command) => keyspace.run(command)));
  }

  private refuses(node: ModelNode, commands: readonly (readonly string[])[], asking: boolean): ReplyError | undefined {
    const keys = [...new Set(commands.flatMap(keysOf))];
    if (keys.length === 0) return !this.isPrimary(node) && commands.some(([name]) => name === 'FLUSHALL') ? new ReplyError('READONLY a replica') : undefined;
    if (this.down) return new ReplyError('CLUSTERDOWN The cluster is down');
    const slots = new Set(keys.map((key) => slotOf(Buffer.from(key))));
    if (slots.size > 1) return new ReplyError('CROSSSLOT Keys in request do not hash to the same slot');
    const [slot] = slots;
    const { keys: here } = this.data[node.shard];
    const missing = keys.filter((key) => !here.has(key)).length;
    const owner = this.primary(this.owner[slot]);
    const to = this.moves.get(slot);
    if (node === owner && to !== undefined && missing > 0) {
      const { port } = this.primary(to);
      return new ReplyError(missing < keys.length ? 'TRYAGAIN Multiple keys request during rehashing of slot' : `ASK ${slot} ${HOST}:${port}`);
    }
    if (node === owner) return undefined;
    if (to === node.shard && this.isPrimary(node) && asking)
      return keys.length > 1 && missing > 0 ? new ReplyError('TRYAGAIN Multiple keys request during rehashing of slot') : undefined;
    return new ReplyError(`MOVED ${slot} ${HOST}:${owner.port}`);
  }

  private slotsOf(shard: number): SlotRange[] {
    const ranges: SlotRange[] = [];
    for (let first = 0; first < SLOT_COUNT; first++) {
      if (this.owner[first] !== shard) continue;
      let last = first;
      while (last + 1 < SLOT_COUNT && this.owner[last + 1] === shard) last++;
      ranges.push({ first, last });
      first = last;
    }
    return ranges;
  }
}
