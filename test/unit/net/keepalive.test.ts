import { beforeEach, describe, expect, test } from 'vitest';
import { Keepalive } from '../../../src/net/keepalive.ts';
import { KeepaliveWheel } from '../../../src/net/keepalive-wheel.ts';
import { ManualClock } from './manual-clock.ts';

/** A line whose peer answers after `answerMs` (never: -1), and keeps the times of what was sent. */
class FakeLine {
  readonly name = (): string => 'a:1';
  replies = 0;
  bytes = 0;
  backlog = 0;
  pings: number[] = [];
  refreshes = 0;
  silences: number[] = [];
  answerMs = 1;
  timeoutMs = 2000;
  keepalive!: Keepalive;
  readonly clock: ManualClock;

  constructor(clock: ManualClock) {
    this.clock = clock;
  }

  unansweredReplies = (): number => this.replies;
  unansweredBytes = (): number => this.bytes;
  writeBacklogBytes = (): number => this.backlog;

  send(): void {
    const before = this.replies++ > 0;
    this.keepalive.sent(before);
  }

  answer(): void {
    this.replies--;
    this.keepalive.received();
  }

  sendPing(): void {
    this.pings.push(this.clock.nowMs());
    this.probe(() => {}, true);
  }

  sendRefresh(): void {
    this.refreshes++;
    this.probe(() => this.keepalive.refreshed(this.timeoutMs), false);
  }

  onSilence(silentMs: number): void {
    this.silences.push(silentMs);
    this.keepalive.diedIdle();
    this.keepalive.stop();
  }

  onFitted(): void {}

  private probe(then: () => void, isPing: boolean): void {
    this.keepalive.probeSent(this.clock.nowMs() - this.keepalive.lastSentMs, isPing);
    this.send();
    if (this.answerMs < 0) return;
    this.clock.startTimer(this.answerMs, () => {
      this.answer();
      this.keepalive.probeAnswered(this.answerMs);
      then();
    });
  }
}

let clock: ManualClock;
let line: FakeLine;
let keepalive: Keepalive;

function start(timeoutMs: number, config: Partial<{ intervalMs: number; idleLimitMs: number; deadAfterMs: number }> = {}): void {
  line.timeoutMs = timeoutMs;
  keepalive = new Keepalive({
    config: { intervalMs: 0, idleLimitMs: 0, deadAfterMs: 0, ...config },
    clock,
    wheel: new KeepaliveWheel(clock),
    random: () => 0,
    line,
  });
  line.keepalive = keepalive;
  keepalive.start(timeoutMs, timeoutMs < 0, true, true);
}

beforeEach(() => {
  clock = new ManualClock();
  line = new FakeLine(clock);
});

describe('pings', () => {
  test.each([1000, 2000, 5000, 0, -1])('keep the gap between bytes sent below half of a timeout of %i ms', (timeoutMs) => {
    start(timeoutMs);
    const startMs = clock.nowMs();
    clock.advance(55_000);
    const gaps = line.pings.map((at, i) => at - (line.pings[i - 1] ?? startMs));
    expect(gaps.length).toBeGreaterThan(4);
    expect(Math.max(...gaps)).toBeLessThan(timeoutMs > 0 ? timeoutMs / 2 : 10_050);
  });

  test('are not sent by a busy connection', () => {
    start(2000);
    for (let i = 0; i < 100; i++) {
      line.send();
      clock.advance(500);
      line.answer();
    }
    expect(line.pings).toEqual([]);
    clock.advance(800);
    expect(line.pings).toHaveLength(1);
  });

  test('are sent while a slow reply is outstanding: the server counts from the last command', () => {
    start(2000, { deadAfterMs: 60_000 });
    line.answerMs = -1;
    line.send();
    clock.advance(7000);
    expect(line.pings.length).toBeGreaterThan(7);
  });

  test('never get into a payload, and come at once when it ends', () => {
    start(2000);
    keepalive.beginPayload();
    clock.advance(10_000);
    expect(line.pings).toEqual([]);
    keepalive.endPayload();
    clock.advance(30);
    expect(line.pings).toHaveLength(1);
  });

  test('never get between MULTI and EXEC, nor does the refresh', () => {
    start(2000);
    keepalive.beginTransaction();
    clock.advance(100_000);
    expect([line.pings.length, line.refreshes]).toEqual([0, 0]);
    keepalive.endTransaction();
    clock.advance(30);
    expect([line.pings.length, line.refreshes]).toEqual([0, 1]);
  });

  test('wait for bytes that the socket still holds', () => {
    start(2000);
    line.backlog = 1;
    clock.advance(5000);
    expect(line.pings).toEqual([]);
    line.backlog = 0;
    clock.advance(1000);
    expect(line.pings.length).toBeGreaterThan(0);
  });

  test('that are lost are counted, and none is sent after stop', () => {
    start(2000);
    line.answerMs = -1;
    clock.advance(2000);
    keepalive.stop();
    const sent = line.pings.length;
    clock.advance(10_000);
    expect(line.pings.length).toBe(sent);
    expect([keepalive.pingsSent, keepalive.pingsLost]).toEqual([sent, sent]);
  });
});

describe('death', () => {
  test('is silence for dead_after with replies outstanding', () => {
    start(0, { deadAfterMs: 700 });
    clock.advance(5000);
    line.send();
    clock.advance(690);
    expect(line.silences).toEqual([]);
    clock.advance(70);
    expect(line.silences).toHaveLength(1);
    expect(line.silences[0]).toBeGreaterThanOrEqual(700);
  });

  test('is noticed on a quiet connection by its ping', () => {
    start(2000);
    line.answerMs = -1;
    clock.advance(15_000 + 700 + 100);
    expect(line.silences).toHaveLength(1);
  });

  test('is not silence without anything outstanding, nor bytes that come slowly', () => {
    start(0, { deadAfterMs: 700 });
    clock.advance(9000);
    line.send();
    line.send();
    for (let i = 0; i < 20; i++) {
      clock.advance(600);
      keepalive.received();
    }
    expect(line.silences).toEqual([]);
  });

  test('allows a giant value its time, 10 MB/s', () => {
    start(0, { deadAfterMs: 700 });
    line.bytes = 20e6;
    line.answerMs = -1;
    line.send();
    clock.advance(2690);
    expect(line.silences).toEqual([]);
    clock.advance(80);
    expect(line.silences).toHaveLength(1);
  });

  test('within a payload is a write that does not move', () => {
    start(0, { deadAfterMs: 700 });
    keepalive.beginPayload();
    line.backlog = 1;
    for (let i = 0; i < 10; i++) {
      clock.advance(500);
      keepalive.written();
    }
    expect(line.silences).toEqual([]);
    // The sender has nothing to write for a while: not the fault of the other side.
    line.backlog = 0;
    clock.advance(5000);
    expect(line.silences).toEqual([]);
    keepalive.written();
    line.backlog = 1;
    clock.advance(4000);
    expect(line.silences).toHaveLength(1);
  });

  test('is not declared by an event loop that was held up and has not read yet', () => {
    start(0, { deadAfterMs: 700 });
    line.send();
    clock.stall(60_000);
    clock.startTimer(10, () => line.answer());
    clock.advance(1000);
    expect(line.silences).toEqual([]);
  });
});

describe('the timeout of the node', () => {
  test('is read each minute and taken over', () => {
    start(0);
    line.timeoutMs = 2000;
    clock.advance(61_000);
    expect(line.refreshes).toBe(1);
    expect(keepalive.fit).toMatchObject({ reason: 'node-timeout' });
    const before = line.pings.length;
    clock.advance(7000);
    expect(line.pings.length - before).toBeGreaterThan(7);
  });

  test('stays known when a refresh is refused', () => {
    start(2000);
    line.timeoutMs = -1;
    clock.advance(61_000);
    expect(line.refreshes).toBe(1);
    expect(keepalive.nodeTimeoutMs).toBe(2000);
  });
});

describe('an idle limit that nobody told of', () => {
  const die = (): void => {
    keepalive.diedIdle();
    keepalive.stop();
  };

  test('is learned from a death while idle, where nothing else explains it', () => {
    start(-1);
    clock.advance(6000);
    die();
    keepalive.start(-1, true, false, false);
    expect(keepalive.fit).toMatchObject({ intervalMs: 2000, reason: 'idle-limit' });
  });

  test('is learned from a ping that found the line dead', () => {
    start(0);
    line.answerMs = -1;
    clock.advance(50_000);
    expect(line.silences).toHaveLength(1);
    line.replies = 0;
    keepalive.start(0, false, false, false);
    expect(keepalive.fit.reason).toBe('idle-limit');
    expect(keepalive.fit.intervalMs).toBeLessThan(3500);
  });

  test('is not assumed after a restart, nor when the timeout of the node explains the death', () => {
    start(0);
    clock.advance(6000);
    die();
    keepalive.lastSentMs = clock.nowMs();
    keepalive.start(0, false, false, true);
    expect(keepalive.fit.reason).toBe('no-timeout');
    clock.advance(6000);
    die();
    keepalive.start(5000, false, false, false);
    expect(keepalive.fit.reason).toBe('node-timeout');
    keepalive.stop();
    keepalive.start(0, false, false, false);
    expect(keepalive.fit.reason).toBe('no-timeout');
  });

  test('is eased when the line lives long', () => {
    start(0);
    clock.advance(9000);
    die();
    keepalive.start(0, false, false, false);
    expect(keepalive.fit.intervalMs).toBeLessThan(3100);
    clock.advance(3 * 700_000);
    expect(keepalive.fit.reason).toBe('no-timeout');
  });
});
