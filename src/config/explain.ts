/** Shows the effective configuration, secrets hidden: what is in force, and where each value came from. */
import { redactAddress } from '../observe/redaction.ts';
import type { EffectiveValue } from './load.ts';
import { originName } from './origin.ts';

export interface ExplainedValue {
  readonly key: string;
  /** As it could be given again; null if there is none. */
  readonly value: string | null;
  /** The value in its own type: milliseconds, bytes, true or false; null for secrets and for what is not given. */
  readonly raw: string | number | boolean | readonly (string | number)[] | null;
  readonly from: string;
  readonly flag: string;
  readonly env: string;
}

/** One plain object per option, safe to show. */
export function explainValues(effective: readonly EffectiveValue[]): ExplainedValue[] {
  return effective.map(({ option, value, origin }) => {
    const shown = value === undefined ? null : option.type.kind === 'url' ? redactAddress(String(value)) : option.type.show(value);
    const raw = option.type.kind === 'secret' || shown === null ? null : option.type.kind === 'url' ? shown : (value as NonNullable<ExplainedValue['raw']>);
    return { key: option.key, value: shown, raw, from: originName(origin), flag: option.flag, env: option.env };
  });
}

/** A table for people: key, value, where from. What is not given is `-`. */
export function explainTable(effective: readonly EffectiveValue[]): string {
  const rows = explainValues(effective).map(({ key, value, from }) => [key, value ?? '-', value === null ? 'not given' : from]);
  const all = [['OPTION', 'VALUE', 'FROM'], ...rows];
  const [keyWidth, valueWidth] = [0, 1].map((column) => Math.max(...all.map((row) => row[column].length)));
  return all.map(([key, value, from]) => `${key.padEnd(keyWidth)}  ${value.padEnd(valueWidth)}  ${from}`).join('\n') + '\n';
}
