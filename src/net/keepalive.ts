/**
 * Keeps one connection alive and notices when it is dead. Owns no timer and no socket: the shared wheel calls onDue(), the connection does
 * the sending (KeepaliveLine). See docs/keepalive.md.
 *
 * Three deadlines, of which the wheel holds the earliest:
 *   ping     last byte sent + interval (a little less, by jitter). Not while a payload or a transaction is open or bytes wait to be written.
 *   dead     last progress + dead_after + unanswered bytes / 10 MB/s, while replies are outstanding. Progress is a byte received; within a
 *            payload also a write that was completed.
 *   refresh  CONFIG GET timeout each minute, since it can change at run time.
 *
 * An event loop that was held up runs timers before it reads what has arrived meanwhile. So silence only kills at the second look, which comes
 * after the loop has read.
 */
import type { Clock } from '../async/clock.ts';
import type { KeepaliveConfig } from '../config/sync-config.ts';
import { checkOverride, fitKeepalive, type KeepaliveFit } from './keepalive-fit.ts';
import type { Traffic } from './link.ts';
import type { KeepaliveWheel, WheelEntry } from './keepalive-wheel.ts';

const REFRESH_MS = 60_000;
/** A slow target still takes this much: giant values take their time to be restored. */
const UNANSWERED_BYTES_PER_MS = 10_000;
const JITTER = 0.1;
/** Probes without answer after which more of them tell nothing. */
const PROBES_OUTSTANDING_MAX = 64;
/** Idle deaths before this are not taken for an idle limit. */
const LEARN_IDLE_MIN_MS = 1000;
/** Without further death for this long, a learned limit is doubled. */
const LEARNED_EASE_MS = 600_000;
const LEARNED_FORGET_MS = 60_000;

/** What keepalive needs of its connection. */
export interface KeepaliveLine {
  name(): string;
  unansweredReplies(): number;
  unansweredBytes(): number;
  /** Bytes that were given to the socket and wait there. */
  writeBacklogBytes(): number;
  sendPing(): void;
  sendRefresh(): void;
  /** Nothing came for `silentMs` although replies are outstanding. */
  onSilence(silentMs: number, deadAfterMs: number): void;
  onFitted(fit: KeepaliveFit): void;
}

export interface KeepaliveOptions {
  readonly config: KeepaliveConfig;
  readonly clock: Clock;
  readonly wheel: KeepaliveWheel;
  readonly random: () => number;
  readonly line: KeepaliveLine;
}

export class Keepalive implements WheelEntry {
  pingsSent = 0;
  pingsLost = 0;
  readonly traffic: Traffic = { sentBytes: 0, receivedBytes: 0 };
  roundTripLastMs = 0;
  roundTripSmoothedMs = 0;
  nodeTimeoutMs = -1;
  fit: KeepaliveFit;
  lastSentMs: number;

  private readonly options: KeepaliveOptions;
  private readonly clock: Clock;
  private configForbidden = false;
  private running = false;
  private lastProgressMs: number;
  private refreshDueMs = 0;
  private jitter = 0;
  private payloads = 0;
  private transactions = 0;
  private probesOutstanding = 0;
  /** How long the connection was idle before the first probe that is still unanswered. */
  private idleBeforeProbeMs = 0;
  private suspectedMs = -1;
  /** Idle time that the connection before did not survive; 0 = it did not die idle. */
  private diedAfterIdleMs = 0;
  private learnedLimitMs = 0;
  private learnedMs = 0;

  constructor(options: KeepaliveOptions) {
    this.options = options;
    this.clock = options.clock;
    this.lastSentMs = this.clock.nowMs();
    this.lastProgressMs = this.lastSentMs;
    this.fit = fitKeepalive(options.config, this.facts());
  }

  /**
   * Begins to watch a connection that has just been made.
   * @param first first connection of all: an override that is too long throws KEEPALIVE_TOO_LONG
   * @param restarted the server is not the process that the connection before was made to
   */
  start(nodeTimeoutMs: number, configForbidden: boolean, first: boolean, restarted: boolean): void {
    this.nodeTimeoutMs = nodeTimeoutMs;
    this.configForbidden = configForbidden;
    if (first) checkOverride(this.options.config, this.facts(), this.options.line.name());
    const nowMs = this.clock.nowMs();
    this.learn(nowMs, restarted);
    this.running = true;
    this.lastProgressMs = nowMs;
    this.suspectedMs = -1;
    this.refreshDueMs = nowMs + REFRESH_MS * (1 - JITTER * this.options.random());
    this.refit();
    this.options.wheel.arm(this, this.nextDeadlineMs(nowMs));
  }

  /** Ends watching; what is held is let go and outstanding probes are lost. */
  stop(): void {
    this.running = false;
    this.options.wheel.disarm(this);
    this.pingsLost += this.probesOutstanding;
    this.probesOutstanding = 0;
    this.payloads = 0;
    this.transactions = 0;
  }

  /** The connection was lost with nothing but probes outstanding: notes what idle time it did not survive. To be called before stop(). */
  diedIdle(): void {
    const idleMs = this.probesOutstanding > 0 ? this.idleBeforeProbeMs : this.clock.nowMs() - this.lastSentMs;
    if (this.running && idleMs >= LEARN_IDLE_MIN_MS) this.diedAfterIdleMs = idleMs;
  }

  /** @param wasUnanswered replies were outstanding before these bytes */
  sent(wasUnanswered: boolean): void {
    this.lastSentMs = this.clock.nowMs();
    if (wasUnanswered) return;
    this.lastProgressMs = this.lastSentMs;
    if (this.running) this.options.wheel.armNoLaterThan(this, this.lastSentMs + this.fit.deadAfterMs);
  }

  /** The socket has taken bytes that had waited. */
  written(): void {
    this.lastSentMs = this.clock.nowMs();
    if (this.payloads > 0) this.lastProgressMs = this.lastSentMs;
  }

  received(): void {
    this.lastProgressMs = this.clock.nowMs();
    this.suspectedMs = -1;
  }

  beginPayload(): void {
    this.payloads++;
    this.lastProgressMs = this.clock.nowMs();
  }

  endPayload(): void {
    if (this.payloads === 0) return;
    this.payloads--;
    this.lastProgressMs = this.clock.nowMs();
    this.released();
  }

  beginTransaction(): void {
    this.transactions++;
  }

  endTransaction(): void {
    if (this.transactions === 0) return;
    this.transactions--;
    this.released();
  }

  /** A PING, or the CONFIG GET of a refresh, was sent after `idleMs` without a byte sent. */
  probeSent(idleMs: number, isPing: boolean): void {
    if (isPing) this.pingsSent++;
    if (this.probesOutstanding++ === 0) this.idleBeforeProbeMs = idleMs;
    this.jitter = JITTER * this.options.random();
  }

  /** @param roundTripMs -1 when it says nothing, since the probe stood behind other commands */
  probeAnswered(roundTripMs: number): void {
    this.probesOutstanding = Math.max(0, this.probesOutstanding - 1);
    if (roundTripMs >= 0) this.noteRoundTrip(roundTripMs);
  }

  noteRoundTrip(roundTripMs: number): void {
    this.roundTripLastMs = roundTripMs;
    this.roundTripSmoothedMs += (roundTripMs - this.roundTripSmoothedMs) * (this.roundTripSmoothedMs === 0 ? 1 : 0.125);
    if (this.running) this.refit();
  }

  /** The node's `timeout`, read anew; -1 = refused. */
  refreshed(nodeTimeoutMs: number): void {
    if (!this.running) return;
    if (nodeTimeoutMs >= 0) this.nodeTimeoutMs = nodeTimeoutMs;
    this.refit();
    this.options.wheel.arm(this, this.nextDeadlineMs(this.clock.nowMs()));
  }

  get probesUnanswered(): number {
    return this.probesOutstanding;
  }

  onDue(nowMs: number): number {
    if (!this.running) return Number.POSITIVE_INFINITY;
    if (this.isDead(nowMs)) return Number.POSITIVE_INFINITY;
    const { line } = this.options;
    if (!this.held() && nowMs >= this.refreshDueMs) {
      this.easeLearned(nowMs);
      this.refreshDueMs = nowMs + REFRESH_MS * (1 - JITTER * this.options.random());
      line.sendRefresh();
    }
    if (!this.held() && nowMs >= this.pingDueMs() && this.probesOutstanding < PROBES_OUTSTANDING_MAX) line.sendPing();
    return this.running ? this.nextDeadlineMs(this.clock.nowMs()) : Number.POSITIVE_INFINITY;
  }

  private isDead(nowMs: number): boolean {
    const deadMs = this.deadDueMs();
    if (nowMs < deadMs) {
      this.suspectedMs = -1;
      return false;
    }
    if (this.suspectedMs < 0 || nowMs === this.suspectedMs) {
      this.suspectedMs = nowMs;
      return false;
    }
    this.options.line.onSilence(nowMs - this.lastProgressMs, deadMs - this.lastProgressMs);
    return true;
  }

  private deadDueMs(): number {
    const { line } = this.options;
    const waiting = line.unansweredReplies() > 0 || (this.payloads > 0 && line.writeBacklogBytes() > 0);
    if (!waiting) return Number.POSITIVE_INFINITY;
    return this.lastProgressMs + this.fit.deadAfterMs + line.unansweredBytes() / UNANSWERED_BYTES_PER_MS;
  }

  private pingDueMs(): number {
    return this.lastSentMs + this.fit.intervalMs * (1 - this.jitter);
  }

  private held(): boolean {
    return this.payloads > 0 || this.transactions > 0 || this.options.line.writeBacklogBytes() > 0;
  }

  private nextDeadlineMs(nowMs: number): number {
    // Held, or enough probes outstanding: released() or the next look will see to it.
    const pingMs =
      this.held() || this.probesOutstanding >= PROBES_OUTSTANDING_MAX ? nowMs + this.fit.intervalMs / 4 : Math.min(this.pingDueMs(), this.refreshDueMs);
    return Math.min(pingMs, this.suspectedMs < 0 ? this.deadDueMs() : nowMs);
  }

  private released(): void {
    if (this.running && !this.held()) this.options.wheel.armNoLaterThan(this, this.pingDueMs());
  }

  private refit(): void {
    const fit = fitKeepalive(this.options.config, this.facts());
    const before = this.fit;
    this.fit = fit;
    if (fit.reason !== before.reason || fit.deadAfterMs !== before.deadAfterMs || Math.abs(fit.intervalMs - before.intervalMs) > before.intervalMs / 10) {
      this.options.line.onFitted(fit);
    }
  }

  /** Takes an idle death for an idle limit, unless the node's own timeout or a restart explains it. */
  private learn(nowMs: number, restarted: boolean): void {
    const idleMs = this.diedAfterIdleMs;
    this.diedAfterIdleMs = 0;
    if (idleMs === 0 || restarted || (this.nodeTimeoutMs > 0 && idleMs >= 0.8 * this.nodeTimeoutMs)) return;
    this.learnedLimitMs = this.learnedLimitMs > 0 ? Math.min(this.learnedLimitMs, idleMs) : idleMs;
    this.learnedMs = nowMs;
  }

  private easeLearned(nowMs: number): void {
    if (this.learnedLimitMs === 0 || nowMs - this.learnedMs < LEARNED_EASE_MS) return;
    this.learnedMs = nowMs;
    this.learnedLimitMs = this.learnedLimitMs * 2 > LEARNED_FORGET_MS ? 0 : this.learnedLimitMs * 2;
    this.refit();
  }

  private facts(): Parameters<typeof fitKeepalive>[1] {
    return {
      timeoutMs: this.nodeTimeoutMs,
      configForbidden: this.configForbidden,
      learnedLimitMs: this.learnedLimitMs,
      roundTripMs: this.roundTripSmoothedMs,
    };
  }
}
