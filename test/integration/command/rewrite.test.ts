/** What each source sends, rewritten for each target and applied there as a client would: the same data, or a reason why not. */
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CommandArguments } from '../../../src/command/command-arguments.ts';
import { CommandRewriter } from '../../../src/command/rewrite/command-rewriter.ts';
import { type ServerVersion, parseServerVersion } from '../../../src/model/server-version.ts';
import type { ServerName } from '../../../scripts/servers.ts';
import { WRITE_SAMPLES } from '../../support/commands/command-samples.ts';
import { type RecordedSample, recordSamples } from '../../support/commands/recording.ts';
import { readCommand } from '../../support/commands/resp-command.ts';
import { compareServers } from '../../support/compare.ts';
import { type RealServer, startServer } from '../../support/server.ts';

const NAMES = ['redis-6.0', 'redis-7.0', 'redis-8.0', 'valkey-8.1', 'valkey-9.1'] as const;

/** A DUMP payload of another vendor or of a newer server is refused: values are not the rewriter's matter. */
const isPayload = ({ sample }: RecordedSample): boolean => sample.call.startsWith('restore');

/** Redis 6.0 has no such things, and no commands that together do the same. */
const BEYOND_6_0 = /^(copy k k db|geosearchstore .* bybox|x(add|trim) k minid|zdiffstore|zrangestore)/;
const FIELD_EXPIRY = /^(hp?expire|hsetex .*(ex|px|exat|pxat) |hgetex)/;

/** Differences that are no matter of rewriting: a replica of this source would have them as well, or it takes a newer target. */
const KNOWN: readonly { readonly call: string; readonly what: RegExp; readonly source?: RegExp; readonly target?: RegExp }[] = [
  // Before 7.0 a consumer that reads with NOACK is not propagated, and before 7.2 not how many entries a group has read.
  { call: 'xreadgroup group g c count 1 noack streams k >', what: /consumers/, source: /redis-6.0/ },
  { call: '', what: /entries-read/, source: /redis-7.0/ },
  // Nobody propagates the consumer of an XAUTOCLAIM that finds deleted entries only; before 7.0 XCLAIM makes them pending again.
  { call: 'xautoclaim k g d 0 0', what: /consumers/ },
  { call: 'xautoclaim k g d 0 0', what: /pel-count/, target: /redis-6.0/ },
];

const RELATIVE = /^(p?expire|p?setex|set \S+ \S+ .*\b[ep]x) /i;

interface Applied {
  /** Calls of which a command is unsupported. */
  readonly unsupported: string[];
  readonly errors: string[];
  /** Commands sent with a time that counts from their arrival. */
  readonly relative: string[];
  /** Prefixes of samples that are not to be compared. */
  readonly skipped: string[];
}

async function apply(client: Redis, target: ServerVersion, recorded: readonly RecordedSample[]): Promise<Applied> {
  const rewriter = new CommandRewriter(target);
  const applied: Applied = { unsupported: [], errors: [], relative: [], skipped: [] };
  for (const one of recorded) {
    if (isPayload(one)) {
      applied.skipped.push(one.prefix);
      continue;
    }
    for (const words of one.commands) {
      if (/^(multi|exec)$/i.test(words[0].toString())) continue;
      const { args, command } = readCommand([...words]);
      const result = rewriter.rewrite(command, args, one.receivedAtMs);
      if (result.kind === 'unsupported') {
        applied.unsupported.push(one.sample.call);
        applied.skipped.push(one.prefix);
        break;
      }
      const sent = result.kind === 'passthrough' ? [words] : split(result.bytes);
      applied.relative.push(...sent.map((one) => one.join(' ')).filter((line) => RELATIVE.test(line)));
      for (const [name, ...rest] of sent)
        await client.call(name.toString(), ...rest).catch((error: Error) => applied.errors.push(`${one.sample.call}: ${error.message}`));
    }
  }
  return applied;
}

/** Has the sample a command that the target has no words for? */
function isBeyond({ sample }: RecordedSample, target: ServerName): boolean {
  if (target === 'redis-6.0' && BEYOND_6_0.test(sample.call)) return true;
  const hasFieldExpiry = target === 'redis-8.0' || target === 'valkey-9.1';
  return !hasFieldExpiry && [...sample.setup, sample.call].some((line) => FIELD_EXPIRY.test(line)) && sample.call !== 'hexpire k 0 fields 1 a';
}

function isKnown(line: string, recorded: readonly RecordedSample[], source: ServerName, target: ServerName): boolean {
  const call = recorded.find(({ prefix }) => line.includes(`"${prefix}`))?.sample.call ?? '';
  return KNOWN.some((one) => call.startsWith(one.call) && one.what.test(line) && (one.source?.test(source) ?? true) && (one.target?.test(target) ?? true));
}

function split(bytes: Uint8Array): Buffer[][] {
  const all: Buffer[][] = [];
  const args = new CommandArguments();
  for (let at = 0; at < bytes.length; at = args.end(args.count - 1) + 2) {
    if (!args.read(bytes, at, bytes.length)) throw new Error('the rewritten bytes are no commands');
    all.push(Array.from({ length: args.count }, (_, i) => Buffer.from(args.value(i))));
  }
  return all;
}

describe.each(NAMES)('from %s', (sourceName) => {
  let source: RealServer;
  let recorded: RecordedSample[];

  beforeAll(async () => {
    source = await startServer({ server: sourceName, args: { 'repl-diskless-sync': 'no' } });
    const client = source.client();
    recorded = await recordSamples(source, client, WRITE_SAMPLES);
  });

  afterAll(() => source.stop());

  test.each(NAMES)('to %s', async (targetName: ServerName) => {
    await using target = await startServer({ server: targetName });
    const client = target.client();
    const version = parseServerVersion(await client.info('server'))!;
    const applied = await apply(client, version, recorded);
    expect(applied.errors).toEqual([]);
    expect(applied.relative).toEqual([]);
    expect(applied.unsupported).toEqual(recorded.filter((one) => isBeyond(one, targetName)).map(({ sample }) => sample.call));
    // Redis 6.0 sends relative times and cannot say when a key expires, only in how long.
    const tolerance = [sourceName, targetName].includes('redis-6.0') ? { ttlToleranceMs: 2_000 } : {};
    const all = await compareServers(source, target, { differencesMax: 10_000, ...tolerance });
    const differences = all.filter((line) => !applied.skipped.some((prefix) => line.includes(`"${prefix}`)));
    expect(differences.filter((line) => !isKnown(line, recorded, sourceName, targetName))).toEqual([]);
  });
});
