/**
 * 60 s of 20,000 writes/s with expiry and eviction, followed by keyspace notifications: `npm run soak:notifications`, `-- 10 5000` for 10 s of 5,000 writes/s. A form
 * of 5 s is in test/e2e/scan-load.test.ts.
 */
import { followBusySource } from '../support/scan/follow-busy-source.ts';

const [seconds = 60, writesPerSecond = 20_000, seed = 1] = process.argv.slice(2).map(Number);
const { differences, ...counts } = await followBusySource({ seconds, writesPerSecond, seed });
console.log(JSON.stringify({ seconds, writesPerSecond, seed, ...counts, writesReached: Math.round(counts.writes / seconds) }));
for (const difference of differences) console.log(difference);
console.log(differences.length === 0 ? 'both sides are equal' : `${differences.length} differences`);
process.exit(differences.length === 0 ? 0 : 1);
