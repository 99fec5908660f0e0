/** A connection for lanes: what is sent is kept, and answered when the test says so. */
import { TypedEmitter } from '../../../src/async/typed-emitter.ts';
import type { Mark } from '../../../src/checkpoint/mark.ts';
import { GodwitError } from '../../../src/errors/errors.ts';
import { Batch } from '../../../src/model/batch.ts';
import type { Connection } from '../../../src/net/connection.ts';
import type { ConnectionEvents } from '../../../src/net/connection-options.ts';
import type { ReplyCollector } from '../../../src/net/reply-collector.ts';
import { LaneParcel } from '../../../src/pipeline/lane-parcel.ts';
import type { Wave } from '../../../src/pipeline/wave-line.ts';
import { encodeCommand } from '../../../src/resp/encode.ts';
import { StreamDecoder } from '../../../src/resp/stream-decoder.ts';
import type { ClusterNode } from '../../../src/topology/cluster-node.ts';

export class FakeConnection {
  readonly events = new TypedEmitter<ConnectionEvents>((error) => {
    throw error;
  });
  generation = 1;
  isReady = true;
  /** What was sent, as text without the RESP around it, and not answered. */
  readonly sent: { readonly text: string; readonly collector: ReplyCollector }[] = [];

  send([bytes]: readonly Uint8Array[], [collector]: readonly ReplyCollector[]): boolean {
    const lines = Buffer.from(bytes).toString('latin1').split('\r\n');
    this.sent.push({ text: lines.filter((line) => line !== '' && !/^[*$]\d/.test(line)).join(' '), collector });
    return true;
  }

  drained(): Promise<void> {
    return Promise.resolve();
  }

  /** Answers the oldest; `error` refuses its first command. */
  async answer(error?: string): Promise<string> {
    const next = this.sent.shift();
    if (next === undefined) throw new Error('nothing was sent');
    if (error !== undefined) next.collector.onError(0, -1, error);
    next.collector.onDone();
    await settle();
    return next.text;
  }

  lose(): void {
    this.isReady = false;
    this.generation++;
    this.events.emit('lost', { error: new GodwitError('CONNECTION_LOST', 'lost'), idleMs: 0 });
  }

  get connection(): Connection {
    return this as unknown as Connection;
  }
}

export function fakeNode(name: string, port: number): ClusterNode {
  const address = `127.0.0.1:${port}`;
  return {
    id: name,
    host: '127.0.0.1',
    port,
    announcedAddress: address,
    aliases: [],
    role: 'primary',
    primaryId: undefined,
    health: 'online',
    offset: -1,
    configEpoch: -1,
  };
}

export function fakeWave(seq: number): Wave {
  return { seq, mark: {} as Mark, rows: 0, skipped: 0, pending: 1 };
}

/** Of one command. */
export function fakeParcel(seq: number, command: string, slot = 1): LaneParcel {
  const bytes = Buffer.from(encodeCommand(command.split(' ')));
  const batch = new Batch(1);
  new StreamDecoder({ offset: 0, database: 0 }, 'godwit').decode(bytes, 0, bytes.length, batch);
  const parcel = new LaneParcel(64);
  parcel.begin(batch, fakeWave(seq));
  parcel.addCommand(slot, 0, undefined);
  return parcel;
}

export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
