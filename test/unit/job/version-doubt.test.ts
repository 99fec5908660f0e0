import { expect, test } from 'vitest';
import { versionDoubt } from '../../../src/job/preflight.ts';
import { parseServerVersion } from '../../../src/model/server-version.ts';

const redis = (version: string) => parseServerVersion(`redis_version:${version}\r\n`);
const valkey = (version: string) => parseServerVersion(`redis_version:7.2.4\r\nvalkey_version:${version}\r\n`);

test.each([
  [redis('7.0.15'), redis('7.0.1'), undefined],
  [redis('6.0.16'), redis('8.0.2'), undefined],
  [redis('7.2.5'), valkey('8.1.1'), undefined],
  [redis('8.0.2'), undefined, undefined],
  [redis('8.0.2'), redis('7.0.15'), /^the target \(Redis 7\.0\.15\) is older than the source \(Redis 8\.0\.2\): it may refuse/],
  [valkey('9.1.2'), valkey('8.1.1'), /^the target \(Valkey 8\.1\.1\) is older than/],
  [redis('7.4.1'), valkey('8.1.1'), /^the target \(Valkey 8\.1\.1\) is another product than the source \(Redis 7\.4\.1\)/],
  [valkey('8.1.1'), redis('8.0.2'), /is another product than/],
])('%j to %j', (source, target, words) => {
  const doubt = versionDoubt(source, target);
  if (words === undefined) expect(doubt).toBe(undefined);
  else expect(doubt).toMatch(words);
});
