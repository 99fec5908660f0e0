/**
 * Calls per second of Lua functions, one thread, no sockets: `npm run bench:lua`. Rounds of all functions alternate; the median counts. The second figure is
 * per second of CPU time, which the load of a shared machine touches less.
 */
import { cpus, loadavg } from 'node:os';
import { encodeCommand } from '../../src/resp/encode.ts';
import { LuaTransform } from '../../src/transform/lua/lua-transform.ts';
import type { CommandRows } from '../../src/transform/transform-engine.ts';
import { TransformOutput } from '../../src/transform/transform-output.ts';

const ROUNDS = 7;
const CALLS = 200_000;
const ROWS = 1000;
const VALUE = 'v'.repeat(64);

interface Case {
  readonly name: string;
  readonly source: string;
  readonly command: (i: number) => string[];
  /** Calls of a round, as a part of CALLS. */
  readonly share?: number;
}

const set = (i: number): string[] => ['SET', `${i % 2 === 0 ? 'user' : 'other'}:${i}`, VALUE];
const long = (): string[] => ['RPUSH', 'user:list', ...Array.from({ length: 10_000 }, (_, i) => `item:${i}`)];

const CASES: readonly Case[] = [
  { name: 'drop a group', source: 'if GROUP == "STRING" then return end shake.call(DB, ARGV)', command: set },
  {
    name: 'prefix filter, half passes',
    source: 'local p = "user:"\nif not KEYS[1] or string.sub(KEYS[1], 1, #p) ~= p then return end\nshake.call(DB, ARGV)',
    command: set,
  },
  { name: 'key rewrite', source: 'ARGV[2] = "new:" .. ARGV[2] shake.call(DB, ARGV)', command: set },
  {
    name: 'key rewrite, every key with a prefix',
    source: `for _, i in ipairs(KEY_INDEXES) do
  local key = ARGV[i]
  if key and string.sub(key, 1, 5) == "user:" then ARGV[i] = "u:" .. string.sub(key, 6) end
end
shake.call(DB, ARGV)`,
    command: set,
  },
  {
    name: 'MSET of two to SET',
    source: 'if CMD == "MSET" then for i = 2, #ARGV, 2 do shake.call(DB, {"SET", ARGV[i], ARGV[i + 1]}) end return end shake.call(DB, ARGV)',
    command: (i) => ['MSET', `a:${i}`, VALUE, `b:${i}`, VALUE],
  },
  { name: 'key rewrite, 10,000 arguments', source: 'ARGV[KEY_INDEXES[1]] = "new:" .. KEYS[1] shake.call(DB, ARGV)', command: long, share: 0.002 },
  { name: 'all of 10,000 arguments', source: 'for i, v in ipairs(ARGV) do ARGV[i] = v end shake.call(DB, ARGV)', command: long, share: 0.0005 },
];

function rowsOf(command: (i: number) => string[], count: number): CommandRows {
  const parts = Array.from({ length: count }, (_, i) => encodeCommand(command(i)));
  const end: number[] = [];
  let at = 0;
  for (const part of parts) end.push((at += part.length));
  return { bytes: Buffer.concat(parts), count, start: [0, ...end.slice(0, -1)], end, database: parts.map(() => 0) };
}

interface Runner {
  readonly name: string;
  readonly wall: number[];
  readonly cpu: number[];
  readonly round: () => void;
}

function runnerOf({ name, source, command, share = 1 }: Case): Runner {
  const calls = CALLS * share;
  const rows = rowsOf(command, Math.min(ROWS, calls));
  const engine = new LuaTransform({ source });
  const output = new TransformOutput();
  const [wall, cpu]: [number[], number[]] = [[], []];
  const round = (): void => {
    const [startMs, startCpu] = [performance.now(), process.cpuUsage()];
    for (let done = 0; done < calls; done += rows.count) {
      output.reset();
      const failure = engine.run(rows, 0, output);
      if (failure !== undefined) throw new Error(failure.message);
    }
    const { user, system } = process.cpuUsage(startCpu);
    wall.push(calls / ((performance.now() - startMs) / 1000));
    cpu.push(calls / ((user + system) / 1_000_000));
  };
  return { name, wall, cpu, round };
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1];
const perSecond = (values: readonly number[]): string => Math.round(median(values)).toLocaleString('en-US').padStart(12);

const runners = CASES.map(runnerOf);
for (const { round, wall, cpu } of runners) {
  round();
  wall.length = 0;
  cpu.length = 0;
}
for (let i = 0; i < ROUNDS; i++) for (const { round } of runners) round();
console.log(
  `Node ${process.version}, ${cpus().length} cores, load ${loadavg()
    .map((load) => load.toFixed(1))
    .join(' ')}, median of ${ROUNDS}`,
);
console.log(`${'calls per second of'.padEnd(40)}${'wall'.padStart(12)}${'CPU'.padStart(12)}`);
for (const { name, wall, cpu } of runners) console.log(name.padEnd(40) + perSecond(wall) + perSecond(cpu));
