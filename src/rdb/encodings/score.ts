/**
 * Scores of sorted sets as text. Short decimals are read without a string in between; what has more digits than a double holds, or an exponent,
 * goes the way of Number(), which rounds as strtod does.
 */
const DIGITS_MAX = 15;
const CHARS_MAX = 512;
const POWERS = Float64Array.from({ length: DIGITS_MAX + 1 }, (_, n) => 10 ** n);
const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const INFINITE = /^([+-]?)inf(inity)?$/i;

/** @returns NaN if bytes[start, end) is no score */
export function scoreOf(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  const isNegative = bytes[start] === 0x2d && at < end;
  if (isNegative) at++;
  let digits = 0;
  let fraction = -1;
  if (end - at > DIGITS_MAX + 1 || at >= end) return scoreOfText(bytes, start, end);
  for (let i = at; i < end; i++) {
    const digit = bytes[i] - 0x30;
    if (digit >= 0 && digit <= 9) digits = digits * 10 + digit;
    else if (bytes[i] === 0x2e && fraction < 0) fraction = end - i - 1;
    else return scoreOfText(bytes, start, end);
  }
  if (fraction >= 0 && end - at === 1) return Number.NaN;
  if (end - at - (fraction < 0 ? 0 : 1) > DIGITS_MAX) return scoreOfText(bytes, start, end);
  // Both are exact, so that the quotient is the nearest double.
  const value = fraction > 0 ? digits / POWERS[fraction] : digits;
  return isNegative ? -value : value;
}

function scoreOfText(bytes: Uint8Array, start: number, end: number): number {
  if (end - start > CHARS_MAX) return Number.NaN;
  let text = '';
  for (let i = start; i < end; i++) text += String.fromCharCode(bytes[i]);
  if (DECIMAL.test(text)) return Number(text);
  const infinite = INFINITE.exec(text);
  if (!infinite) return Number.NaN;
  return infinite[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}
