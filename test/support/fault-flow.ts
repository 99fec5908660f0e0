/** One proxied connection: two pipes, and the faults that the proxy has set. */
import type { Socket } from 'node:net';

export type Direction = 'to-server' | 'to-client';

/** Shared by all flows of a proxy, changed while they run. */
export interface FlowFaults {
  delayMs: number;
  /** 0 = as they come. */
  sliceBytes: number;
  stalled: boolean;
  readonly swallow: Record<Direction, boolean>;
  idleLimitMs: number;
  cut: { readonly bytes: number; readonly direction: Direction; readonly done: () => void } | null;
}

interface FlowEvents {
  ended(): void;
  dropped(): void;
}

const QUEUED_BYTES_MAX = 256 * 1024;
/** Long enough for the other side to read what came before. */
const SLICE_EVERY_MS = 1;

export class Flow {
  readonly faults: FlowFaults;
  /** Nothing of this flow moves; of others it does. */
  private detained = false;
  private readonly client: Socket;
  private readonly server: Socket | null;
  private readonly events: FlowEvents;
  private readonly pipes: readonly Pipe[];
  private idleTimer: NodeJS.Timeout | undefined;
  private forgotten = false;

  /** @param server null: the client is taken and never answered. */
  constructor(client: Socket, server: Socket | null, faults: FlowFaults, events: FlowEvents) {
    this.client = client;
    this.server = server;
    this.faults = faults;
    this.events = events;
    client.setNoDelay(true);
    server?.setNoDelay(true);
    this.pipes = server ? [new Pipe(this, client, server, 'to-server'), new Pipe(this, server, client, 'to-client')] : [];
    if (!server) client.resume().once('end', () => client.end());
    for (const socket of server ? [client, server] : [client]) {
      socket.on('error', () => this.broken(socket));
      socket.once('close', () => this.closed());
    }
    this.watchIdle();
  }

  get isOpen(): boolean {
    return !this.client.destroyed && !this.client.readableEnded;
  }

  /** True once the flow was dropped: nothing passes any more, not even its end. */
  get isForgotten(): boolean {
    return this.forgotten;
  }

  pump(): void {
    for (const pipe of this.pipes) pipe.pump();
  }

  get isDetained(): boolean {
    return this.detained;
  }

  detain(): void {
    this.detained = true;
  }

  /** What waits goes on, also when the client has gone since. */
  release(): void {
    this.detained = false;
    this.pump();
    if (this.client.destroyed) this.server?.destroySoon();
  }

  /** What waits for its time goes out now. */
  hurry(): void {
    for (const pipe of this.pipes) pipe.hurry();
  }

  countAnew(): void {
    for (const pipe of this.pipes) pipe.bytesCounted = 0;
  }

  /** Starts the idle time anew. */
  watchIdle(): void {
    clearTimeout(this.idleTimer);
    const { idleLimitMs } = this.faults;
    if (idleLimitMs <= 0 || this.forgotten) return;
    this.idleTimer = setTimeout(() => {
      this.forgotten = true;
      this.events.dropped();
    }, idleLimitMs);
  }

  reset(): void {
    this.client.resetAndDestroy();
    this.server?.resetAndDestroy();
  }

  /** What was written before still goes out. */
  close(): void {
    this.client.destroySoon();
    this.server?.destroySoon();
  }

  destroy(): void {
    clearTimeout(this.idleTimer);
    this.client.destroy();
    this.server?.destroy();
  }

  private broken(socket: Socket): void {
    if (this.forgotten || this.detained) return;
    const other = socket === this.client ? this.server : this.client;
    if (other && !other.destroyed) other.resetAndDestroy();
  }

  private closed(): void {
    if (!this.client.destroyed || (this.server && !this.server.destroyed)) return;
    clearTimeout(this.idleTimer);
    this.events.ended();
  }
}

/** One direction of a flow. `null` in the queue is the end of the stream. */
class Pipe {
  bytesCounted = 0;
  private readonly flow: Flow;
  private readonly from: Socket;
  private readonly to: Socket;
  private readonly direction: Direction;
  private readonly queue: { dueAt: number; readonly bytes: Buffer | null }[] = [];
  private queuedBytes = 0;
  /** Bytes of this direction got lost. */
  private hasHole = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(flow: Flow, from: Socket, to: Socket, direction: Direction) {
    this.flow = flow;
    this.from = from;
    this.to = to;
    this.direction = direction;
    from.on('data', (bytes) => this.push(bytes));
    from.once('end', () => this.push(null));
    to.on('drain', () => this.pump());
  }

  pump(): void {
    clearTimeout(this.timer);
    const { faults } = this.flow;
    while (!faults.stalled && !this.flow.isDetained && this.queue.length > 0 && !this.to.writableNeedDrain) {
      const waitMs = this.queue[0].dueAt - performance.now();
      if (waitMs > 0) {
        this.timer = setTimeout(() => this.pump(), Math.ceil(waitMs));
        break;
      }
      const { bytes } = this.queue.shift()!;
      this.queuedBytes -= bytes?.length ?? 0;
      this.deliver(bytes);
    }
    if (this.queuedBytes < QUEUED_BYTES_MAX) this.from.resume();
  }

  hurry(): void {
    for (const piece of this.queue) piece.dueAt = 0;
    this.pump();
  }

  private push(bytes: Buffer | null): void {
    this.flow.watchIdle();
    const { delayMs, sliceBytes } = this.flow.faults;
    const now = performance.now();
    const count = bytes && sliceBytes > 0 ? Math.ceil(bytes.length / sliceBytes) : 1;
    const firstAt = count === 1 ? now + delayMs : Math.max(now + delayMs, (this.queue.at(-1)?.dueAt ?? 0) + SLICE_EVERY_MS);
    for (let i = 0; i < count; i++) {
      this.queue.push({ dueAt: firstAt + i * SLICE_EVERY_MS, bytes: count === 1 ? bytes : bytes!.subarray(i * sliceBytes, (i + 1) * sliceBytes) });
    }
    this.queuedBytes += bytes?.length ?? 0;
    if (this.queuedBytes >= QUEUED_BYTES_MAX) this.from.pause();
    this.pump();
  }

  private deliver(bytes: Buffer | null): void {
    const { faults } = this.flow;
    const swallowing = faults.swallow[this.direction];
    if (this.flow.isForgotten || this.hasHole || swallowing) {
      if (bytes) this.hasHole = true;
      // Only an end after the loss is told of: in a black hole, a FIN gets no answer either.
      else if (!this.flow.isForgotten && !swallowing) this.to.end();
      return;
    }
    if (!bytes) {
      this.to.end();
      return;
    }
    if (this.cutsIn(bytes)) return;
    this.bytesCounted += bytes.length;
    if (!this.to.destroyed && this.to.writable) this.to.write(bytes);
  }

  private cutsIn(bytes: Buffer): boolean {
    const { cut } = this.flow.faults;
    if (!cut || cut.direction !== this.direction || this.bytesCounted + bytes.length < cut.bytes) return false;
    this.flow.faults.cut = null;
    if (this.to.writable) this.to.write(bytes.subarray(0, Math.max(0, cut.bytes - this.bytesCounted)));
    this.flow.close();
    cut.done();
    return true;
  }
}
