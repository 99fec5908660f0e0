/** What one window of a large value holds, copied, until it was looked up. */
import type { ValueKind } from '../../../model/value-kind.ts';
import { StreamNode } from '../../../rdb/encodings/stream-node.ts';
import type { ValueVisitor } from '../../../rdb/values/value-visitor.ts';

const SEPARATOR = Buffer.from([0, 1]);

export class WindowItems implements ValueVisitor {
  /** Elements of the whole value so far; bytes of a string. */
  count = 0;
  /** Index of the first name. */
  first = 0;
  /** Members, fields, elements of a list, ids of entries. */
  names: Buffer[] = [];
  /** Scores, values, elements of a list, fields of entries. */
  values: (Buffer | number)[] = [];
  times: number[] = [];
  texts: Buffer[] = [];
  textStart = 0;
  private isList = false;
  private readonly node = new StreamNode();

  /** They were looked up. */
  forget(): void {
    for (const text of this.texts) this.textStart += text.length;
    this.first += this.names.length;
    this.names = [];
    this.values = [];
    this.times = [];
    this.texts = [];
  }

  begin(kind: ValueKind): void {
    this.isList = kind === 1;
  }

  text(bytes: Uint8Array, start: number, end: number): void {
    this.texts.push(copy(bytes, start, end));
    this.count += end - start;
  }

  element(bytes: Uint8Array, start: number, end: number): void {
    const element = copy(bytes, start, end);
    this.put(element, this.isList ? element : 1);
  }

  member(bytes: Uint8Array, start: number, end: number, score: number): void {
    this.put(copy(bytes, start, end), score + 0);
  }

  field(bytes: Uint8Array, start: number, end: number, value: Uint8Array, valueStart: number, valueEnd: number, expiryMs: number): void {
    this.put(copy(bytes, start, end), copy(value, valueStart, valueEnd));
    this.times.push(expiryMs);
  }

  streamNode(id: Uint8Array, idStart: number, bytes: Uint8Array, start: number, end: number): void {
    const { node } = this;
    node.open(id, idStart, bytes, start, end);
    while (node.next()) {
      if (node.isDeleted) continue;
      const view = new DataView(node.id.buffer, node.id.byteOffset);
      const name = Buffer.from(`${view.getBigUint64(0)}-${view.getBigUint64(8)}`);
      const fields: Buffer[] = [];
      while (node.nextField()) {
        fields.push(copy(node.name, node.nameStart, node.nameEnd), SEPARATOR, copy(node.value, node.valueStart, node.valueEnd), SEPARATOR);
      }
      this.put(name, Buffer.concat(fields));
    }
  }

  arrayElement(): void {}
  arrayCursor(): void {}
  raw(): void {}
  stream(): void {}
  streamGroup(): void {}
  streamPending(): void {}
  streamConsumer(): void {}
  streamConsumerPending(): void {}
  streamReturned(): void {}
  streamProducer(): void {}
  streamProducerId(): void {}
  end(): void {}

  private put(name: Buffer, value: Buffer | number): void {
    this.names.push(name);
    this.values.push(value);
    this.count++;
  }
}

function copy(bytes: Uint8Array, start: number, end: number): Buffer {
  return Buffer.from(bytes.subarray(start, end));
}
