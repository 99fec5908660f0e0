import { expect, test } from 'vitest';
import { parseScanPosition, SCAN_BEGIN, scanPositionText } from '../../../src/source/scan/scan-position.ts';

test('reads back as it was written', () => {
  const position = { ...SCAN_BEGIN, database: 12, cursor: '18446744073709551615', runId: 'f00', notifyBefore: 'Kg', mustCompare: true };
  expect(parseScanPosition(scanPositionText(position))).toEqual(position);
});

test.each([
  '',
  '{}',
  'null',
  '{"stage":"elsewhere","database":0,"cursor":"0","runId":"","notifyBefore":null}',
  '{"stage":"done","database":0,"cursor":"x","runId":""}',
])('refuses %s', (text) => {
  expect(() => parseScanPosition(text)).toThrow('cannot be read');
});
