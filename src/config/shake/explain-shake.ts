/** Shows what becomes of each key of a shake.toml, secrets hidden. */
import { redactUrls } from '../../observe/redaction.ts';
import { originName } from '../origin.ts';
import { findOption } from '../schema.ts';
import type { NativeSetting } from './shake-key.ts';
import type { ShakeOutcome } from './translate-shake.ts';

export interface ExplainedShakeKey {
  /** `sync_reader.address` */
  readonly key: string;
  readonly value: string;
  readonly from: string;
  /** By their keys, as the file of Godwit would say them. */
  readonly settings: Readonly<Record<string, string>>;
  /** What differs from RedisShake, or why there is nothing to set. */
  readonly note: string | null;
}

export function explainShake(outcomes: readonly ShakeOutcome[]): ExplainedShakeKey[] {
  return outcomes.map(({ row, value, origin, settings, isUnused }) => ({
    key: `${row.section}.${row.key}`,
    value: row.type === 'secret' && value !== '' ? '****' : redactUrls(JSON.stringify(value)),
    from: originName(origin),
    settings: Object.fromEntries(settings.map((setting) => [setting.key, shownSetting(setting)])),
    note: isUnused ? 'another section counts before it' : (row.note ?? null),
  }));
}

/** For people: one line per key, its settings below each other, and the note in the last column. */
export function explainShakeTable(outcomes: readonly ShakeOutcome[]): string {
  const rows = explainShake(outcomes).map(({ key, value, from, settings, note }) => {
    const became = Object.entries(settings).map(([name, text]) => `${name} = ${text}`);
    return [from, key, short(value), became.length === 0 ? '-' : short(became.join(', ')), note ?? ''];
  });
  const all = [['FROM', 'KEY OF REDISSHAKE', 'VALUE', 'BECOMES', 'NOTE'], ...rows];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...all.map((row) => row[column].length)));
  return `${all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')}\n`;
}

const SHOWN_MAX = 90;

function short(text: string): string {
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}...` : text;
}

/** A setting as TOML says it, secrets hidden. */
function shownSetting({ key, raw }: NativeSetting): string {
  const { type } = findOption(key)!;
  return type.kind === 'secret' ? '****' : typeof raw === 'string' ? redactUrls(raw) : JSON.stringify(raw);
}
