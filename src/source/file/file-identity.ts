/**
 * What a file is known by when a load goes on with it: the name, and of each of its parts size, version and the sum of the first bytes. Plain JSON, for the mark.
 *
 * An AOF that its server goes on appending to stays the same file; a snapshot never grows.
 */
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import type { ByteInput } from './byte-input.ts';

export interface FilePart {
  readonly name: string;
  /** As it is stored; -1 if it is not known. */
  readonly bytes: number;
  readonly version: string;
  /** SHA-256 of the first `headBytes` bytes, decompressed. */
  readonly head: string;
  readonly headBytes: number;
}

export interface FileIdentity {
  /** Without folders: a file that was moved is the same. */
  readonly name: string;
  readonly parts: readonly FilePart[];
  /** More can be appended. */
  readonly grows: boolean;
}

const HEAD_BYTES = 16 * 1024;

/** @param inputs of which nothing was read yet */
export async function fileIdentity(inputs: readonly { readonly name: string; readonly input: ByteInput }[], isSnapshot: boolean): Promise<FileIdentity> {
  const parts: FilePart[] = [];
  for (const { name, input } of inputs) {
    const head = await input.peek(HEAD_BYTES);
    const sum = createHash('sha256').update(head).digest('hex').slice(0, 32);
    parts.push({ name, bytes: input.rawBytesTotal, version: input.version, head: sum, headBytes: head.length });
  }
  return { name: basename(inputs[0].input.name), parts, grows: !isSnapshot };
}

/** Why it is not the file of before, as the end of the sentence "this file ..."; undefined if it is. */
export function differenceOf(before: FileIdentity, now: FileIdentity): string | undefined {
  if (before.parts.length > now.parts.length) return `has ${now.parts.length} parts, the one of the mark ${before.parts.length}`;
  if (before.parts.length === 1 && before.name !== now.name) return `is ${now.name}, the one of the mark was ${before.name}`;
  for (const [i, part] of before.parts.entries()) {
    const found = now.parts[i];
    const name = part.name === '' ? '' : ` in ${part.name}`;
    if (found.name !== part.name) return `has the part ${found.name} where the one of the mark had ${part.name}`;
    const grew = now.grows && part.bytes >= 0 && found.bytes > part.bytes;
    if (!grew && found.bytes !== part.bytes) return `has ${found.bytes} bytes${name}, the one of the mark had ${part.bytes}`;
    if (!grew && found.version !== part.version) return `was changed${name} (${found.version}) since the mark was written (${part.version})`;
    const sameBegin = part.headBytes === found.headBytes ? part.head === found.head : grew && part.headBytes < HEAD_BYTES;
    if (!sameBegin) return `begins with other bytes${name} than the one of the mark`;
  }
  return undefined;
}
