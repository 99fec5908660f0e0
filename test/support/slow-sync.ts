/**
 * A scene whose full sync lasts as long as it is told to (`rdb-key-save-delay`, diskless), with verbose logs, so that connections which a server closed
 * for being idle can be counted. Between Godwit and the target there may be a proxy with faults, and a user with fewer rights.
 */
import { ask } from './ask.ts';
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';
import type { GodwitProcess } from './godwit-process.ts';
import type { LiveLoad } from './live-load.ts';
import type { RealServer } from './server.ts';
import { openScene, type SyncScene } from './sync-scene.ts';
import { type WaitOptions, waitFor } from './wait-for.ts';

export interface SlowSyncOptions {
  /** At least; 0 = as fast as it goes. */
  fullSyncMs: number;
  /** `late`: nothing reaches Godwit before the source has saved the last key. `always`: keys arrive all the time. */
  arrival: 'late' | 'always';
  /** `timeout` of each, in seconds. */
  sourceTimeoutS?: number;
  targetTimeoutS?: number;
  /** Rules of the user as whom Godwit comes to the target, such as `+@all -config`. */
  targetRights?: string;
  /** A proxy before the target. */
  proxied?: boolean;
}

/** What the servers and Godwit have counted. */
export interface ConnectionCounts {
  readonly reconnects: Readonly<Record<string, number>>;
  readonly pings: Readonly<Record<string, number>>;
  readonly closedBySource: number;
  readonly closedByTarget: number;
  readonly fullSyncs: number;
}

const USER = 'mover';
const PASSWORD = 'secret';
/** All of them fit into the source's buffer of 16 KiB, which it sends when it is full. */
const LATE_KEYS = 200;
const ALWAYS_KEY_MS = 2;
const FAST_KEYS = 4_000;

export async function openSlowSync(options: SlowSyncOptions): Promise<SlowSync> {
  const { fullSyncMs, arrival, sourceTimeoutS = 0, targetTimeoutS = 0, proxied, targetRights } = options;
  const keys = fullSyncMs === 0 ? FAST_KEYS : arrival === 'late' ? LATE_KEYS : Math.ceil(fullSyncMs / ALWAYS_KEY_MS);
  const common = { loglevel: 'verbose', 'repl-backlog-size': '64mb' };
  const scene = await openScene({
    source: { args: { ...common, 'repl-diskless-sync': 'yes', 'rdb-key-save-delay': Math.ceil((fullSyncMs * 1_000) / keys) } },
    target: { args: common },
  });
  const slow = new SlowSync(scene, keys, proxied ? await startFaultProxy({ port: scene.target.port }) : undefined);
  await slow.fill(arrival === 'late' ? 0 : 400);
  await slow.address(targetRights);
  // Only now: a harness that is busy with its own beginning would be closed as well.
  if (sourceTimeoutS > 0) await setting(scene.source, 'timeout', sourceTimeoutS);
  if (targetTimeoutS > 0) await slow.setTargetTimeout(targetTimeoutS);
  return slow;
}

export class SlowSync {
  readonly scene: SyncScene;
  readonly keys: number;
  private readonly faultProxy: FaultProxy | undefined;

  constructor(scene: SyncScene, keys: number, faultProxy: FaultProxy | undefined) {
    this.scene = scene;
    this.keys = keys;
    this.faultProxy = faultProxy;
  }

  get target(): RealServer {
    return this.scene.target;
  }

  /** @throws Error when none was asked for. */
  get proxy(): FaultProxy {
    if (!this.faultProxy) throw new Error('this scene has no proxy');
    return this.faultProxy;
  }

  godwit(...args: readonly string[]): GodwitProcess {
    return this.scene.godwit(...args);
  }

  load(): LiveLoad {
    return this.scene.load();
  }

  /** One write at the source, so that the stream has something. */
  async write(key: string, value: string): Promise<void> {
    const reply = await ask(this.scene.source.port, ['SET', key, value]);
    if (reply !== '+OK') throw new Error(`SET: ${reply}`);
  }

  /** `timeout` of the target, from now on. */
  setTargetTimeout(timeoutS: number): Promise<void> {
    return setting(this.scene.target, 'timeout', timeoutS);
  }

  /** `repl-timeout` of the source. */
  setSourceReplicaTimeout(timeoutS: number): Promise<void> {
    return setting(this.scene.source, 'repl-timeout', timeoutS);
  }

  /** The harness holds no idle connections of its own: they would be counted as well. */
  async counts(godwit: GodwitProcess): Promise<ConnectionCounts> {
    const { connections } = await godwit.status();
    return {
      reconnects: Object.fromEntries(connections.map(({ role, reconnects }) => [role, reconnects])),
      pings: Object.fromEntries(connections.map(({ role, pingsSent }) => [role, pingsSent])),
      closedBySource: idleClosings(this.scene.source),
      closedByTarget: idleClosings(this.scene.target),
      fullSyncs: await this.scene.sourceCounter('sync_full'),
    };
  }

  async close(): Promise<void> {
    await this.scene.close();
    this.faultProxy?.close();
  }

  async fill(padding: number): Promise<void> {
    const client = this.scene.source.client();
    const pipeline = client.pipeline();
    for (let i = 0; i < this.keys; i++) pipeline.set(`k${i}`, `${i}`.padEnd(padding && padding - (i % 97), 'x').padEnd(padding, '.'));
    const results = (await pipeline.exec()) ?? [];
    client.disconnect();
    for (const [error] of results) if (error) throw error;
  }

  async address(rights: string | undefined): Promise<void> {
    const { scene, faultProxy } = this;
    let user = '';
    if (rights !== undefined) {
      const client = scene.target.client();
      await client.call('ACL', 'SETUSER', USER, 'on', `>${PASSWORD}`, '~*', '&*', ...rights.split(' '));
      client.disconnect();
      user = `${USER}:${PASSWORD}@`;
    }
    scene.targetUrl = `redis://${user}${scene.target.host}:${faultProxy?.port ?? scene.target.port}`;
  }
}

async function setting(server: RealServer, name: string, value: number): Promise<void> {
  const reply = await ask(server.port, ['CONFIG', 'SET', name, String(value)]);
  if (reply !== '+OK') throw new Error(`CONFIG SET ${name} ${value}: ${reply}`);
}

/** Awaits the line by which Godwit tells of a lost connection. Resolves with its code; `from`: lines before are passed over. */
export async function connectionLost(godwit: GodwitProcess, role: string, from = 0, options: WaitOptions = {}): Promise<string> {
  return waitFor(`the loss of ${role}`, () => lossesOf(godwit, role).at(from), { timeoutMs: 60_000, ...options });
}

/** Codes of all losses of this connection, as the log tells them. */
export function lossesOf(godwit: GodwitProcess, role: string): string[] {
  return godwit.lines.filter((line) => line['role'] === role && line['message'] === 'connection lost, will reconnect').map((line) => String(line['code']));
}

/** Connections of clients that the server has closed because they were idle. */
function idleClosings(server: RealServer): number {
  return server.log().split('Closing idle client').length - 1;
}
