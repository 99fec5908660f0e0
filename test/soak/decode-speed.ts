/**
 * How fast values are decoded: `npm run decode-speed -- FILE.rdb [rounds]`. The file is held in memory; each round takes it apart twice,
 * once without decoding its values and once with a visitor that does nothing.
 */
import { readFileSync } from 'node:fs';
import { Batch, EntryKind } from '../../src/model/batch.ts';
import { RdbDecoder } from '../../src/rdb/rdb-decoder.ts';
import { ValueDecoder } from '../../src/rdb/values/value-decoder.ts';
import type { ValueVisitor } from '../../src/rdb/values/value-visitor.ts';

const WINDOW_BYTES = 512 * 1024;
const MEGA = 1_000_000;
const nothing = (): void => {};

/** Counts the calls per element, so that none of them can be left out. */
class Counter implements ValueVisitor {
  elements = 0;
  begin = nothing;
  text = nothing;
  arrayCursor = nothing;
  raw = nothing;
  stream = nothing;
  streamGroup = nothing;
  streamPending = nothing;
  streamConsumer = nothing;
  streamConsumerPending = nothing;
  streamReturned = nothing;
  streamProducer = nothing;
  streamProducerId = nothing;
  end = nothing;

  element(): void {
    this.elements++;
  }

  member(): void {
    this.elements++;
  }

  field(): void {
    this.elements++;
  }

  arrayElement(): void {
    this.elements++;
  }

  streamNode(): void {
    this.elements++;
  }
}

function takeApart(file: Uint8Array, visitor: ValueVisitor | null): number {
  const decoder = new RdbDecoder();
  const values = new ValueDecoder();
  const batch = new Batch(4096);
  let keys = 0;
  for (let at = 0; decoder.status !== 'end';) {
    batch.reset();
    const next = decoder.decode(file, at, Math.min(file.length, at + WINDOW_BYTES), at, batch);
    if (next === at) throw new Error(`an entry at ${at} does not fit into ${WINDOW_BYTES} bytes`);
    at = next;
    keys += batch.count;
    if (!visitor || !decoder.dialect) continue;
    for (let row = 0; row < batch.count; row++) {
      if (batch.kind[row] !== EntryKind.RdbValue) continue;
      values.begin(batch.type[row], decoder.dialect, visitor, batch.end[row] - batch.start[row], decoder.templates);
      values.feed(batch.bytes, batch.start[row], batch.end[row]);
    }
  }
  return keys;
}

const [path, rounds = '7'] = process.argv.slice(2);
if (!path) throw new Error('give the RDB file to decode');
const file = new Uint8Array(readFileSync(path));
for (let round = 0; round < Number(rounds); round++) {
  const counter = new Counter();
  const times = [null, counter].map((visitor) => {
    const { user } = process.cpuUsage();
    const keys = takeApart(file, visitor);
    return { keys, seconds: (process.cpuUsage().user - user) / MEGA };
  });
  const [skipped, decoded] = times.map(({ seconds }) => `${(file.length / MEGA / seconds).toFixed(0)} MB/s`);
  const perElement = ((times[1].seconds - times[0].seconds) * 1e9) / Math.max(1, counter.elements);
  console.log(`${times[0].keys} keys: skipped ${skipped}, decoded ${decoded} (CPU), ${counter.elements} elements, ${perElement.toFixed(0)} ns each`);
}
