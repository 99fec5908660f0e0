/** What a target evicts by goes with every value, strings too. */
import { expect, test } from 'vitest';
import { Batch, EntryKind } from '../../../src/model/batch.ts';
import { BatchBuffer } from '../../../src/target/batch-buffer.ts';
import { ValueConversion } from '../../../src/target/value-conversion.ts';

// SET says no idle time.
test('a plain string keeps its idle time where the target evicts by it', () => {
  const conversion = new ValueConversion({ product: 'redis', major: 7, minor: 0, patch: 0, text: '7.0.0' }, 'stop');
  conversion.begin({ magic: 'REDIS', version: 10 });
  const batch = new Batch(1);
  batch.bytes = Buffer.from('k\x01v', 'latin1');
  batch.count = 1;
  batch.kind[0] = EntryKind.RdbValue;
  batch.keyEnd[0] = 1;
  batch.start[0] = 1;
  batch.end[0] = 3;
  batch.expiryMs[0] = -1;
  batch.idle[0] = 5_000;
  batch.freq[0] = -1;
  const buffer = new BatchBuffer(1024);
  buffer.begin('plain');
  buffer.addValues(batch, { conversion, replace: true, setPxat: true, absttl: true, keepIdle: true, keepFreq: false }, 0, new Set());
  expect(buffer.bytes.toString('latin1', 0, buffer.length)).toContain('IDLETIME\r\n$4\r\n5000');
});
