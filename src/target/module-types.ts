/**
 * Which module a module value needs. A value names its type in nine characters of six bits, packed with the version of its encoding into one number; which
 * module brings the type is known for those that many servers have. Values of other modules are sent as they are, and the target judges them.
 */
import { lengthEnd } from '../rdb/rdb-length.ts';

const CHARACTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const NAME_LENGTH = 9;
const ID_BYTES = 9;
/** Names of the modules as the target tells them, in lower case. */
const MODULES: ReadonlyMap<string, readonly string[]> = new Map([
  ['vectorset', ['vectorset']],
  ['ReJSON-RL', ['rejson', 'json']],
  ['MBbloom--', ['bf']],
  ['MBbloomCF', ['bf']],
  ['CMSk-TYPE', ['bf']],
  ['TopK-TYPE', ['bf']],
  ['TDIS-TYPE', ['bf']],
  ['bloomfltr', ['bf']],
  ['TSDB-TYPE', ['timeseries']],
]);

/** Name of the type of the module value at `start`; '' if it is cut or written in another way. */
export function moduleTypeName(bytes: Uint8Array, start: number, end: number): string {
  // A 64-bit length: 0x81 and eight bytes, big endian.
  if (bytes[start] !== 0x81 || start + ID_BYTES > end || lengthEnd(bytes, start, end) < 0) return '';
  let id = 0n;
  for (let at = start + 1; at < start + ID_BYTES; at++) id = (id << 8n) | BigInt(bytes[at]);
  let name = '';
  for (let i = 0; i < NAME_LENGTH; i++) name += CHARACTERS[Number((id >> BigInt(10 + 6 * (NAME_LENGTH - 1 - i))) & 63n)];
  return name;
}

/** @param modules of the target, names in lower case. @returns false only where it is known that the target lacks the module */
export function mayTake(modules: ReadonlySet<string>, typeName: string): boolean {
  return MODULES.get(typeName)?.some((module) => modules.has(module)) ?? true;
}
