/**
 * A connection to one server that stays: it is kept alive, noticed when dead, and comes back by itself. Commands are never sent twice: what
 * waits when a link breaks is told so (CONNECTION_LOST, CONNECTION_DEAD), and whoever sent it decides.
 *
 *   connection-state.ts  the states          link.ts       one socket and its FIFO       keepalive.ts  when to ping, when it is dead
 *   handshake.ts         the first words     back-off.ts   how long to wait
 */
import { BackOff } from '../async/back-off.ts';
import { type Clock, type ClockTimer, systemClock } from '../async/clock.ts';
import { Deferred } from '../async/deferred.ts';
import { TypedEmitter } from '../async/typed-emitter.ts';
import { GodwitError, toGodwitError } from '../errors/errors.ts';
import { type Endpoint, endpointName, isSameAddress } from '../model/endpoint.ts';
import type { ConnectionStatus } from '../observe/job-status.ts';
import { type CommandArgument, encodeCommand } from '../resp/encode.ts';
import { type Reply, ReplyError } from '../resp/reply.ts';
import { closedError, deadError, givenUpError, notReadyError, silentError } from './connection-errors.ts';
import { ConnectionLog } from './connection-log.ts';
import type { ConnectionEvents, ConnectionOptions, OpenConnection } from './connection-options.ts';
import { type ConnectionEvent, type ConnectionState, transition } from './connection-state.ts';
import { connectionStatus } from './connection-status.ts';
import { handshake, timeoutOf } from './handshake.ts';
import type { KeepaliveFit } from './keepalive-fit.ts';
import { Keepalive, type KeepaliveLine } from './keepalive.ts';
import { Link } from './link.ts';
import { type Expectation, PendingCall } from './reply-collector.ts';
import { type NodeName, replyFailure } from './reply-errors.ts';
import { type ServerFacts, UNKNOWN_SERVER } from './server-facts.ts';

const PING = encodeCommand(['PING']);
const REFRESH = encodeCommand(['CONFIG', 'GET', 'timeout']);
/** A connection that lived this long is not a failed attempt: back-off begins anew. */
const STABLE_AFTER_MS = 250;

export class Connection implements OpenConnection {
  readonly events: TypedEmitter<ConnectionEvents>;
  /** What the last handshake has learned. */
  server: ServerFacts = UNKNOWN_SERVER;
  /** Grows with each handshake; replies and marks of an older one belong to a link that is gone. */
  generation = 0;

  private readonly options: ConnectionOptions;
  private at: Endpoint;
  private node: NodeName;
  private readonly clock: Clock;
  private readonly backOff: BackOff;
  private readonly keepalive: Keepalive;
  private readonly log: ConnectionLog;
  private state: ConnectionState = { name: 'idle' };
  private sinceAt: number;
  private sinceMs: number;
  private link: Link | undefined;
  private restoring = false;
  /** Resolves at the end of a payload that is under way. */
  private payload: Deferred<void> | undefined;
  private waiter = new Deferred<void>();
  private retryTimer: ClockTimer | undefined;
  private deadline: ClockTimer | undefined;
  private attemptsMax: number;
  /** Since it was ready last. */
  private failedAttempts = 0;
  private patient = false;
  private timesReady = 0;
  private lastError: ConnectionStatus['lastError'] = null;

  constructor(options: ConnectionOptions) {
    const random = options.random ?? Math.random;
    this.options = options;
    this.at = options.endpoint;
    this.node = { role: options.role, address: endpointName(options.endpoint) };
    this.clock = options.clock ?? systemClock;
    this.events = new TypedEmitter((error) => options.log.error({ error: String(error) }, 'a listener of a connection has failed'));
    this.backOff = new BackOff({ ...options.reconnect, random });
    this.keepalive = new Keepalive({ config: options.keepalive, clock: this.clock, wheel: options.wheel, random, line: this.line() });
    this.log = new ConnectionLog(options.log, this.keepalive);
    this.sinceAt = this.clock.wallMs();
    this.sinceMs = this.clock.nowMs();
    this.attemptsMax = options.reconnect.attemptsMax;
  }

  /**
   * Makes the first connection; resolves when ready. Retryable failures are retried with back-off, others reject and close it.
   * @param first.attemptsMax bound on the attempts of this first connection; default is reconnect.attemptsMax (0 = none)
   * @param first.patient a server that answers that it is not ready (it loads, say) does not count as an attempt
   */
  connect(first: { readonly attemptsMax?: number; readonly patient?: boolean } = {}): Promise<void> {
    if (this.state.name === 'idle') {
      this.attemptsMax = first.attemptsMax ?? this.options.reconnect.attemptsMax;
      this.patient = first.patient === true;
      this.apply({ type: 'connect' });
      void this.attempt();
    }
    return this.ready();
  }

  /** Resolves when ready (again); rejects once it is closed, with the error that closed it. It may be lost again before the caller goes on. */
  ready(): Promise<void> {
    if (this.state.name === 'ready') return Promise.resolve();
    if (this.state.name === 'closed') return Promise.reject(this.state.error ?? closedError(this.node));
    return this.waiter.promise;
  }

  /** Where it leads. */
  get endpoint(): Endpoint {
    return this.at;
  }

  /** It leads to another address from now on: the link that is open is given up as if it had been lost, and the next attempt goes there. */
  pointTo(endpoint: Endpoint): void {
    if (isSameAddress(endpoint, this.at)) return;
    this.at = endpoint;
    this.node = { role: this.options.role, address: endpointName(endpoint) };
    this.failedAttempts = 0;
    this.backOff.succeeded();
    if (this.link !== undefined) this.lose(this.link, new GodwitError('CONNECTION_LOST', `${this.node.role} goes to ${this.node.address} from now on`));
    else if (this.state.name === 'backing-off') this.retryNow();
  }

  get isReady(): boolean {
    return this.state.name === 'ready';
  }

  get stateName(): ConnectionState['name'] {
    return this.state.name;
  }

  get unansweredReplies(): number {
    return this.link?.fifo.unansweredReplies ?? 0;
  }

  /** Bytes of commands, sent or waiting in the socket, whose last reply has not come. */
  get unansweredBytes(): number {
    return this.link?.fifo.unansweredBytes ?? 0;
  }

  /** One command. Rejects with ReplyError for a `-` reply, with CONNECTION_LOST or CONNECTION_DEAD when the link breaks: it may have run or not. */
  async call(...args: CommandArgument[]): Promise<Reply> {
    const reply = await this.exchange([args])[0];
    if (reply instanceof ReplyError) {
      reply.command = String(args[0]);
      throw reply;
    }
    return reply;
  }

  /** Commands in one write. `-` replies are values (ReplyError) in the result; rejects when the link breaks. */
  callAll(commands: readonly (readonly CommandArgument[])[]): Promise<Reply[]> {
    return Promise.all(this.exchange(commands));
  }

  /**
   * Writes bytes at once; their replies go to `expect` in order. With several expectations, all bytes count as unanswered until the last is
   * answered. The bytes may be reused once `onWritten` was called (also when the link breaks). Returns false when the caller should
   * await drained(). Throws CONNECTION_LOST when not ready.
   */
  send(parts: readonly Uint8Array[], expect: readonly Expectation[], onWritten?: () => void): boolean {
    return this.write(this.openLink(), parts, expect, onWritten);
  }

  /** Resolves when send() may go on; rejects when the link breaks before. */
  drained(): Promise<void> {
    return this.link?.drained() ?? Promise.reject(notReadyError(this.node, this.state.name));
  }

  /** A payload is sent in pieces from here on: calls wait for its end, and liveness is judged by the progress of its writes. */
  beginPayload(): void {
    this.openLink();
    this.payload = new Deferred();
    this.keepalive.beginPayload();
  }

  endPayload(): void {
    this.payload?.resolve();
    this.payload = undefined;
    this.keepalive.endPayload();
  }

  /** MULTI and EXEC are sent by separate writes: no PING gets between, it would be queued and answered within EXEC. */
  beginTransaction(): void {
    this.keepalive.beginTransaction();
  }

  endTransaction(): void {
    this.keepalive.endTransaction();
  }

  /** Gives the link up as if it had been lost: back-off and reconnect, or the end when the error is not retryable. */
  disconnect(error: GodwitError): void {
    if (this.link !== undefined) this.lose(this.link, error);
  }

  /** Closes for good. Replies that are outstanding are lost; resolves when the socket is closed. */
  async close(): Promise<void> {
    const { link } = this;
    this.link = undefined;
    this.stopTimers();
    if (this.state.name !== 'closed') {
      this.apply({ type: 'close' });
      this.waiter.reject(closedError(this.node));
    }
    await link?.finish(closedError(this.node));
  }

  status(): ConnectionStatus {
    const { unansweredReplies, unansweredBytes, lastError, sinceAt } = this;
    const rest = { state: this.state.name, sinceAt, reconnects: Math.max(0, this.timesReady - 1), unansweredReplies, unansweredBytes, lastError };
    return connectionStatus(this.node, this.keepalive, this.clock, rest);
  }

  private async attempt(): Promise<void> {
    const link = this.newLink();
    this.link = link;
    try {
      await link.open();
      if (this.link !== link) return;
      this.apply({ type: 'opened' });
      await this.shakeHands(link);
      if (this.link !== link) return;
      this.restoring = true;
      await this.options.onRestore?.(this);
      if (this.link !== link) return;
      this.becomeReady();
    } catch (error) {
      this.lose(link, error instanceof ReplyError ? replyFailure(error, this.node) : toGodwitError(error));
    }
  }

  private newLink(): Link {
    const { role, reconnect, bulkReplyBytesMax, onMessage } = this.options;
    const link: Link = new Link({
      endpoint: this.at,
      role,
      bulkReplyBytesMax,
      onMessage,
      connectTimeoutMs: reconnect.connectTimeoutMs,
      knownServer: this.timesReady > 0,
      traffic: this.keepalive.traffic,
      onReceived: () => this.keepalive.received(),
      onWritten: () => this.keepalive.written(),
      onLost: (error) => this.lose(link, error),
    });
    return link;
  }

  private async shakeHands(link: Link): Promise<void> {
    const { role, clientName, database, reconnect } = this.options;
    this.deadline = this.clock.startTimer(reconnect.connectTimeoutMs, () => this.lose(link, silentError(this.node, reconnect.connectTimeoutMs)));
    const startMs = this.clock.nowMs();
    const before = this.server;
    const server = await handshake({ endpoint: this.at, role, clientName, database, exchange: (commands) => this.exchange(commands, link) });
    this.deadline?.cancel();
    if (this.link !== link) return;
    link.establish();
    this.server = server;
    this.generation++;
    if (this.keepalive.roundTripSmoothedMs === 0) this.keepalive.noteRoundTrip(this.clock.nowMs() - startMs);
    this.keepalive.start(server.timeoutMs, server.configForbidden, this.timesReady === 0, before.runId !== server.runId);
    this.log.shortTimeout(this.node, server.timeoutMs);
  }

  private becomeReady(): void {
    this.restoring = false;
    this.failedAttempts = 0;
    this.timesReady++;
    this.attemptsMax = this.options.reconnect.attemptsMax;
    const { server, waiter, node } = this;
    this.apply({ type: 'restored' });
    this.log.ready(node, server, this.timesReady === 1);
    waiter.resolve();
  }

  /** The one end of every link but by close(). The state changes first, so that whoever is told of a loss finds the connection not ready. */
  private lose(link: Link, error: GodwitError): void {
    if (this.link !== link) return;
    const wasReady = this.state.name === 'ready';
    const idleMs = Math.round(this.clock.nowMs() - this.keepalive.lastSentMs);
    const lost = error.code === 'CONNECTION_LOST' || error.code === 'CONNECTION_DEAD';
    if (wasReady && lost && link.fifo.unansweredReplies === this.keepalive.probesUnanswered) this.keepalive.diedIdle();
    this.stopTimers();
    this.link = undefined;
    this.restoring = false;
    this.lastError = { code: error.code, message: error.message, at: this.clock.wallMs() };
    if (wasReady) {
      this.waiter = new Deferred();
      if (this.clock.nowMs() - this.sinceMs >= STABLE_AFTER_MS) this.backOff.succeeded();
    } else if (!this.patient || !error.code.endsWith('_NOT_READY')) this.failedAttempts++;
    const fatal = this.fatalOf(error);
    if (fatal === undefined) this.retryLater(error, wasReady, idleMs);
    else this.giveUp(fatal);
    link.kill(error);
    if (wasReady) this.events.emit('lost', { error, idleMs });
  }

  private fatalOf(error: GodwitError): GodwitError | undefined {
    if (!error.retryable && !(error.code === 'TLS_FAILED' && this.timesReady > 0)) return error;
    if (this.attemptsMax === 0 || this.failedAttempts < this.attemptsMax) return undefined;
    return givenUpError(error, this.failedAttempts);
  }

  private retryLater(error: GodwitError, wasReady: boolean, idleMs: number): void {
    const delayMs = Math.round(this.backOff.nextDelayMs());
    this.log.lost(this.node, error, wasReady, { idleMs, delayMs, attempt: this.backOff.attempts });
    this.retryTimer = this.clock.startTimer(delayMs, () => this.retryNow());
    this.apply({ type: 'lost', error, attempt: this.backOff.attempts, delayMs });
  }

  private retryNow(): void {
    this.retryTimer?.cancel();
    this.apply({ type: 'retry' });
    void this.attempt();
  }

  private giveUp(error: GodwitError): void {
    this.options.log.error({ ...this.node, code: error.code, error: error.message }, 'connection ended');
    this.apply({ type: 'fatal', error });
    this.waiter.reject(error);
  }

  private stopTimers(): void {
    this.keepalive.stop();
    this.endPayload();
    this.retryTimer?.cancel();
    this.deadline?.cancel();
  }

  private apply(event: ConnectionEvent): void {
    const from = this.state;
    const to = transition(from, event);
    if (to === from) return;
    this.state = to;
    this.sinceAt = this.clock.wallMs();
    this.sinceMs = this.clock.nowMs();
    this.events.emit('state', { from: from.name, to, at: this.sinceAt });
  }

  private exchange(commands: readonly (readonly CommandArgument[])[], on?: Link): Promise<Reply>[] {
    if (this.payload !== undefined) {
      const replies = this.payload.promise.then(() => this.callAll(commands));
      return commands.map(async (_, index) => (await replies)[index]);
    }
    const waiting = commands.map(() => new Deferred<Reply>());
    try {
      const calls = waiting.map((one) => new PendingCall(one.resolve, one.reject));
      this.write(on ?? this.openLink(), [Buffer.concat(commands.map(encodeCommand))], calls);
    } catch (error) {
      for (const one of waiting) one.reject(error);
    }
    return waiting.map((one) => one.promise);
  }

  private write(link: Link, parts: readonly Uint8Array[], expect: readonly Expectation[], onWritten?: () => void): boolean {
    const wasUnanswered = link.fifo.unansweredReplies > 0;
    const mayGoOn = link.write(parts, expect, onWritten);
    this.keepalive.sent(wasUnanswered);
    return mayGoOn;
  }

  private openLink(): Link {
    if (this.link === undefined || !(this.state.name === 'ready' || this.restoring)) throw notReadyError(this.node, this.state.name);
    return this.link;
  }

  private line(): KeepaliveLine {
    return {
      name: () => this.node.address,
      unansweredReplies: () => this.unansweredReplies,
      unansweredBytes: () => this.unansweredBytes,
      writeBacklogBytes: () => this.link?.backlogBytes ?? 0,
      sendPing: () => this.probe(PING, true, () => {}),
      sendRefresh: () => this.probe(REFRESH, false, (reply) => this.keepalive.refreshed(timeoutOf(reply))),
      onSilence: (silentMs, deadAfterMs) =>
        this.link &&
        this.lose(this.link, deadError(this.node, { silentMs, deadAfterMs, unansweredReplies: this.unansweredReplies, unansweredBytes: this.unansweredBytes })),
      onFitted: (fit) => this.fitted(fit),
    };
  }

  private fitted(fit: KeepaliveFit): void {
    const { nodeTimeoutMs } = this.keepalive;
    const passedOver = this.options.keepalive.intervalMs > 0 && fit.reason !== 'override';
    this.log.fitted(this.node, fit, passedOver && this.generation > 0);
    this.events.emit('keepalive', { ...fit, nodeTimeoutMs });
  }

  /** Any reply will do, an error too: it shows that the other side lives. */
  private probe(command: Uint8Array, isPing: boolean, onReply: (reply: Reply) => void): void {
    const { link, keepalive } = this;
    if (link === undefined) return;
    const startMs = this.clock.nowMs();
    const quiet = link.fifo.unansweredReplies === keepalive.probesUnanswered;
    const answered = (reply: Reply): void => {
      const roundTripMs = quiet ? this.clock.nowMs() - startMs : -1;
      keepalive.probeAnswered(roundTripMs);
      if (quiet) this.events.emit('round-trip', { roundTripMs });
      onReply(reply);
    };
    keepalive.probeSent(startMs - keepalive.lastSentMs, isPing);
    this.write(link, [command], [new PendingCall(answered, () => {})]);
  }
}
