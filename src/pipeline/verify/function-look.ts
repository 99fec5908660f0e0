/**
 * Compares the function libraries of both sides (Redis 7.0 and newer): by their code, for that is all of them. A library is for a whole server or cluster, so one node of each side
 * is asked. Libraries change rarely: what differs is looked at once more after the settling time.
 */
import { createHash } from 'node:crypto';
import type { Reply } from '../../resp/reply.ts';
import { ReplyError } from '../../resp/reply.ts';
import type { Difference } from '../../rdb/compare/first-difference.ts';
import type { AskedSide } from './asked-side.ts';

export interface LibraryDifference {
  readonly library: string;
  readonly difference: Difference;
}

export interface FunctionFindings {
  readonly differences: readonly LibraryDifference[];
  /** Why they were not compared; '' = they were, or there are none. */
  readonly note: string;
}

type Libraries = ReadonlyMap<string, string>;

/** @param bothWays also those that the target alone has. @throws GodwitError of the sides */
export async function lookAtFunctions(source: AskedSide, target: AskedSide, bothWays: boolean, settleMs: number): Promise<FunctionFindings> {
  const first = await compare(source, target, bothWays);
  if (first.differences.length === 0) return first;
  await new Promise((resolve) => setTimeout(resolve, settleMs));
  return compare(source, target, bothWays);
}

async function compare(source: AskedSide, target: AskedSide, bothWays: boolean): Promise<FunctionFindings> {
  const [own, other] = await Promise.all([librariesOf(source), librariesOf(target)]);
  if (own === 'unknown') return { differences: [], note: '' };
  if (own === 'refused' || other === 'refused') return { differences: [], note: 'function libraries were not compared: FUNCTION LIST is not allowed' };
  if (other === 'unknown') {
    const note = own.size === 0 ? '' : `the target has no functions in its version; the source has ${own.size} ${own.size === 1 ? 'library' : 'libraries'}`;
    return { differences: [], note };
  }
  const names = new Set([...own.keys(), ...(bothWays ? other.keys() : [])]);
  const differences = [...names].toSorted().flatMap((library): LibraryDifference[] => {
    const [here, there] = [own.get(library), other.get(library)];
    if (here === there) return [];
    return [{ library, difference: { kind: 'function', where: '', source: shown(here), target: shown(there) } }];
  });
  return { differences, note: '' };
}

async function librariesOf(side: AskedSide): Promise<Libraries | 'unknown' | 'refused'> {
  const [reply] = await side.callAny([['FUNCTION', 'LIST', 'WITHCODE']]);
  if (reply instanceof ReplyError) return reply.code === 'NOPERM' ? 'refused' : 'unknown';
  const libraries = new Map<string, string>();
  for (const one of Array.isArray(reply) ? reply : []) {
    const fields = fieldsOf(one);
    libraries.set(fields.get('library_name') ?? '', fields.get('library_code') ?? '');
  }
  return libraries;
}

function fieldsOf(reply: Reply): Map<string, string> {
  const fields = new Map<string, string>();
  if (Array.isArray(reply)) for (let i = 0; i + 1 < reply.length; i += 2) fields.set(String(reply[i]), String(reply[i + 1]));
  return fields;
}

function shown(code: string | undefined): string {
  if (code === undefined) return 'none';
  return `${Buffer.byteLength(code)} bytes of code, SHA-1 ${createHash('sha1').update(code).digest('hex').slice(0, 8)}`;
}
