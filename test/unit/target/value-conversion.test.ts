/** What a refusal of a value says. */
import { expect, test } from 'vitest';
import type { GodwitError } from '../../../src/errors/errors.ts';
import { RdbOpcode } from '../../../src/rdb/opcodes.ts';
import { ValueConversion } from '../../../src/target/value-conversion.ts';

function refusal(type: number, key: string): GodwitError {
  const conversion = new ValueConversion({ product: 'redis', major: 6, minor: 0, patch: 0, text: '6.0.0' }, 'stop');
  conversion.begin({ magic: 'REDIS', version: 11 });
  try {
    conversion.skipsLarge({ type, key: Buffer.from(key), database: 3 });
  } catch (error) {
    return error as GodwitError;
  }
  throw new Error('it was not refused');
}

test('functions are no key, and the fix names the option', () => {
  const functions = refusal(RdbOpcode.Function2, '');
  expect(functions.message).toMatch(/^the functions of the source cannot be brought to Redis 6\.0\.0 as they are: /);
  expect(JSON.parse(JSON.stringify(functions.details))).not.toHaveProperty('key');
  expect(functions.fix).toMatch(/--on-unsupported degrade .* skip /);
});
