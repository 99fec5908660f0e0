/** Where two values part, by content: the first place, and what is there on both sides. */
import { VALUE_KIND_NAMES, ValueKind } from '../../model/value-kind.ts';
import { printableBytes } from '../inspect/printable-key.ts';
import type { ValueModel } from './value-model.ts';

export type DifferenceKind = 'missing' | 'extra' | 'type' | 'value' | 'ttl' | 'field-ttl' | 'stream' | 'function';

export interface Difference {
  readonly kind: DifferenceKind;
  /** `field "f"`, `index 3`, `byte 17`, `group "g" last delivered id`; '' = the whole. */
  readonly where: string;
  /** Of both sides, short; 'none' = it is not there. */
  readonly source: string;
  readonly target: string;
}

const NONE = 'none';
const SHOWN_MAX = 80;
/** What of a string is shown before the byte that differs. */
const BEFORE = 16;
const EMPTY_TIME = -1;
/** Older servers do not know it: then it fits any other. */
const MAX_DELETED_ID = 'max deleted id';

/** @param timeToleranceMs by how much times of fields and deliveries may differ. @returns null when all is equal */
export function firstDifference(source: ValueModel, target: ValueModel, timeToleranceMs: number): Difference | null {
  if (source.kind !== target.kind) {
    return { kind: 'type', where: '', source: VALUE_KIND_NAMES[source.kind], target: VALUE_KIND_NAMES[target.kind] };
  }
  const kind = source.kind === ValueKind.Stream ? 'stream' : 'value';
  if (source.whole !== target.whole) return { kind, ...textDifference(source.whole, target.whole) };
  return itemDifference(source, target, kind) ?? timeDifference(source, target, timeToleranceMs, kind) ?? counterDifference(source, target, kind);
}

/** Of two latin1 texts that are not equal. */
export function textDifference(source: string, target: string): Omit<Difference, 'kind'> {
  let at = 0;
  while (at < source.length && source.charCodeAt(at) === target.charCodeAt(at)) at++;
  const from = at <= BEFORE ? 0 : at - BEFORE;
  const lengths = source.length === target.length ? '' : ` (${source.length} and ${target.length} bytes)`;
  return { where: `byte ${at}${lengths}`, source: excerptOf(source, from), target: excerptOf(target, from) };
}

/** Latin1 text in quotes, short. */
export function shownText(latin1: string): string {
  const text = printableBytes(Buffer.from(latin1.slice(0, SHOWN_MAX + 1), 'latin1'));
  return latin1.length > SHOWN_MAX ? `"${text}…" (${latin1.length} bytes)` : `"${text}"`;
}

export function shownTime(ms: number): string {
  return ms < 0 ? 'no expiry' : `${new Date(ms).toISOString()}`;
}

function excerptOf(text: string, from: number): string {
  const shown = printableBytes(Buffer.from(text.slice(from, from + SHOWN_MAX), 'latin1'));
  return `${from > 0 ? '…' : ''}"${shown}"${text.length > from + SHOWN_MAX ? '…' : ''}`;
}

function itemDifference(source: ValueModel, target: ValueModel, kind: DifferenceKind): Difference | null {
  const names = new Set([...source.items.keys(), ...target.items.keys()]);
  // An entry that is too many says more than the last id that it brought.
  const order = source.kind === ValueKind.Stream ? [...names].toSorted((a, b) => Number(isEntry(b)) - Number(isEntry(a))) : names;
  const show = shownAs(source.kind);
  for (const name of order) {
    const [own, other] = [source.items.get(name), target.items.get(name)];
    if (own === other || (name === MAX_DELETED_ID && (own === undefined || other === undefined))) continue;
    return { kind, where: short(name), source: own === undefined ? NONE : show(own), target: other === undefined ? NONE : show(other) };
  }
  return null;
}

function isEntry(name: string): boolean {
  return name.startsWith('entry ');
}

function timeDifference(source: ValueModel, target: ValueModel, toleranceMs: number, kind: DifferenceKind): Difference | null {
  for (const [name, time] of source.times) {
    const other = target.times.get(name) ?? EMPTY_TIME;
    if (time === other || (time >= 0 && other >= 0 && Math.abs(time - other) <= toleranceMs)) continue;
    return { kind: kind === 'stream' ? 'stream' : 'field-ttl', where: short(name), source: shownTime(time), target: shownTime(other) };
  }
  return null;
}

function counterDifference(source: ValueModel, target: ValueModel, kind: DifferenceKind): Difference | null {
  for (const [name, count] of source.counters) {
    const other = target.counters.get(name) ?? -1;
    if (count !== other && count >= 0 && other >= 0) return { kind, where: short(name), source: String(count), target: String(other) };
  }
  return null;
}

/** Contents of members, entries and details are texts of ours already. */
function shownAs(kind: ValueKind): (content: string) => string {
  const isPlain = kind === ValueKind.List || kind === ValueKind.Hash || kind === ValueKind.Array;
  return isPlain ? shownText : short;
}

function short(text: string): string {
  return text.length > 2 * SHOWN_MAX ? `${text.slice(0, 2 * SHOWN_MAX)}…` : text;
}
