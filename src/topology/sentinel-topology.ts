/**
 * Follows a primary that sentinels watch. All sentinels are asked at once, every few seconds and whenever one of them tells of a switch; the word of the one
 * with the highest config epoch is tried first, and believed when the server that it names says itself that it is a primary.
 *
 * Invariants: `primary` is always an address that was verified; sentinels that others name are asked as well, with the credentials of the given ones.
 */
import { BackOff } from '../async/back-off.ts';
import { type Clock, systemClock } from '../async/clock.ts';
import { Pause } from '../async/pause.ts';
import { TypedEmitter } from '../async/typed-emitter.ts';
import { GodwitError, toGodwitError } from '../errors/errors.ts';
import { type Endpoint, endpointName } from '../model/endpoint.ts';
import type { ConnectionStatus } from '../observe/job-status.ts';
import { discoveryConnection } from './discovery-connection.ts';
import { furthestReplica } from './furthest-replica.ts';
import { reachableAddress } from './reachable-address.ts';
import { RefreshLoop } from './refresh-loop.ts';
import type { SentinelFollower, SentinelTopologyEvents, SentinelTopologyOptions, WatchedReplica } from './sentinel-api.ts';
import type { SentinelAddress } from './sentinel-replies.ts';
import { SentinelWatch, type SentinelWord } from './sentinel-watch.ts';
import { Trouble } from './trouble.ts';

const REFRESH_EVERY_MS = 5_000;
const REFRESH_GAP_MS = 200;
/** How long a sentinel is waited for that is not connected, while others have answered. */
const STRAGGLER_MS = 1_000;
const SENTINELS_MAX = 32;

export class SentinelTopology implements SentinelFollower {
  readonly events: TypedEmitter<SentinelTopologyEvents>;
  replicas: readonly WatchedReplica[] = [];
  private readonly options: SentinelTopologyOptions;
  private readonly clock: Clock;
  private readonly watches = new Map<string, SentinelWatch>();
  private readonly loop: RefreshLoop;
  private readonly trouble: Trouble;
  private readonly pause: Pause;
  private current: Endpoint | undefined;
  private started = false;
  private closed = false;

  constructor(options: SentinelTopologyOptions) {
    this.options = options;
    this.clock = options.clock ?? systemClock;
    this.events = new TypedEmitter((error) => options.log.error({ error: String(error) }, 'a listener of a topology has failed'));
    this.pause = new Pause(this.clock);
    this.trouble = new Trouble(this.clock, {
      begun: (error) => {
        options.log.warn({ role: options.role, code: error.code, error: error.message }, 'the sentinels name no primary');
        this.events.emit('trouble', { error });
      },
      over: (troubledMs) => {
        options.log.info({ role: options.role, troubledMs }, 'the sentinels name a primary again');
        this.events.emit('recovered', { troubledMs });
      },
    });
    const { refreshEveryMs = REFRESH_EVERY_MS, refreshGapMs = REFRESH_GAP_MS } = options;
    this.loop = new RefreshLoop({ clock: this.clock, everyMs: refreshEveryMs, gapMs: refreshGapMs, run: () => this.look() });
  }

  get primary(): Endpoint {
    if (this.current === undefined) throw new GodwitError('INTERNAL', 'the primary behind sentinels was asked for before it was found');
    return this.current;
  }

  async start(first: { readonly attemptsMax?: number } = {}): Promise<void> {
    const { reconnect, side, random = Math.random } = this.options;
    const attemptsMax = first.attemptsMax ?? reconnect.attemptsMax;
    const backOff = new BackOff({ ...reconnect, random });
    for (const endpoint of side.sentinels) this.watch(endpoint);
    while (this.current === undefined) {
      const error = await this.lookOnce().then(
        () => undefined,
        (caught: unknown) => toGodwitError(caught),
      );
      if (this.closed) throw closedError();
      if (error === undefined) break;
      if (!error.retryable || (attemptsMax > 0 && backOff.attempts + 1 >= attemptsMax)) throw error;
      this.trouble.met(error);
      await this.pause.wait(backOff.nextDelayMs());
      if (this.closed) throw closedError();
    }
    this.trouble.over();
    this.started = true;
    this.loop.start();
  }

  async refresh(): Promise<Endpoint> {
    await this.loop.ask();
    return this.primary;
  }

  async replicationSource(preferReplica: boolean): Promise<Endpoint> {
    const online = preferReplica ? this.replicas.filter((replica) => replica.online).map((replica) => this.dataEndpoint(replica)) : [];
    return online[await furthestReplica(online, this.options)] ?? this.primary;
  }

  connections(): ConnectionStatus[] {
    return [...this.watches.values()].flatMap((watch) => watch.connections());
  }

  async close(): Promise<void> {
    this.closed = true;
    this.loop.stop();
    this.pause.end();
    await Promise.all([...this.watches.values()].map((watch) => watch.close()));
  }

  private watch(endpoint: Endpoint): void {
    const address = endpointName(endpoint);
    if (this.closed || this.watches.has(address) || this.watches.size >= SENTINELS_MAX) return;
    const onSwitch = (): void => {
      if (this.started && !this.closed) this.loop.ask().catch(() => {});
    };
    const watch = new SentinelWatch(this.options, endpoint, this.options.side.primaryName, onSwitch);
    this.watches.set(address, watch);
    watch.open();
  }

  private async look(): Promise<void> {
    try {
      await this.lookOnce();
      this.trouble.over();
    } catch (error) {
      if (!this.closed) this.trouble.met(toGodwitError(error));
    }
  }

  private async lookOnce(): Promise<void> {
    const { words, failures } = await this.askAll();
    if (this.closed) throw closedError();
    const knowing = words.filter(({ primary }) => primary !== undefined).toSorted((a, b) => b.configEpoch - a.configEpoch);
    if (knowing.length === 0) throw this.nobodyKnows(words, failures);
    for (const { sentinels } of knowing) for (const other of sentinels) this.watch(this.sentinelEndpoint(other));
    const primary = await this.verified(knowing);
    this.takeReplicas(knowing[0].replicas.map((replica) => ({ ...replica, ...this.place(replica) })));
    const from = this.current;
    this.current = primary;
    if (from && endpointName(from) !== endpointName(primary)) this.events.emit('primary-changed', { from, to: primary });
  }

  private async askAll(): Promise<{ readonly words: SentinelWord[]; readonly failures: GodwitError[] }> {
    const { connectTimeoutMs } = this.options.reconnect;
    const timeoutMs = this.current === undefined ? connectTimeoutMs : Math.min(STRAGGLER_MS, connectTimeoutMs);
    const [words, failures]: [SentinelWord[], GodwitError[]] = [[], []];
    const asking = [...this.watches.values()].map((watch) => watch.ask(timeoutMs).then((word) => void words.push(word)));
    const all = Promise.all(asking.map((one) => one.catch((error: unknown) => void failures.push(toGodwitError(error)))));
    // One that has stopped answering on a connection that is open must not hold up what the others know.
    const enough = Promise.any(asking).then(
      () => new Promise<void>((resolve) => void this.clock.startTimer(STRAGGLER_MS, resolve, { background: true })),
      () => all,
    );
    await Promise.race([all, enough]);
    return { words: [...words], failures: [...failures] };
  }

  /** The first server in the order of the words that says that it is a primary. The one in force needs not say it again, its users would notice. */
  private async verified(words: readonly SentinelWord[]): Promise<Endpoint> {
    const named = new Map(words.map(({ primary }) => this.dataEndpoint(primary!)).map((endpoint) => [endpointName(endpoint), endpoint]));
    let last: GodwitError | undefined;
    for (const [address, endpoint] of named) {
      if (this.current && endpointName(this.current) === address) return this.current;
      const connection = discoveryConnection(this.options, endpoint);
      try {
        await connection.connect({ attemptsMax: 1 });
        // Unknown: ROLE and INFO are refused, so that there is nothing to believe but the sentinel.
        if (connection.server.role !== 'replica') return endpoint;
        last = new GodwitError(
          'CONNECT_FAILED',
          `the sentinels name ${address} as the primary of ${this.options.side.primaryName}, but it says that it is a replica`,
        );
      } catch (error) {
        last = toGodwitError(error);
      } finally {
        await connection.close();
      }
    }
    throw last ?? new GodwitError('CONNECT_FAILED', 'the sentinels name no primary');
  }

  private takeReplicas(replicas: readonly WatchedReplica[]): void {
    const nameOf = (list: readonly WatchedReplica[]): string =>
      list
        .map((one) => `${endpointName(one)} ${one.online}`)
        .toSorted()
        .join();
    const changed = nameOf(this.replicas) !== nameOf(replicas);
    this.replicas = replicas;
    if (changed && this.started) this.events.emit('replicas-changed', { replicas });
  }

  private place({ host, port }: SentinelAddress): SentinelAddress {
    return reachableAddress({ ip: host, hostname: '', port }, this.options.side.announced, host);
  }

  private dataEndpoint(address: SentinelAddress): Endpoint {
    return { ...this.place(address), ...this.options.side.access };
  }

  private sentinelEndpoint(address: SentinelAddress): Endpoint {
    return { ...this.options.side.sentinels[0], ...this.place(address) };
  }

  private nobodyKnows(words: readonly SentinelWord[], failures: readonly GodwitError[]): GodwitError {
    const { primaryName } = this.options.side;
    if (words.length > 0) {
      const names = [...new Set(words.flatMap((word) => word.names))].toSorted();
      const known = names.length === 0 ? 'they watch nothing' : `they know ${names.join(', ')}`;
      return new GodwitError('SENTINEL_NAME_UNKNOWN', `the sentinels do not know a primary named ${JSON.stringify(primaryName)}: ${known}`, {
        details: { primaryName, names: names.join(', ') },
        // One that was there may come back: a sentinel that was reset learns it again.
        retryable: this.current !== undefined,
      });
    }
    const final = failures.find(({ retryable }) => !retryable);
    if (final) return final;
    return new GodwitError('CONNECT_FAILED', `no sentinel answers: ${failures.map(({ message }) => message).join('; ')}`, { cause: failures[0] });
  }
}

function closedError(): GodwitError {
  return new GodwitError('CONNECT_FAILED', 'the topology is closed', { retryable: false });
}
