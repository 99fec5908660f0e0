/** Looks through a large string, in parts, for whether it is UTF-8 text: formats of text have to know before they write its first byte. */
import type { ValueVisitor } from '../rdb/values/value-visitor.ts';

const HEAD_BYTES = 16;
const nothing = (): void => {};

export class TextProbe implements ValueVisitor {
  isUtf8 = true;
  head: Uint8Array = new Uint8Array(0);
  private readonly decoder = new TextDecoder('utf-8', { fatal: true });
  readonly begin = nothing;
  readonly element = nothing;
  readonly member = nothing;
  readonly field = nothing;
  readonly arrayElement = nothing;
  readonly arrayCursor = nothing;
  readonly raw = nothing;
  readonly streamNode = nothing;
  readonly stream = nothing;
  readonly streamGroup = nothing;
  readonly streamPending = nothing;
  readonly streamConsumer = nothing;
  readonly streamConsumerPending = nothing;
  readonly streamReturned = nothing;
  readonly streamProducer = nothing;
  readonly streamProducerId = nothing;

  text(bytes: Uint8Array, start: number, end: number): void {
    if (this.head.length < HEAD_BYTES) this.head = Buffer.concat([this.head, bytes.subarray(start, Math.min(end, start + HEAD_BYTES))]).subarray(0, HEAD_BYTES);
    this.look(bytes.subarray(start, end), true);
  }

  end(): void {
    this.look(new Uint8Array(0), false);
  }

  private look(bytes: Uint8Array, stream: boolean): void {
    if (!this.isUtf8) return;
    try {
      this.decoder.decode(bytes, { stream });
    } catch {
      this.isUtf8 = false;
    }
  }
}
