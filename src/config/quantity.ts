/**
 * Durations and sizes as people write them.
 *
 *   duration = number [ "ms" | "s" | "m" | "h" | "d" ]                      bare = milliseconds
 *   size     = number [ "b" | "k" | "m" | "g" | "t"                          powers of 1000
 *                     | ( "k" | "m" | "g" | "t" ) ( "b" | "ib" ) ]           powers of 1024, as in redis.conf; bare = bytes
 *   number   = digits [ "." digits ]
 *
 * Case does not matter. The result is a whole number of milliseconds or bytes; anything else is undefined.
 */
const DURATION_UNITS_MS: Record<string, number> = { '': 1, ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const SIZE_UNITS_BYTES: Record<string, number> = { '': 1, b: 1 };
for (const [power, letter] of ['k', 'm', 'g', 't'].entries()) {
  SIZE_UNITS_BYTES[letter] = 1000 ** (power + 1);
  SIZE_UNITS_BYTES[`${letter}b`] = 1024 ** (power + 1);
  SIZE_UNITS_BYTES[`${letter}ib`] = 1024 ** (power + 1);
}

/** Milliseconds of `500ms`, `10s`, `5m`, `1h`, `1.5s` or plain milliseconds; undefined if the text is none of these. */
export function parseDuration(text: string): number | undefined {
  return parseWithUnit(text, DURATION_UNITS_MS);
}

/** Bytes of `64mb`, `1gib`, `0.5gb` or plain bytes; undefined if the text is none of these. */
export function parseSize(text: string): number | undefined {
  return parseWithUnit(text, SIZE_UNITS_BYTES);
}

/** The shortest exact text that parseDuration() takes back: `1m`, `1500ms`. */
export function formatDuration(ms: number): string {
  return formatWithUnit(
    ms,
    [
      ['d', 86_400_000],
      ['h', 3_600_000],
      ['m', 60_000],
      ['s', 1000],
    ],
    'ms',
  );
}

/** The shortest exact text that parseSize() takes back: `256mb`, `1000b`. */
export function formatSize(bytes: number): string {
  return formatWithUnit(
    bytes,
    [
      ['tb', 1024 ** 4],
      ['gb', 1024 ** 3],
      ['mb', 1024 ** 2],
      ['kb', 1024],
    ],
    'b',
  );
}

function parseWithUnit(text: string, units: Record<string, number>): number | undefined {
  const found = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim());
  if (!found) return undefined;
  const unit = units[found[2].toLowerCase()];
  if (unit === undefined) return undefined;
  const value = Number(found[1]) * unit;
  const whole = Math.round(value);
  // 0.1 * 1000 may miss a whole number by a rounding error, half a byte may not.
  return Number.isSafeInteger(whole) && Math.abs(value - whole) < 1e-6 ? whole : undefined;
}

function formatWithUnit(value: number, units: readonly (readonly [string, number])[], base: string): string {
  if (value === 0) return '0';
  const unit = units.find(([, factor]) => value % factor === 0);
  return unit ? `${value / unit[1]}${unit[0]}` : `${value}${base}`;
}
