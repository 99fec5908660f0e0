/** One server as a side: standalone, or the one that sentinels name, whose connection is pointed to another address when they name another one. */
import { type GodwitError, toGodwitError } from '../../errors/errors.ts';
import { endpointName } from '../../model/endpoint.ts';
import { type ServerVersion, versionName } from '../../model/server-version.ts';
import type { Connection } from '../../net/connection.ts';
import type { CommandArgument } from '../../resp/encode.ts';
import { type Reply, ReplyError } from '../../resp/reply.ts';
import { AskedNode } from './asked-node.ts';
import type { AskedSide, DatabaseFacts, KeyScanner, SideAbilities } from './asked-side.ts';
import type { KeyColumn } from './key-command.ts';
import { KeyReplies, SlabPool } from './key-replies.ts';
import type { KeyRows } from './key-rows.ts';
import { nullReplies } from './null-replies.ts';
import { ShardScanner } from './shard-scanner.ts';
import { surveyAbilities, surveyClock, surveyDatabases } from './side-survey.ts';

const RETRY_MS = 100;

export class ServerSide implements AskedSide {
  abilities: SideAbilities = { expireTime: false, memoryUsage: false, encoding: false, manyMembers: false, fieldExpiry: false };
  private readonly pool = new SlabPool();
  private readonly node: AskedNode;
  private readonly connection: Connection;
  private readonly databasesKnown = new Map<number, boolean>();
  private isClosed = false;

  private readonly closeMore: () => Promise<void>;

  /** @param connection connected, or soon to be; @param role `source` or `target`; @param closeMore what is to be closed with it */
  constructor(connection: Connection, role: 'source' | 'target', closeMore: () => Promise<void> = async () => {}) {
    this.connection = connection;
    this.closeMore = closeMore;
    this.node = new AskedNode(connection, role, this.pool, true);
  }

  get name(): string {
    const address = endpointName(this.connection.endpoint);
    return this.version === undefined ? address : `${address} (${versionName(this.version)})`;
  }

  get version(): ServerVersion | undefined {
    return this.connection.server.version;
  }

  /** To be called once it is connected. @throws GodwitError PERMISSION_DENIED */
  async survey(): Promise<void> {
    this.abilities = await this.again(() => surveyAbilities(this.node));
  }

  runIds(): readonly string[] {
    const { runId } = this.connection.server;
    return runId === '' ? [] : [runId];
  }

  databases(): Promise<readonly DatabaseFacts[]> {
    return this.again(() => surveyDatabases(this.node));
  }

  scanners(database: number): KeyScanner[] {
    const node = (): Promise<AskedNode> => Promise.resolve(this.node);
    return [new ShardScanner({ pool: this.pool, database, node, again: (attempt) => this.again(attempt) })];
  }

  async ask(database: number, keys: KeyRows, columns: readonly KeyColumn[], bulkKeepMax: number): Promise<KeyReplies> {
    if (!(await this.hasDatabase(database))) return nullReplies(keys.count, columns.length, this.pool);
    const { slab, firstRow } = await this.again(() => this.node.ask(database, keys, null, columns, bulkKeepMax));
    const replies = new KeyReplies(keys.count, this.pool);
    replies.add(slab, firstRow, null);
    return replies;
  }

  async existing(database: number, keys: KeyRows): Promise<number> {
    return (await this.hasDatabase(database)) ? this.again(() => this.node.existing(database, keys)) : 0;
  }

  async call(database: number, _key: Uint8Array, commands: readonly (readonly CommandArgument[])[]): Promise<Reply[]> {
    if (!(await this.hasDatabase(database))) return commands.map(() => null);
    return this.again(() => this.node.call(database, commands));
  }

  callAny(commands: readonly (readonly CommandArgument[])[]): Promise<Reply[]> {
    return this.again(() => this.node.call(-1, commands));
  }

  clockOffsetMs(): Promise<number> {
    return this.again(() => surveyClock(this.node));
  }

  notes(): readonly string[] {
    return [];
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await Promise.all([this.connection.close(), this.closeMore()]);
  }

  private async hasDatabase(database: number): Promise<boolean> {
    const known = this.databasesKnown.get(database);
    if (known !== undefined) return known;
    const [reply] = await this.again(() => this.node.call(-1, [['SELECT', database]]));
    if (reply instanceof ReplyError && reply.code === 'NOPERM') throw this.node.failure(reply);
    const isThere = !(reply instanceof ReplyError);
    this.databasesKnown.set(database, isThere);
    return isThere;
  }

  private async again<T>(attempt: () => Promise<T>): Promise<T> {
    for (;;) {
      await this.connection.ready();
      try {
        return await attempt();
      } catch (caught) {
        const error: GodwitError = toGodwitError(caught);
        if (!error.retryable || this.isClosed) throw error;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }
}
