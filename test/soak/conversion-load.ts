/**
 * `npm run soak:conversion-load [-- server...]`: what it costs a server to load values in each form that DumpEncoder could choose, the plain one and the packed one:
 * CPU of the server for 100,000 small keys, memory per key, and the encoding it ends up with. The table is quoted in docs/conversion.md.
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Redis } from 'ioredis';
import { parseServerVersion } from '../../src/model/server-version.ts';
import { DumpEncoder } from '../../src/rdb/encode/dump-encoder.ts';
import { type DumpVersion, dumpVersionFor } from '../../src/rdb/encode/dump-version.ts';
import { PayloadOutput } from '../../src/rdb/encode/payload-output.ts';
import { RdbType } from '../../src/rdb/opcodes.ts';
import { SERVER_CATALOGUE } from '../../scripts/servers.ts';
import { type RealServer, startServer } from '../support/server.ts';
import { type ValueModel, feedValue } from '../support/value-model.ts';

const ROUNDS = 3;
const KEYS_AT_ONCE = 500;

type Sample = readonly [name: string, keys: number, value: ValueModel];

function samples(): Sample[] {
  const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `element ${i * 7919}`);
  const zset = (count: number): ValueModel => ({ kind: 'zset', members: names(count).map((name, i) => [name, i + 0.5]) });
  const hash = (count: number): ValueModel => ({ kind: 'hash', fields: names(count).map((name) => [name, `of ${name}`, -1]) });
  return [
    ['list of 10', 100_000, { kind: 'list', elements: names(10) }],
    ['list of 1000', 2_000, { kind: 'list', elements: names(1000) }],
    ['hash of 10', 100_000, hash(10)],
    ['zset of 10', 100_000, zset(10)],
    ['set of 10', 100_000, { kind: 'set', elements: names(10) }],
    ['set of 10 numbers', 100_000, { kind: 'set', elements: Array.from({ length: 10 }, (_, i) => String(i * 1000)) }],
  ];
}

/** One element behind the other, as no server of today writes small values. */
function plainPayload(value: ValueModel, version: DumpVersion): Buffer {
  const output = new PayloadOutput(1024);
  const string = (text: string): void => output.string(Buffer.from(text), 0, text.length);
  if (value.kind === 'zset') {
    output.begin('whole', RdbType.Zset2);
    output.length(value.members.length);
    for (const [member, score] of value.members) {
      string(member);
      output.double(score);
    }
  } else if (value.kind === 'hash') {
    output.begin('whole', RdbType.Hash);
    output.length(value.fields.length);
    for (const [field, text] of value.fields) {
      string(field);
      string(text);
    }
  } else if (value.kind === 'list' || value.kind === 'set') {
    output.begin('whole', value.kind === 'list' ? RdbType.List : RdbType.Set);
    output.length(value.elements.length);
    value.elements.forEach(string);
  }
  output.end(version);
  return Buffer.from(output.bytes.subarray(0, output.at));
}

async function restoreMany(server: RealServer, payload: Buffer, keys: number): Promise<void> {
  const socket = connect(server.port, server.host);
  await once(socket, 'connect');
  let replies = 0;
  const answered = new Promise<void>((resolve) => {
    socket.on('data', (chunk: Buffer) => {
      if (chunk.includes('-')) throw new Error(`the server refused a payload: ${chunk.toString('latin1', 0, 80)}`);
      for (const byte of chunk) if (byte === 0x0a) replies++;
      if (replies === keys) resolve();
    });
  });
  for (let i = 0; i < keys; i += KEYS_AT_ONCE) {
    const parts: Buffer[] = [];
    for (let k = i; k < Math.min(keys, i + KEYS_AT_ONCE); k++) {
      const key = `key:${k}`;
      parts.push(Buffer.from(`*4\r\n$7\r\nRESTORE\r\n$${key.length}\r\n${key}\r\n$1\r\n0\r\n$${payload.length}\r\n`), payload, Buffer.from('\r\n'));
    }
    if (!socket.write(Buffer.concat(parts))) await once(socket, 'drain');
  }
  await answered;
  socket.destroy();
}

async function infoNumber(client: Redis, section: string, ...names: string[]): Promise<number> {
  const info = await client.info(section);
  return names.reduce((sum, name) => sum + Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(info)![1]), 0);
}

/** The best of some rounds: others use this machine too. */
async function measure(server: RealServer, client: Redis, payload: Buffer, keys: number): Promise<string> {
  let cpuS = Number.POSITIVE_INFINITY;
  let bytesPerKey = 0;
  for (let round = 0; round < ROUNDS; round++) {
    await client.call('FLUSHALL', ...(server.atLeast(6, 2) ? ['SYNC'] : []));
    const memory = await infoNumber(client, 'memory', 'used_memory');
    const before = await infoNumber(client, 'cpu', 'used_cpu_user', 'used_cpu_sys');
    await restoreMany(server, payload, keys);
    cpuS = Math.min(cpuS, (await infoNumber(client, 'cpu', 'used_cpu_user', 'used_cpu_sys')) - before);
    bytesPerKey = ((await infoNumber(client, 'memory', 'used_memory')) - memory) / keys;
  }
  return `${cpuS.toFixed(2)} s | ${bytesPerKey.toFixed(0)} B, ${await client.object('ENCODING', 'key:1')}`;
}

async function main(names: readonly string[]): Promise<void> {
  console.log('| server | value | keys | plain: CPU | memory | as encoded: CPU | memory |\n|---|---|---|---|---|---|---|');
  for (const { name } of SERVER_CATALOGUE.filter((entry) => names.length === 0 || names.includes(entry.name))) {
    await using server = await startServer({ server: name });
    const client = server.client();
    const version = dumpVersionFor(parseServerVersion(await client.info('server'))!)!;
    const encoder = new DumpEncoder({ version });
    for (const [what, keys, value] of samples()) {
      feedValue(value, encoder);
      const ours = Buffer.from(encoder.bytes.subarray(0, encoder.length));
      const plain = await measure(server, client, plainPayload(value, version), keys);
      console.log(`| ${name} | ${what} | ${keys} | ${plain} | ${await measure(server, client, ours, keys)} |`);
    }
  }
}

await main(process.argv.slice(2));
process.exit();
