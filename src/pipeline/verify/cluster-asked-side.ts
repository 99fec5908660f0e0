/**
 * A cluster as a side: keys are asked for at the owners of their slots, all of them at once, and what is sent elsewhere (MOVED, ASK) or cannot be answered while a
 * failover is under way is asked again by the map that is in force then. Shards are scanned each by its own primary, from the begin again if that is another one.
 */
import { GodwitError, toGodwitError } from '../../errors/errors.ts';
import { type Endpoint, endpointName } from '../../model/endpoint.ts';
import { type ServerVersion, versionName } from '../../model/server-version.ts';
import { slotOf } from '../../model/slot.ts';
import type { Connection } from '../../net/connection.ts';
import type { CommandArgument } from '../../resp/encode.ts';
import { type Reply, ReplyError } from '../../resp/reply.ts';
import { ReplyKind } from '../../resp/reply-columns.ts';
import type { ClusterFollower } from '../../topology/cluster-api.ts';
import { parseRedirect } from '../../topology/parse-redirect.ts';
import { AskedNode } from './asked-node.ts';
import type { AskedSide, DatabaseFacts, KeyScanner, SideAbilities } from './asked-side.ts';
import { type KeyColumn, keyCommand } from './key-command.ts';
import { KeyReplies, SlabPool } from './key-replies.ts';
import type { KeyRows } from './key-rows.ts';
import { nullReplies } from './null-replies.ts';
import { ShardScanner } from './shard-scanner.ts';
import { sharedAbilities, oldestVersion, surveyAbilities, surveyClock, surveyDatabases } from './side-survey.ts';

const RETRY_MS = 100;
const READY_WITHIN_MS = 2_000;
const SMALL_REPLY = 1024;
const EXISTS = keyCommand(['EXISTS']);

/** Rows to ask for, and where: at the owner of their slots, or where an ASK has sent them. */
interface Parcel {
  readonly node: AskedNode;
  readonly rows: number[];
  readonly asking: boolean;
}

export class ClusterAskedSide implements AskedSide {
  abilities: SideAbilities = { expireTime: false, memoryUsage: false, encoding: false, manyMembers: false, fieldExpiry: false };
  private readonly pool = new SlabPool();
  private readonly topology: ClusterFollower;
  private readonly role: 'source' | 'target';
  private readonly open: (endpoint: Endpoint) => Connection;
  private readonly byAddress = new Map<string, AskedNode>();
  private slotsHaveMoved = false;
  private isClosed = false;

  /** @param topology started; it is closed with the side. @param open makes a connection, not yet connected */
  constructor(topology: ClusterFollower, role: 'source' | 'target', open: (endpoint: Endpoint) => Connection) {
    this.topology = topology;
    this.role = role;
    this.open = open;
    topology.events.on('changed', ({ changes }) => {
      if (changes.some(({ type }) => type === 'slots-moved')) this.slotsHaveMoved = true;
      this.closeStrangers();
    });
  }

  get name(): string {
    const shards = this.topology.map.owningShards;
    const version = this.version === undefined ? '' : `, ${versionName(this.version)}`;
    return `cluster of ${shards.length} shards at ${endpointName(this.topology.endpointOf(shards[0].primary))}${version}`;
  }

  get version(): ServerVersion | undefined {
    return oldestVersion([...this.byAddress.values()].map(({ connection }) => connection.server.version));
  }

  /** @throws GodwitError of a connection, PERMISSION_DENIED */
  async survey(): Promise<void> {
    this.abilities = sharedAbilities(await this.askAllNodes((node) => surveyAbilities(node)));
  }

  runIds(): readonly string[] {
    return [...this.byAddress.values()].map(({ connection }) => connection.server.runId).filter((runId) => runId !== '');
  }

  async databases(): Promise<readonly DatabaseFacts[]> {
    const known = new Map<number, DatabaseFacts>();
    for (const facts of (await this.askAllNodes((node) => surveyDatabases(node))).flat()) {
      const { database } = facts;
      const before = known.get(database) ?? { keys: 0, expires: 0 };
      const expires = before.expires < 0 || facts.expires < 0 ? -1 : before.expires + facts.expires;
      known.set(database, { database, keys: before.keys + facts.keys, expires });
    }
    return [...known.values()].toSorted((a, b) => a.database - b.database);
  }

  scanners(database: number): KeyScanner[] {
    const { topology } = this;
    return topology.map.owningShards.map(
      ({ id }) => new ShardScanner({ pool: this.pool, database, node: () => this.nodeOfShard(id), again: (attempt) => this.again(attempt) }),
    );
  }

  async ask(database: number, keys: KeyRows, columns: readonly KeyColumn[], bulkKeepMax: number): Promise<KeyReplies> {
    if (!this.hasDatabase(database)) return nullReplies(keys.count, columns.length, this.pool);
    const replies = new KeyReplies(keys.count, this.pool);
    let left = Array.from({ length: keys.count }, (_, row) => row);
    let parcels: Parcel[] = [];
    while (left.length > 0 || parcels.length > 0) {
      parcels.push(...(await this.byOwner(keys, left)));
      left = [];
      const asked = await Promise.allSettled(parcels.map(({ node, rows, asking }) => node.ask(database, keys, rows, columns, bulkKeepMax, asking)));
      const next: Parcel[] = [];
      for (const [i, one] of asked.entries()) {
        const { rows, node } = parcels[i];
        if (one.status === 'rejected') {
          this.checkRetryable(one.reason);
          left.push(...rows);
          continue;
        }
        replies.add(one.value.slab, one.value.firstRow, rows);
        if (one.value.slab.errors > 0) left.push(...this.sentElsewhere(replies, rows, columns.length, node, next));
      }
      parcels = next;
      if (left.length > 0) await this.lookAround();
    }
    return replies;
  }

  async existing(database: number, keys: KeyRows): Promise<number> {
    const replies = await this.ask(database, keys, [EXISTS], SMALL_REPLY);
    let found = 0;
    for (let row = 0; row < keys.count; row++) found += replies.number(row, 0, 0);
    replies.release();
    return found;
  }

  async call(database: number, key: Uint8Array, commands: readonly (readonly CommandArgument[])[]): Promise<Reply[]> {
    if (!this.hasDatabase(database)) return commands.map(() => null);
    return this.again(async () => {
      const replies = await (await this.nodeOfSlot(slotOf(key))).call(database, commands);
      const elsewhere = replies.find((reply) => reply instanceof ReplyError && /^(MOVED|ASK|TRYAGAIN|CLUSTERDOWN) /.test(reply.text));
      if (elsewhere !== undefined) throw new GodwitError('CLUSTER_NOT_READY', `a slot of the ${this.role} is on its way: ${(elsewhere as ReplyError).text}`);
      return replies;
    });
  }

  async callAny(commands: readonly (readonly CommandArgument[])[]): Promise<Reply[]> {
    return this.again(async () => (await this.nodeOfShard(this.topology.map.owningShards[0].id)).call(-1, commands));
  }

  clockOffsetMs(): Promise<number> {
    return this.again(async () => surveyClock(await this.nodeOfShard(this.topology.map.owningShards[0].id)));
  }

  notes(): readonly string[] {
    return this.slotsHaveMoved ? [`slots of the ${this.role} have moved between its nodes meanwhile: keys in them may have been passed over`] : [];
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await Promise.all([...this.byAddress.values()].map(({ connection }) => connection.close()));
    await this.topology.close();
  }

  private hasDatabase(database: number): boolean {
    return database < this.topology.databases;
  }

  private askAllNodes<T>(ask: (node: AskedNode) => Promise<T>): Promise<T[]> {
    return this.again(() => Promise.all(this.topology.map.owningShards.map(async ({ id }) => ask(await this.nodeOfShard(id)))));
  }

  private async byOwner(keys: KeyRows, rows: readonly number[]): Promise<Parcel[]> {
    const { map } = this.topology;
    const byShard = new Map<string, number[]>();
    for (const row of rows) {
      const id = map.shardOfSlot(slotOf(keys.bytes, keys.start[row], keys.end[row]))?.id ?? '';
      const own = byShard.get(id);
      if (own === undefined) byShard.set(id, [row]);
      else own.push(row);
    }
    const parcels: Parcel[] = [];
    for (const [id, own] of byShard) parcels.push({ node: await this.again(() => this.nodeOfShard(id)), rows: own, asking: false });
    return parcels;
  }

  /** @param next gets what an ASK sends elsewhere; @returns rows to ask for anew */
  private sentElsewhere(replies: KeyReplies, rows: readonly number[], columns: number, from: AskedNode, next: Parcel[]): number[] {
    const again: number[] = [];
    for (const row of rows) {
      for (let column = 0; column < columns; column++) {
        if (replies.kind(row, column) !== ReplyKind.Error) continue;
        const text = replies.text(row, column);
        const redirect = parseRedirect(text);
        if (redirect === undefined && !/^(TRYAGAIN|CLUSTERDOWN)/.test(text)) continue;
        const to = redirect && this.topology.redirected(redirect, from.connection.endpoint);
        if (redirect?.kind === 'ask' && to !== undefined) addParcel(next, this.nodeAt(to.endpoint), row);
        else again.push(row);
        break;
      }
    }
    return again;
  }

  private nodeOfSlot(slot: number): Promise<AskedNode> {
    return this.nodeOfShard(this.topology.map.shardOfSlot(slot)?.id ?? '');
  }

  /** Connected. @throws CLUSTER_NOT_READY */
  private async nodeOfShard(id: string): Promise<AskedNode> {
    const shard = this.topology.map.shard(id);
    if (shard === undefined) throw new GodwitError('CLUSTER_NOT_READY', `slots of the ${this.role} have no owner for now`);
    const node = this.nodeAt(this.topology.endpointOf(shard.primary));
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      const error = new GodwitError('CLUSTER_NOT_READY', `${this.role} ${endpointName(node.connection.endpoint)} is not connected`);
      timer = setTimeout(() => reject(error), READY_WITHIN_MS);
    });
    await Promise.race([node.connection.ready(), late]).finally(() => clearTimeout(timer));
    return node;
  }

  private nodeAt(endpoint: Endpoint): AskedNode {
    const address = endpointName(endpoint);
    let node = this.byAddress.get(address);
    if (node === undefined || node.connection.stateName === 'closed') {
      node = new AskedNode(this.open(endpoint), this.role, this.pool, this.topology.databases > 1);
      this.byAddress.set(address, node);
      node.connection.connect({ attemptsMax: 0 }).catch(() => {});
    }
    return node;
  }

  private closeStrangers(): void {
    const { topology } = this;
    const known = new Set(Array.from(topology.map.nodes, (node) => endpointName(topology.endpointOf(node))));
    for (const [address, { connection }] of this.byAddress) {
      if (known.has(address)) continue;
      this.byAddress.delete(address);
      void connection.close();
    }
  }

  private async again<T>(attempt: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await attempt();
      } catch (error) {
        this.checkRetryable(error);
        await this.lookAround();
      }
    }
  }

  /** A connection that a change of the map has closed is no reason to end. @throws what cannot be cured by asking again */
  private checkRetryable(caught: unknown): void {
    const error = toGodwitError(caught);
    if (this.isClosed || (!error.retryable && error.code !== 'CONNECTION_LOST')) throw error;
  }

  private async lookAround(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    await this.topology.refresh();
  }
}

function addParcel(parcels: Parcel[], node: AskedNode, row: number): void {
  const known = parcels.find((one) => one.node === node);
  if (known === undefined) parcels.push({ node, rows: [row], asking: true });
  else known.rows.push(row);
}
