/** Whether two keys of the source could get the same name at the target, said before anything is written: there the later one would replace the earlier one. */
import { DatabaseMap } from './database-map.ts';
import type { RenameRule, TransformRules } from './transform-rules.ts';

/**
 * In words, one line for each rule under which it can happen; empty if it cannot.
 * @param onlyPrefixes prefixes of which every key that passes the filter has one; empty if that is not so
 */
export function possibleCollisions({ rename = [], databases }: TransformRules, onlyPrefixes: readonly Uint8Array[] = []): string[] {
  // What the filter lets through is known of the names before the first rule only.
  const lines = rename.map((rule, i) => collisionOf(rule, i === 0 ? onlyPrefixes : []));
  return [...lines.filter((line) => line !== null), ...new DatabaseMap(databases).shared.map((line) => `${line}: keys of the same name meet there`)];
}

function collisionOf(rule: RenameRule, onlyPrefixes: readonly Uint8Array[]): string | null {
  const { kind } = rule;
  if (kind === 'regex') return `what ${rule.pattern} makes of a key may be the name of another key`;
  if (kind === 'braces') return `a key with the tag {x} may become ${text(rule.open)}x${text(rule.close)}, which may be a part of another key's name already`;
  if (kind === 'tag') return `a key with the tag {${text(rule.from)}} becomes one with {${text(rule.to)}}, which may be there already`;
  const { from, to } = rule;
  // An empty one is in every name; one that the new one still has leaves no name that another key could have.
  const isSafe = kind === 'prefix' ? startsWith(to, from) : endsWith(to, from);
  if (isSafe || (kind === 'prefix' && onlyPrefixes.length > 0 && onlyPrefixes.every((prefix) => startsWith(prefix, from)))) return null;
  const [old, fresh] = kind === 'prefix' ? [`${text(from)}x`, `${text(to)}x`] : [`x${text(from)}`, `x${text(to)}`];
  return `the key ${old} becomes ${fresh}, which may be there already`;
}

function startsWith(bytes: Uint8Array, begin: Uint8Array): boolean {
  return Buffer.compare(bytes.subarray(0, begin.length), begin) === 0;
}

function endsWith(bytes: Uint8Array, end: Uint8Array): boolean {
  return bytes.length >= end.length && Buffer.compare(bytes.subarray(bytes.length - end.length), end) === 0;
}

function text(bytes: Uint8Array): string {
  return JSON.stringify(Buffer.from(bytes).toString('latin1')).slice(1, -1);
}
