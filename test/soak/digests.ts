/**
 * The quick comparison between two rounds: every key of both sides by the digest that the server itself makes of its value, and by its expiry. What a
 * digest does not cover (last id and groups of a stream, functions) is left to compareServers() at the end.
 */
import type { Redis } from 'ioredis';
import type { RealServer } from '../support/server.ts';

const BATCH_KEYS = 500;
const OWN_PREFIX = '__godwit';
/** A key of a snapshot that is about to expire is held at the target until the source deletes it, which it does some time after the expiry. */
const EXPIRY_WAIT_MS = 10_000;
const SOON_MS = 600;

interface KeyDigest {
  readonly digest: string;
  /** Unix ms, -1 for none, -2 when the key has expired but is still held. */
  readonly expiresAtMs: number;
}

interface Difference {
  readonly text: string;
  /** It is expected to end when the source deletes the expired key. */
  readonly passing: boolean;
}

/** @returns a line for each key that differs, at most 30. Both sides must be at rest and allow DEBUG. */
export async function digestDifferences(left: RealServer, right: RealServer): Promise<string[]> {
  const clients = [left.client(), right.client()];
  const deadline = performance.now() + EXPIRY_WAIT_MS;
  try {
    for (;;) {
      const found = await lookOnce(clients);
      const settled = found.every(({ passing }) => !passing) || performance.now() > deadline;
      if (settled) return found.slice(0, 30).map(({ text }) => text);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  } finally {
    for (const client of clients) client.disconnect();
  }
}

async function lookOnce(clients: readonly Redis[]): Promise<Difference[]> {
  const found: Difference[] = [];
  for (let database = 0; database < 16; database++) {
    const [ours, theirs] = await Promise.all(clients.map((client) => digestsOf(client, database)));
    for (const key of new Set([...ours.keys(), ...theirs.keys()])) {
      const [left, right] = [ours.get(key), theirs.get(key)];
      if (left?.digest === right?.digest && left?.expiresAtMs === right?.expiresAtMs) continue;
      if (!isGoing(left) || !isGoing(right)) {
        found.push({
          text: `db ${database} ${JSON.stringify(key)}: ${show(left)} | ${show(right)}`,
          passing: isGoing(left) && (right?.expiresAtMs ?? -1) >= 0,
        });
      }
    }
  }
  return found;
}

async function digestsOf(client: Redis, database: number): Promise<Map<string, KeyDigest>> {
  await client.select(database);
  const digests = new Map<string, KeyDigest>();
  let cursor = '0';
  do {
    const [next, keys] = await client.scan(cursor, 'COUNT', BATCH_KEYS);
    cursor = next;
    const wanted = keys.filter((key) => !key.startsWith(OWN_PREFIX));
    if (wanted.length === 0) continue;
    const pipeline = client.pipeline().call('DEBUG', 'DIGEST-VALUE', ...wanted);
    for (const key of wanted) pipeline.call('PEXPIRETIME', key);
    const [digest, ...expiries] = (await pipeline.exec()) ?? [];
    for (const [i, key] of wanted.entries()) digests.set(key, { digest: (digest[1] as string[])[i], expiresAtMs: Number(expiries[i][1]) });
  } while (cursor !== '0');
  return digests;
}

function isGoing(side: KeyDigest | undefined): boolean {
  return side === undefined || side.expiresAtMs === -2 || (side.expiresAtMs >= 0 && side.expiresAtMs <= Date.now() + SOON_MS);
}

function show(side: KeyDigest | undefined): string {
  return side === undefined ? 'absent' : `${side.digest.slice(0, 12)} expires ${side.expiresAtMs}`;
}
