/**
 * Follows a cluster: asks one node (the informant) every few seconds, at once after redirects and lost connections, and others when it says nothing, says
 * that the cluster is down, or knows less than we do.
 *
 * Invariants: the map in force is never replaced by one of a lower epoch, unless three looks in a row find nothing newer (a cluster that was built anew from
 * its nodes), and never by one that has no node in common with it (an address that another cluster has now). Nobody is asked over a connection of the data.
 *
 *   ask-cluster.ts  the question    build-cluster-map.ts  the answer as a map    cluster-changes.ts  what is new    look-around.ts  whom to ask
 */
import { isIP } from 'node:net';
import { BackOff } from '../async/back-off.ts';
import { type Clock, systemClock } from '../async/clock.ts';
import { Pause } from '../async/pause.ts';
import { TypedEmitter } from '../async/typed-emitter.ts';
import { GodwitError, toGodwitError } from '../errors/errors.ts';
import { type Endpoint, endpointName } from '../model/endpoint.ts';
import type { Connection } from '../net/connection.ts';
import { nodeText } from '../net/reply-errors.ts';
import type { ConnectionStatus } from '../observe/job-status.ts';
import { askCluster, CLUSTER_REPLY_BYTES_MAX } from './ask-cluster.ts';
import { buildClusterMap } from './build-cluster-map.ts';
import type { ClusterFollower, ClusterTopologyEvents, ClusterTopologyOptions } from './cluster-api.ts';
import { clusterChanges } from './cluster-changes.ts';
import type { ClusterMap, ClusterShard } from './cluster-map.ts';
import type { ClusterNode } from './cluster-node.ts';
import { discoveryConnection } from './discovery-connection.ts';
import { furthestReplica } from './furthest-replica.ts';
import { KnownAddresses } from './known-addresses.ts';
import { lookAround, type Looked } from './look-around.ts';
import type { Redirect } from './parse-redirect.ts';
import { reachableAddress } from './reachable-address.ts';
import { RefreshLoop } from './refresh-loop.ts';
import { Trouble } from './trouble.ts';

const REFRESH_EVERY_MS = 5_000;
const REFRESH_GAP_MS = 200;
const STAGGER_MS = 400;
const ASKED_AT_ONCE_MAX = 4;
/** So many looks in a row must find only older maps before one of them is believed. */
const OLDER_LOOKS_MIN = 3;

interface Informant {
  readonly endpoint: Endpoint;
  readonly connection: Connection;
}

interface Answer extends Informant {
  readonly map: ClusterMap;
  readonly databases: number;
}

export class ClusterTopology implements ClusterFollower {
  readonly events: TypedEmitter<ClusterTopologyEvents>;
  databases = 1;
  private readonly options: ClusterTopologyOptions;
  private readonly clock: Clock;
  private readonly known: KnownAddresses;
  private readonly loop: RefreshLoop;
  private readonly trouble: Trouble;
  private readonly pause: Pause;
  /** Connections that are being made or asked. */
  private readonly asked = new Set<Connection>();
  private current: ClusterMap | undefined;
  private informant: Informant | undefined;
  /** Whom to ask first at the next look: the node that a MOVED has named. */
  private hint: Endpoint | undefined;
  private olderLooks = 0;
  private closed = false;

  constructor(options: ClusterTopologyOptions) {
    this.options = options;
    this.clock = options.clock ?? systemClock;
    this.events = new TypedEmitter((error) => options.log.error({ error: String(error) }, 'a listener of a topology has failed'));
    this.pause = new Pause(this.clock);
    this.known = new KnownAddresses(options.side.seeds);
    this.trouble = new Trouble(this.clock, {
      begun: (error) => {
        options.log.warn({ role: options.role, code: error.code, error: error.message }, 'the cluster cannot be seen as a whole');
        this.events.emit('trouble', { error });
      },
      over: (troubledMs) => {
        options.log.info({ role: options.role, troubledMs }, 'the cluster can be seen again');
        this.events.emit('recovered', { troubledMs });
      },
    });
    const { refreshEveryMs = REFRESH_EVERY_MS, refreshGapMs = REFRESH_GAP_MS } = options;
    this.loop = new RefreshLoop({ clock: this.clock, everyMs: refreshEveryMs, gapMs: refreshGapMs, run: () => this.look() });
  }

  get map(): ClusterMap {
    if (this.current === undefined) throw new GodwitError('INTERNAL', 'the map of a cluster was asked for before it was found');
    return this.current;
  }

  async start(first: { readonly attemptsMax?: number } = {}): Promise<void> {
    const { reconnect, random = Math.random } = this.options;
    const attemptsMax = first.attemptsMax ?? reconnect.attemptsMax;
    const backOff = new BackOff({ ...reconnect, random });
    while (this.current === undefined) {
      const error = await this.lookOnce().then(
        () => undefined,
        (caught: unknown) => toGodwitError(caught),
      );
      if (this.current !== undefined) break;
      if (this.closed) throw closedError();
      if (error && (!error.retryable || (attemptsMax > 0 && backOff.attempts + 1 >= attemptsMax))) throw error;
      if (error) this.trouble.met(error);
      await this.pause.wait(backOff.nextDelayMs());
      if (this.closed) throw closedError();
    }
    this.trouble.over();
    this.loop.start();
  }

  async refresh(): Promise<ClusterMap> {
    await this.loop.ask();
    return this.map;
  }

  redirected(redirect: Redirect, from: Pick<Endpoint, 'host'>): { readonly endpoint: Endpoint; readonly node: ClusterNode | undefined } {
    const { port } = redirect;
    const host = redirect.host || from.host;
    const node = this.current?.nodeAt(endpointName({ host, port }));
    const named = isIP(host) === 0 ? { ip: '', hostname: host } : { ip: host, hostname: '' };
    const place = node ?? reachableAddress({ ...named, port }, this.options.side.announced, from.host);
    const endpoint = this.endpointOf(place);
    if (redirect.kind === 'moved' && !this.closed) {
      this.hint = endpoint;
      this.loop.ask().catch(() => {});
    }
    return { endpoint, node };
  }

  endpointOf({ host, port }: Pick<ClusterNode, 'host' | 'port'>): Endpoint {
    const { username, password, tls } = this.options.side.seeds[0];
    return {
      host,
      port,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
      ...(tls === undefined ? {} : { tls }),
    };
  }

  async replicationSource(shard: ClusterShard, preferReplica: boolean): Promise<ClusterNode> {
    const replicas = preferReplica ? shard.replicas.filter(({ health }) => health === 'online') : [];
    const index = await furthestReplica(
      replicas.map((node) => this.endpointOf(node)),
      this.options,
    );
    return replicas[index] ?? shard.primary;
  }

  connections(): ConnectionStatus[] {
    return this.informant === undefined ? [] : [this.informant.connection.status()];
  }

  async close(): Promise<void> {
    this.closed = true;
    this.loop.stop();
    this.pause.end();
    const open = [...this.asked, ...(this.informant ? [this.informant.connection] : [])];
    this.informant = undefined;
    await Promise.all(open.map((connection) => connection.close()));
  }

  private async look(): Promise<void> {
    try {
      await this.lookOnce();
      const { map } = this;
      if (map.stateOk && map.slotsMissing === 0) this.trouble.over();
      else this.trouble.met(this.notReady(map));
    } catch (error) {
      if (!this.closed) this.trouble.met(toGodwitError(error));
    }
  }

  /** @throws when nothing was learned */
  private async lookOnce(): Promise<void> {
    const looked = await lookAround<Endpoint, Answer>({
      places: this.places(),
      ask: (endpoint) => this.ask(endpoint),
      isGood: ({ map }) => map.stateOk && map.slotsMissing === 0 && map.currentEpoch >= (this.current?.currentEpoch ?? -1),
      staggerMs: STAGGER_MS,
      parallelMax: ASKED_AT_ONCE_MAX,
      clock: this.clock,
    });
    const kept = looked.good ?? best(looked.others);
    for (const connection of this.asked) if (connection !== kept?.connection) void connection.close();
    this.asked.clear();
    if (this.closed) {
      await kept?.connection.close();
      throw closedError();
    }
    if (kept === undefined) throw this.nobodyAnswers(looked);
    this.keep(kept);
    this.take(kept, looked.good !== undefined);
  }

  private places(): Endpoint[] {
    const { hint, informant, current } = this;
    this.hint = undefined;
    const nodes = [...(current?.nodes ?? [])].filter(({ health }) => health === 'online');
    const first = [...(hint ? [hint] : []), ...(informant ? [informant.endpoint] : [])];
    return this.known.inOrder([...first, ...nodes.filter(({ role }) => role === 'primary'), ...nodes].map((node) => this.endpointOf(node)));
  }

  private async ask(endpoint: Endpoint): Promise<Answer> {
    const { options } = this;
    const { side } = options;
    const own = this.informant;
    const reused = own !== undefined && own.connection.isReady && endpointName(own.endpoint) === endpointName(endpoint);
    const connection = reused ? own.connection : discoveryConnection(options, endpoint, { bulkReplyBytesMax: CLUSTER_REPLY_BYTES_MAX });
    this.asked.add(connection);
    try {
      if (!reused) await connection.connect({ attemptsMax: 1 });
      const node = { role: options.role, address: endpointName(endpoint) };
      const answer = await askCluster(connection, node);
      const map = buildClusterMap(answer, {
        announced: side.announced,
        askedHost: endpoint.host,
        tls: endpoint.tls !== undefined,
        ...(this.current && { before: this.current }),
      });
      if (this.current && ![...map.nodes].some(({ id }) => this.current?.node(id))) {
        this.known.forget(endpoint);
        throw new GodwitError('WRONG_TOPOLOGY', `${nodeText(node)} belongs to another cluster now`);
      }
      return { endpoint, connection, map, databases: answer.databases };
    } catch (error) {
      this.asked.delete(connection);
      if (this.informant?.connection === connection) this.informant = undefined;
      void connection.close();
      throw error;
    }
  }

  private keep({ endpoint, connection }: Answer): void {
    const before = this.informant;
    if (before?.connection === connection) return;
    this.informant = { endpoint, connection };
    connection.events.on('lost', () => {
      if (this.informant?.connection !== connection) return;
      this.informant = undefined;
      void connection.close();
      this.loop.ask().catch(() => {});
    });
    void before?.connection.close();
  }

  private take({ map, databases }: Answer, isGood: boolean): void {
    const before = this.current;
    if (before === undefined && !isGood) throw this.notReady(map);
    if (before !== undefined && map.currentEpoch < before.currentEpoch) {
      this.olderLooks++;
      if (this.olderLooks < OLDER_LOOKS_MIN) throw this.behind(map, before);
    }
    this.olderLooks = 0;
    this.current = map;
    this.databases = databases;
    for (const node of map.nodes) this.known.see(this.endpointOf(node));
    const changes = before ? clusterChanges(before, map) : [];
    if (before && changes.length > 0) this.events.emit('changed', { map, before, changes });
  }

  private notReady(map: ClusterMap): GodwitError {
    const what = map.slotsMissing > 0 ? `${map.slotsMissing} slots have no node` : 'cluster_state is not ok';
    return new GodwitError('CLUSTER_NOT_READY', `the cluster of the ${this.options.role.split(' ', 1)[0]} is not complete: ${what}`);
  }

  private behind(map: ClusterMap, before: ClusterMap): GodwitError {
    const epochs = `epoch ${map.currentEpoch}, and ${before.currentEpoch} was seen before`;
    return new GodwitError('CLUSTER_NOT_READY', `the nodes of the ${this.options.role.split(' ', 1)[0]} that answer are behind: ${epochs}`);
  }

  /** A refusal for good, such as a wrong password, says more than that others are away. */
  private nobodyAnswers({ failures }: Looked<Endpoint, Answer>): GodwitError {
    const final = failures.find(({ error }) => !error.retryable && error.code !== 'CONNECT_FAILED')?.error;
    if (final) return final;
    const reasons = failures.map(({ error }) => error.message).slice(0, 5);
    const more = failures.length > reasons.length ? `, and ${failures.length - reasons.length} more` : '';
    return new GodwitError('CONNECT_FAILED', `no node of the cluster answers: ${reasons.join('; ')}${more}`, { cause: failures[0]?.error });
  }
}

/** The newest; of equals the most complete. */
function best(answers: readonly Answer[]): Answer | undefined {
  return answers.toSorted(
    (a, b) => b.map.currentEpoch - a.map.currentEpoch || a.map.slotsMissing - b.map.slotsMissing || Number(b.map.stateOk) - Number(a.map.stateOk),
  )[0];
}

function closedError(): GodwitError {
  return new GodwitError('CONNECT_FAILED', 'the topology is closed', { retryable: false });
}
