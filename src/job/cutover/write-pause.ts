/**
 * Stops the writes of a source: CLIENT PAUSE WRITE at the primary of each of its shards, for a short time that is renewed. Whoever dies leaves nothing behind:
 * the servers go on by themselves when the time is over.
 *
 * Invariants: writes count as stopped only while every server has answered a renewal before the time of the one before it was over, counted from when that was
 * sent. A server that is connected anew, or is another process, has let writes through.
 *
 * Writes that wait at a server would be carried out when it goes on, and be acknowledged by the side that nobody reads any more. So after a switch the clients'
 * connections are ended before: who waits for an answer gets none, comes again, and is led to the new side.
 */
import { GodwitError } from '../../errors/errors.ts';
import type { Connection } from '../../net/connection.ts';
import { endpointName } from '../../model/endpoint.ts';
import { ReplyError } from '../../resp/reply.ts';

/** What a pause lasts unless it is renewed: the longest that a source is left without writes by a process that died. */
const PAUSE_LEASE_MS = 2_000;
const RENEW_EVERY_MS = 400;
const KILL_ROUNDS = 3;
const OWN_NAMES = 'godwit:';

/** Where the stream of a server stands. */
export interface StreamPlace {
  readonly replicationId: string;
  readonly offset: number;
}

interface PausedServer {
  readonly connection: Connection;
  readonly generation: number;
  /** When the last renewal that was answered was sent (performance.now). */
  sentMs: number;
}

export class WritePause {
  /** When the first server stopped, performance.now(); undefined before. */
  sinceMs: number | undefined;
  private readonly connections: readonly Connection[];
  private readonly servers: PausedServer[] = [];
  private readonly onBroken: (reason: string) => void;
  private timer: NodeJS.Timeout | undefined;
  private isOver = false;

  /** @param connections to the primary of each shard, one each. @param onBroken writes may have come through; told once */
  constructor(connections: readonly Connection[], onBroken: (reason: string) => void) {
    this.connections = connections;
    this.onBroken = onBroken;
  }

  /** Stops all of them. Resolves with where each stands from then on, in the order of the connections. @throws GodwitError; release() is to be called then too */
  async begin(): Promise<StreamPlace[]> {
    const sentMs = performance.now();
    this.sinceMs = sentMs;
    const places = await Promise.all(
      this.connections.map(async (connection) => {
        const { generation } = connection;
        const [paused, info] = await connection.callAll([pauseCommand(), ['INFO', 'replication']]);
        if (paused instanceof ReplyError) throw refusedPause(connection, paused);
        this.servers.push({ connection, generation, sentMs });
        return placeOf(connection, String(info));
      }),
    );
    // It may have been given up meanwhile: nobody would end it then.
    if (!this.isOver) this.timer = setInterval(() => void this.renew(), RENEW_EVERY_MS);
    return places;
  }

  /** No server can have let writes through by now. */
  get isHolding(): boolean {
    const nowMs = performance.now();
    return !this.isOver && this.servers.length === this.connections.length && this.servers.every(({ sentMs }) => nowMs - sentMs < PAUSE_LEASE_MS);
  }

  /**
   * Lets writes go on everywhere. @param endClients the connections of clients are ended before, and what they wait for is not carried out
   * @returns how many connections were ended, and the servers that could not be told
   */
  async release(endClients: boolean): Promise<{ readonly ended: number; readonly untold: readonly string[] }> {
    this.isOver = true;
    clearInterval(this.timer);
    const untold: string[] = [];
    const ended = await Promise.all(
      this.connections.map(async (connection) => {
        try {
          const count = endClients ? await endAll(connection) : 0;
          await connection.call('CLIENT', 'UNPAUSE');
          return count;
        } catch {
          untold.push(endpointName(connection.endpoint));
          return 0;
        }
      }),
    );
    return { ended: ended.reduce((sum, count) => sum + count, 0), untold };
  }

  private async renew(): Promise<void> {
    await Promise.all(
      this.servers.map(async (server) => {
        const { connection, generation } = server;
        const name = endpointName(connection.endpoint);
        const sentMs = performance.now();
        try {
          const reply = await connection.call(...pauseCommand());
          if (this.isOver) return;
          if (connection.generation !== generation) this.broken(`${name} was connected anew while its writes were stopped`);
          else if (performance.now() - server.sentMs > PAUSE_LEASE_MS) this.broken(`${name} was asked to stop writes for longer too late`);
          else if (String(reply) === 'OK') server.sentMs = Math.max(server.sentMs, sentMs);
        } catch (error) {
          this.broken(`${name} could not be asked to stop writes for longer: ${String((error as Error).message)}`);
        }
      }),
    );
  }

  private broken(reason: string): void {
    if (this.isOver) return;
    this.isOver = true;
    clearInterval(this.timer);
    this.onBroken(reason);
  }
}

/** Where each of the servers stands now. @throws GodwitError of the connection */
export function streamPlaces(connections: readonly Connection[]): Promise<StreamPlace[]> {
  return Promise.all(connections.map(async (connection) => placeOf(connection, String(await connection.call('INFO', 'replication')))));
}

function pauseCommand(): [string, string, number, string] {
  return ['CLIENT', 'PAUSE', PAUSE_LEASE_MS, 'WRITE'];
}

/** @throws GodwitError WRONG_TOPOLOGY of a server that is no primary (any more) */
function placeOf(connection: Connection, info: string): StreamPlace {
  const replicationId = /^master_replid:(\w+)/m.exec(info)?.[1];
  const offset = /^master_repl_offset:(\d+)/m.exec(info)?.[1];
  if (replicationId === undefined || offset === undefined || !/^role:master/m.test(info)) {
    throw new GodwitError('WRONG_TOPOLOGY', `${endpointName(connection.endpoint)} does not say that it is a primary, and where its stream stands`);
  }
  return { replicationId, offset: Number(offset) };
}

/** All but those of Godwit, replicas and primaries; twice, for those that come meanwhile. */
async function endAll(connection: Connection): Promise<number> {
  let ended = 0;
  for (let round = 0; round < KILL_ROUNDS; round++) {
    const ids = clientsOf(String(await connection.call('CLIENT', 'LIST'))).map(({ id }) => id);
    if (ids.length === 0) break;
    const replies = await connection.callAll(ids.map((id) => ['CLIENT', 'KILL', 'ID', id]));
    ended += replies.reduce((sum: number, reply) => sum + (reply instanceof ReplyError ? 0 : Number(reply)), 0);
  }
  return ended;
}

export interface ListedClient {
  readonly id: string;
  readonly address: string;
  readonly name: string;
  /** Last command. */
  readonly command: string;
}

/** The clients of a CLIENT LIST that are neither Godwit's nor replicas, primaries or monitors. */
export function clientsOf(list: string): ListedClient[] {
  const field = (line: string, name: string): string => new RegExp(`(?:^| )${name}=(\\S*)`).exec(line)?.[1] ?? '';
  return list
    .split('\n')
    .filter((line) => line.length > 0 && !/[SMO]/.test(field(line, 'flags')) && !field(line, 'name').startsWith(OWN_NAMES))
    .map((line) => ({ id: field(line, 'id'), address: field(line, 'addr'), name: field(line, 'name'), command: field(line, 'cmd') }));
}

function refusedPause({ endpoint }: Connection, { text }: ReplyError): GodwitError {
  return new GodwitError('PERMISSION_DENIED', `${endpointName(endpoint)} does not stop writes: ${text}`, {
    fix: 'Grant +client|pause +client|unpause +client|list +client|kill, or stop the application yourself and give --wait-for-quiet.',
  });
}
