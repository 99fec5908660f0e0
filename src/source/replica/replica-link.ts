/**
 * The link to the source, as one of its replicas: PSYNC, the snapshot, the stream, an ACK each second. It comes back by itself: a lost link goes on behind
 * the last received byte. What is received goes to the spool logs that its owner (pipeline/) hands out. States: replica-link-state.ts.
 */
import type { Socket } from 'node:net';
import { BackOff } from '../../async/back-off.ts';
import { type Clock, systemClock } from '../../async/clock.ts';
import type { ReconnectConfig } from '../../config/sync-config.ts';
import { GodwitError, toGodwitError } from '../../errors/errors.ts';
import { type Endpoint, endpointName } from '../../model/endpoint.ts';
import { givenUpError } from '../../net/connection-errors.ts';
import { openSocket } from '../../net/open-socket.ts';
import type { Logger } from '../../observe/log.ts';
import { encodeCommand } from '../../resp/encode.ts';
import { PsyncDialogue } from './psync-dialogue.ts';
import { type ReplicaLinkEvent, type ReplicaLinkState, transition } from './replica-link-state.ts';
import { SnapshotReceiver } from './snapshot-receiver.ts';
import type { SnapshotTurn, SnapshotTurns } from './snapshot-turns.ts';
import type { SpoolLog } from './spool/spool-log.ts';

export interface ReplicaLinkOwner {
  /** Where to go on: the last received byte. Undefined asks for a full sync. */
  position(): { readonly replicationId: string; readonly offset: number } | undefined;
  /** A new snapshot comes. Returns the log for it; a rejection ends the link. */
  onFullResync(replicationId: string, offset: number): Promise<SpoolLog>;
  /** All of the snapshot is received; returns the log for the stream. */
  onSnapshotEnd(bytes: number, checksumOk: boolean): Promise<SpoolLog>;
  /** The source goes on where we were; its id may have changed. `offset` is that of position(). Returns the log for the stream. */
  onContinue(replicationId: string, offset: number): Promise<SpoolLog>;
  /** What is applied: goes into the ACK. */
  appliedOffset(): number;
  onSnapshotSize(bytes: number): void;
}

export interface ReplicaLinkOptions {
  /** Where the source is now; asked before each attempt. @throws GodwitError that is retryable where waiting helps */
  readonly locate: () => Promise<Endpoint>;
  readonly turns: SnapshotTurns;
  readonly reconnect: ReconnectConfig;
  readonly owner: ReplicaLinkOwner;
  readonly log: Logger;
  /** Announced by REPLCONF version, so that Valkey 9 sends what it has. '' = not. */
  /** What the server calls PSYNC. */
  readonly psyncName: (endpoint: Endpoint) => string;
  readonly serverVersion: () => string;
  /** The source's repl-timeout. */
  readonly timeoutMs: () => number;
  readonly clock?: Clock;
}

export class ReplicaLink {
  state: ReplicaLinkState = 'idle';
  sinceAt = Date.now();
  reconnects = -1;
  lastReceivedAtMs = 0;
  /** Over all connections. */
  bytesReceived = 0;
  bytesSent = 0;
  /** Where it goes, or went last. */
  endpoint: Endpoint | undefined;
  lastError: { code: string; message: string; at: number } | null = null;
  private readonly options: ReplicaLinkOptions;
  private readonly clock: Clock;
  private socket: Socket | undefined;
  private stopping = false;
  private snapshot: SnapshotReceiver | undefined;
  private stream: SpoolLog | undefined;
  private dialogue: PsyncDialogue | undefined;
  private waiting: Buffer[] = [];
  private held = false;
  private failLink: ((error: GodwitError) => void) | undefined;
  private turn: SnapshotTurn | undefined;
  private wakeBackOff: (() => void) | undefined;
  /** What the owner was asked last. */
  private asked: Promise<unknown> = Promise.resolve();

  constructor(options: ReplicaLinkOptions) {
    this.options = options;
    this.clock = options.clock ?? systemClock;
  }

  /** Silence after which the source is taken for dead. */
  get timeoutMs(): number {
    return this.options.timeoutMs();
  }

  /** Other shards of the same host have their snapshots made first. */
  get waitsForTurn(): boolean {
    return this.turn?.isGranted === false;
  }

  /** Runs until stop(); rejects with what cannot be retried. */
  async run(): Promise<void> {
    const { attemptsMax } = this.options.reconnect;
    const backOff = new BackOff({ ...this.options.reconnect, random: Math.random });
    while (!this.stopping) {
      const startedMs = this.clock.nowMs();
      try {
        await this.connectOnce();
      } catch (caught) {
        if (this.stopping) break;
        const error = toGodwitError(caught);
        this.lastError = { code: error.code, message: error.message, at: Date.now() };
        if (!error.retryable) throw error;
        if (this.clock.nowMs() - startedMs > 2000) backOff.succeeded();
        const delayMs = backOff.nextDelayMs();
        if (attemptsMax > 0 && backOff.attempts >= attemptsMax) throw givenUpError(error, backOff.attempts);
        this.apply('lost');
        this.options.log.warn({ code: error.code, error: error.message, delayMs: Math.round(delayMs) }, 'the replication link is down, will reconnect');
        await this.pause(delayMs);
      }
    }
    this.apply('stop');
  }

  stop(): void {
    this.stopping = true;
    this.wakeBackOff?.();
    this.failLink?.(new GodwitError('CONNECTION_LOST', 'the replication link was stopped'));
  }

  /** There may be a source again: no more waiting for the next attempt. */
  hurry(): void {
    if (this.state === 'backing-off') this.wakeBackOff?.();
  }

  /** Breaks the link; it reconnects and asks for what position() then says. */
  restart(reason: string): void {
    this.failLink?.(new GodwitError('CONNECTION_LOST', `the replication link is made anew: ${reason}`));
  }

  private pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.clock.startTimer(delayMs, resolve);
      this.wakeBackOff = () => {
        timer.cancel();
        resolve();
      };
    });
  }

  private async connectOnce(): Promise<void> {
    const { reconnect } = this.options;
    this.apply('connect');
    this.snapshot = undefined;
    this.stream = undefined;
    this.waiting = [];
    this.held = false;
    const broken = new Promise<never>((_resolve, reject) => (this.failLink = reject));
    broken.catch(() => {});
    try {
      const endpoint = await Promise.race([broken, this.locate()]);
      await Promise.race([broken, this.myTurn(endpoint)]);
      await this.linkTo(endpoint, reconnect, broken);
    } finally {
      this.endTurn();
    }
  }

  private async locate(): Promise<Endpoint> {
    this.endpoint = await this.options.locate();
    return this.endpoint;
  }

  /** Who goes on where it was needs no snapshot, and waits for nobody. */
  private async myTurn({ host }: Endpoint): Promise<void> {
    const { owner, turns, log } = this.options;
    if (owner.position() !== undefined) return;
    this.turn = turns.ask(host);
    if (!this.turn.isGranted) log.info({ host }, 'waits until the snapshots of other shards of this host are here');
    await this.turn.granted;
  }

  private endTurn(): void {
    this.turn?.end();
    this.turn = undefined;
  }

  private async linkTo(endpoint: Endpoint, reconnect: ReconnectConfig, broken: Promise<never>): Promise<void> {
    this.dialogue = new PsyncDialogue();
    const socket = await openSocket({ endpoint, connectTimeoutMs: reconnect.connectTimeoutMs, onBytes: (bytes, length) => this.onBytes(bytes, length) });
    this.socket = socket;
    const name = endpointName(endpoint);
    const lost = (why: string): void => this.failLink?.(new GodwitError('CONNECTION_LOST', `the source ${name} closed the replication link${why}`));
    socket.on('error', (error) => lost(`: ${error.message}`)).on('close', () => lost(''));
    const timers = [this.ackTimer(socket), this.deadlineTimer(name)];
    try {
      await Promise.race([broken, this.synchronise(socket, endpoint)]);
      await broken;
    } finally {
      for (const timer of timers) clearInterval(timer);
      this.socket = undefined;
      socket.destroy();
      await this.ownerIsDone();
    }
  }

  /** Hands on what the owner makes of it, unless the link that it was asked for is gone by then. */
  private async ask<T>(socket: Socket | undefined, answer: Promise<T>): Promise<T> {
    this.asked = answer.catch(() => {});
    const given = await answer;
    if (socket !== this.socket) throw new GodwitError('CONNECTION_LOST', 'the replication link was lost meanwhile');
    return given;
  }

  /** The next link does not begin while the owner is busy with this one: it would be asked for a snapshot while it still makes room for another. */
  private async ownerIsDone(): Promise<void> {
    if (this.stopping) return;
    const stopped = new Promise<void>((resolve) => (this.wakeBackOff = resolve));
    await Promise.race([this.asked, stopped]);
  }

  private ackTimer(socket: Socket): NodeJS.Timeout {
    return setInterval(() => {
      if (this.state === 'streaming') this.acknowledge(socket);
    }, 1000);
  }

  private deadlineTimer(name: string): NodeJS.Timeout {
    this.lastReceivedAtMs = this.clock.nowMs();
    return setInterval(() => {
      const silentMs = this.clock.nowMs() - this.lastReceivedAtMs;
      if (silentMs < this.options.timeoutMs() || this.held) return;
      this.failLink?.(new GodwitError('CONNECTION_DEAD', `the source ${name} sent nothing for ${Math.round(silentMs)} ms`));
    }, 1000);
  }

  private acknowledge(socket: Socket): void {
    const ack = encodeCommand(['REPLCONF', 'ACK', this.options.owner.appliedOffset()]);
    this.bytesSent += ack.length;
    socket.write(ack);
  }

  private async synchronise(socket: Socket, endpoint: Endpoint): Promise<void> {
    const { owner, turns } = this.options;
    const dialogue = this.dialogue as PsyncDialogue;
    this.apply('opened');
    await dialogue.greet(socket, endpoint, this.options.serverVersion());
    this.apply('greeted');
    const position = owner.position();
    const answer = await dialogue.requestSync(socket, endpoint, position, this.options.psyncName(endpoint));
    this.reconnects++;
    if (answer.kind === 'continue') {
      this.stream = await this.ask(socket, owner.onContinue(answer.replicationId || (position?.replicationId ?? ''), position?.offset ?? 0));
      this.options.log.info({ offset: position?.offset }, 'the source continues where we were');
    } else {
      this.options.log.info({ replicationId: answer.replicationId, offset: answer.offset }, 'the source sends a snapshot (full sync)');
      this.apply('full-resync');
      this.turn ??= turns.take(endpoint.host);
      const log = await this.ask(socket, owner.onFullResync(answer.replicationId, answer.offset));
      const header = await dialogue.snapshotHeader();
      this.snapshot = new SnapshotReceiver(log, header);
      owner.onSnapshotSize(this.snapshot.length);
      this.apply('rdb-begun');
    }
    if (this.stream !== undefined) this.apply('continue');
    const rest = dialogue.rest();
    this.dialogue = undefined;
    if (rest.length > 0) this.receive(rest, 0, rest.length);
    if (!this.held) socket.resume();
    if (this.stream !== undefined) this.acknowledge(socket);
  }

  private onBytes(bytes: Buffer, length: number): boolean {
    this.lastReceivedAtMs = this.clock.nowMs();
    this.bytesReceived += length;
    try {
      if (this.dialogue !== undefined) return this.dialogue.feed(bytes, length);
      this.receive(bytes, 0, length);
    } catch (error) {
      this.failLink?.(toGodwitError(error));
      return false;
    }
    return !this.held;
  }

  private receive(bytes: Buffer, start: number, end: number): void {
    if (this.held) {
      this.waiting.push(Buffer.from(bytes.subarray(start, end)));
      return;
    }
    let at = start;
    let log = this.stream;
    if (this.snapshot !== undefined) {
      at = this.snapshot.push(bytes, at, end);
      log = this.snapshot.log;
      if (this.snapshot.done) {
        const done = this.snapshot;
        if (at < end) this.waiting.push(Buffer.from(bytes.subarray(at, end)));
        this.snapshot = undefined;
        void this.hold(this.endSnapshot(done));
        return;
      }
    } else if (log !== undefined) log.append(bytes.subarray(at, end));
    if (log?.congested) void this.hold(log.whenRelieved());
  }

  private async endSnapshot(snapshot: SnapshotReceiver): Promise<void> {
    const { socket } = this;
    this.stream = await this.ask(socket, this.options.owner.onSnapshotEnd(snapshot.received, snapshot.checksum.matches()));
    this.apply('rdb-ended');
    this.endTurn();
    // A diskless source starts the stream only on the first ACK.
    if (socket !== undefined) this.acknowledge(socket);
  }

  /** Reads nothing more from the socket until the promise is settled. */
  private async hold(until: Promise<void>): Promise<void> {
    this.held = true;
    const { socket } = this;
    try {
      await until;
    } catch (error) {
      if (socket === this.socket) this.failLink?.(toGodwitError(error));
      return;
    }
    if (socket !== this.socket) return;
    this.held = false;
    this.lastReceivedAtMs = this.clock.nowMs();
    const waiting = this.waiting;
    this.waiting = [];
    for (const bytes of waiting) this.receive(bytes, 0, bytes.length);
    if (!this.held) socket?.resume();
  }

  private apply(event: ReplicaLinkEvent): void {
    const next = transition(this.state, event);
    if (next === this.state) return;
    this.state = next;
    this.sinceAt = Date.now();
  }
}
