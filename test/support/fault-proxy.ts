/**
 * A TCP proxy whose faults can be set while it runs. Bytes pass in order; back-pressure passes through it too.
 *
 *   client <-- flow --> proxy <-- flow --> server          to-server: requests, to-client: replies
 *
 * A flow that has lost bytes (swallowed or dropped) loses all later ones as well: what comes after a hole in a stream makes no sense to anyone.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { Flow, type Direction, type FlowFaults } from './fault-flow.ts';
import { waitFor } from './wait-for.ts';

export type { Direction } from './fault-flow.ts';

export interface FaultProxyOptions {
  readonly port: number;
  readonly host?: string;
}

export async function startFaultProxy(server: FaultProxyOptions): Promise<FaultProxy> {
  const proxy = new FaultProxy(server);
  await proxy.listen();
  return proxy;
}

export class FaultProxy {
  readonly host = '127.0.0.1';
  /** Connections taken since the start. */
  accepted = 0;
  /** Flows that were dropped for idleness. */
  dropped = 0;
  private readonly server: FaultProxyOptions;
  private readonly flows = new Set<Flow>();
  private readonly faults: FlowFaults = {
    delayMs: 0,
    sliceBytes: 0,
    stalled: false,
    swallow: { 'to-server': false, 'to-client': false },
    idleLimitMs: 0,
    cut: null,
  };
  private silent = false;
  private listener: Server | null = null;
  private listenPort = 0;

  constructor(server: FaultProxyOptions) {
    this.server = server;
  }

  get port(): number {
    return this.listenPort;
  }

  get url(): string {
    return `redis://${this.host}:${this.port}`;
  }

  /** Connections that are open to the client at this moment. */
  get open(): number {
    return [...this.flows].filter((flow) => flow.isOpen).length;
  }

  /** Every byte waits this long, in both directions. */
  delay(delayMs: number): void {
    this.faults.delayMs = delayMs;
  }

  /** Bytes pass in slices of this size, each on its own: what belongs together arrives apart. 0 = off, and what is left of them passes at once. */
  trickle(sliceBytes: number): void {
    this.faults.sliceBytes = sliceBytes;
    if (sliceBytes === 0) for (const flow of this.flows) flow.hurry();
  }

  /**
   * The first flow that passes this many bytes from now on is cut there, once.
   * @returns when it was cut; may be left unawaited.
   */
  cutAfter(bytes: number, direction: Direction): Promise<void> {
    for (const flow of this.flows) flow.countAnew();
    return new Promise((resolve) => {
      this.faults.cut = { bytes, direction, done: resolve };
    });
  }

  /** Ends cutAfter() before it has come to that. */
  cutNoMore(): void {
    this.faults.cut = null;
  }

  /** New connections are taken, but no byte ever comes back. */
  acceptAndSayNothing(on = true): void {
    this.silent = on;
  }

  /** A flow without a byte in either direction for this long is forgotten: no FIN, no RST, both sides keep their sockets. 0 = off. */
  dropIdleAfter(idleLimitMs: number): void {
    this.faults.idleLimitMs = idleLimitMs;
    for (const flow of this.flows) flow.watchIdle();
  }

  /** Requests reach the server, replies get lost. */
  swallowReplies(on = true): void {
    this.faults.swallow['to-client'] = on;
  }

  /** Everything gets lost, in both directions, of open and of new connections. */
  swallowAll(on = true): void {
    this.faults.swallow['to-client'] = on;
    this.faults.swallow['to-server'] = on;
  }

  /** Nothing moves, nothing is lost: buffers fill up. */
  stall(): void {
    this.faults.stalled = true;
  }

  /** Ends stall(). */
  resume(): void {
    this.faults.stalled = false;
    for (const flow of this.flows) flow.pump();
  }

  /** Nothing of the connections that are open now moves, not even their end; new ones are served. */
  detain(): void {
    for (const flow of this.flows) flow.detain();
  }

  /** Ends detain(): what was under way arrives late, also of connections that were given up meanwhile. */
  release(): void {
    for (const flow of this.flows) flow.release();
  }

  /** All open connections are reset (RST) on both sides. */
  reset(): void {
    for (const flow of this.flows) flow.reset();
  }

  /** All open connections are closed (FIN) on both sides. */
  cut(): void {
    for (const flow of this.flows) flow.close();
  }

  /** New connections are refused; open ones stay. */
  refuse(): void {
    this.listener?.close();
    this.listener = null;
  }

  /** Ends refuse(), on the same port. */
  async accept(): Promise<void> {
    if (!this.listener) await this.listen();
  }

  /** Awaits that connections which the client has left are closed to the server too. */
  async quiet(timeoutMs = 5_000): Promise<void> {
    await waitFor('the ends of connections that were left', () => [...this.flows].every((flow) => flow.isOpen), { timeoutMs });
  }

  /** Awaits that this many connections have been taken since the start. */
  async connectionCount(count: number, timeoutMs = 10_000): Promise<void> {
    await waitFor(`${count} connections through the proxy (${this.accepted} so far)`, () => this.accepted >= count, { timeoutMs });
  }

  async listen(): Promise<void> {
    const listener = createServer({ allowHalfOpen: true }, (client) => this.take(client));
    listener.listen(this.listenPort, this.host);
    await once(listener, 'listening');
    this.listenPort = (listener.address() as AddressInfo).port;
    this.listener = listener;
  }

  /** Ends everything. */
  close(): void {
    this.refuse();
    for (const flow of this.flows) flow.destroy();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  private take(client: Socket): void {
    this.accepted++;
    const server = this.silent ? null : connect({ port: this.server.port, host: this.server.host ?? '127.0.0.1', allowHalfOpen: true });
    const flow = new Flow(client, server, this.faults, {
      ended: () => this.flows.delete(flow),
      dropped: () => this.dropped++,
    });
    this.flows.add(flow);
  }
}
