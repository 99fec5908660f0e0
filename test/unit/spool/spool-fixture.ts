/** What the spool's tests share: a folder of their own, time that is driven by hand, a disk that can be slow, short or full, bytes known by their offset. */
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { expect, onTestFinished } from 'vitest';
import type { Clock } from '../../../src/async/clock.ts';
import { silentLogger } from '../../../src/observe/log.ts';
import { type DiskFullState, SpoolBudget } from '../../../src/source/replica/spool/disk-space.ts';
import { nodeSpoolFiles, type SpoolFiles } from '../../../src/source/replica/spool/spool-files.ts';
import type { SpoolLog } from '../../../src/source/replica/spool/spool-log.ts';
import type { SpoolLogOptions } from '../../../src/source/replica/spool/spool-log-options.ts';

export async function temporaryFolder(): Promise<string> {
  const dir = await fs.mkdtemp(path.join(os.tmpdir(), 'godwit-unit-spool-'));
  onTestFinished(() => fs.rm(dir, { recursive: true, force: true }));
  return dir;
}

export class ManualClock implements Clock {
  #now = 0;
  #timers: { at: number; run: () => void }[] = [];

  nowMs(): number {
    return this.#now;
  }

  wallMs(): number {
    return this.#now;
  }

  startTimer(delayMs: number, run: () => void): { cancel(): void } {
    const timer = { at: this.#now + delayMs, run };
    this.#timers.push(timer);
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((other) => other !== timer);
      },
    };
  }

  advance(ms: number): void {
    this.#now += ms;
    const due = this.#timers.filter((timer) => timer.at <= this.#now);
    this.#timers = this.#timers.filter((timer) => timer.at > this.#now);
    for (const timer of due) timer.run();
  }
}

/** The real files, with the faults that a test switches on. */
export class FaultyFiles implements SpoolFiles {
  /** Writes that would go over this many bytes in all fail with ENOSPC. */
  bytesRoom = Number.POSITIVE_INFINITY;
  /** Every so-manieth write fails with ENOSPC; 0 = none. */
  failEvery = 0;
  /** A write takes at most this many bytes of what it is given. */
  writeBytesMax = Number.POSITIVE_INFINITY;
  /** Turns of the event loop that each write waits before it looks at its bytes. */
  slowTurns = 0;
  /** Awaited before each write. */
  gate: Promise<void> = Promise.resolve();
  writes = 0;
  open = 0;
  freeBytesNow = 1e15;
  makeFolder = nodeSpoolFiles.makeFolder;
  list = nodeSpoolFiles.list;
  unlink = nodeSpoolFiles.unlink;
  read = nodeSpoolFiles.read;

  async create(file: string): Promise<number> {
    const fd = await nodeSpoolFiles.create(file);
    this.open++;
    return fd;
  }

  async openForRead(file: string): Promise<number> {
    const fd = await nodeSpoolFiles.openForRead(file);
    this.open++;
    return fd;
  }

  async close(fd: number): Promise<void> {
    this.open--;
    await nodeSpoolFiles.close(fd);
  }

  async freeBytes(): Promise<number> {
    return this.freeBytesNow;
  }

  async write(fd: number, buffers: readonly Uint8Array[], position: number): Promise<number> {
    await this.gate;
    for (let turn = 0; turn < this.slowTurns; turn++) await new Promise((resolve) => setImmediate(resolve));
    this.writes++;
    const bytes = buffers.reduce((sum, buffer) => sum + buffer.length, 0);
    const full = bytes > this.bytesRoom || (this.failEvery > 0 && this.writes % this.failEvery === 0);
    if (full) throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    this.bytesRoom -= bytes;
    const parts: Uint8Array[] = [];
    let room = this.writeBytesMax;
    for (const buffer of buffers) {
      if (room > 0) parts.push(buffer.subarray(0, room));
      room -= buffer.length;
    }
    return nodeSpoolFiles.write(fd, parts, position);
  }
}

export interface Bench {
  readonly dir: string;
  readonly files: FaultyFiles;
  readonly clock: ManualClock;
  readonly budget: SpoolBudget;
  readonly reports: DiskFullState[];
  readonly options: SpoolLogOptions;
}

/** Options of a small log: slabs of 4 KiB, eight of them, segments of 16 KiB, spilling beyond 8 KiB. */
export async function smallSpool(over: Partial<SpoolLogOptions> = {}, maxBytes = 0): Promise<Bench> {
  const dir = over.dir ?? path.join(await temporaryFolder(), '1');
  const files = new FaultyFiles();
  const clock = new ManualClock();
  const reports: DiskFullState[] = [];
  const budget = new SpoolBudget({ dir, maxBytes, log: silentLogger, clock, files, onDiskFull: (state) => reports.push(state) });
  const options: SpoolLogOptions = {
    dir,
    name: 'stream',
    startOffset: 0,
    mode: 'always',
    slabBytes: 4096,
    memoryBytesMax: 8 * 4096,
    segmentBytes: 4 * 4096,
    spillThresholdBytes: 2 * 4096,
    retain: { ms: 0, bytes: 0 },
    budget,
    log: silentLogger,
    clock,
    files,
    ...over,
  };
  return { dir, files, clock, budget, reports, options };
}

/** The byte that every test has at this offset. */
export function byteAt(offset: number): number {
  return (Math.imul(offset, 0x9e37_79b1) >>> 19) & 0xff;
}

export function bytesAt(offset: number, count: number): Uint8Array {
  const bytes = new Uint8Array(count);
  for (let index = 0; index < count; index++) bytes[index] = byteAt(offset + index);
  return bytes;
}

export function appendKnown(log: SpoolLog, count: number): void {
  log.append(bytesAt(log.endOffset, count));
}

/** Fills the reserved room as a socket would: at most `count` bytes; returns how many. */
export function receiveKnown(log: SpoolLog, count: number): number {
  const room = log.reserve();
  const filled = Math.min(count, room.length);
  room.set(bytesAt(log.endOffset, filled));
  log.commit(filled);
  return filled;
}

/** Reads [from, to) in rooms of `room` bytes and expects the known bytes. */
export async function expectKnown(log: SpoolLog, from: number, to: number, room = 3000): Promise<void> {
  const out = new Uint8Array(room + 3);
  for (let offset = from; offset < to;) {
    const count = await log.read(offset, out, 3, Math.min(room, to - offset));
    if (count === 0) throw new Error(`read() gives nothing at ${offset} of ${log.endOffset}`);
    for (let index = 0; index < count; index++) {
      if (out[3 + index] !== byteAt(offset + index)) expect.fail(`wrong byte at ${offset + index}`);
    }
    offset += count;
  }
}

export async function segmentNames(dir: string): Promise<string[]> {
  return (await fs.readdir(dir)).filter((name) => name.endsWith('.seg')).sort();
}
