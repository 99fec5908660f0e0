/**
 * Scores of sorted sets as text. Servers write up to 17 digits, and each score is read to the nearest double, as strtod does: without a string in
 * between where the text is a plain decimal, which nearly all are, else by Number().
 */
const CHARS_MAX = 512;
const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const INFINITE = /^([+-]?)inf(inity)?$/i;

const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;

/** Digits are gathered in two numbers of which each is exact. */
const DIGITS_MAX = 18;
const HALF_DIGITS = 9;
/** Powers of ten up to this one are exact. */
const POWER_MAX = 22;
const POWERS = Float64Array.from({ length: POWER_MAX + 1 }, (_, n) => Number(`1e${n}`));
/** Splits a double in two of 26 bits (Veltkamp), so that products of them are exact. */
const SPLITTER = 2 ** 27 + 1;
/** More than the error of the quotient below, relative to its second part. */
const DOUBT = 2 ** -40;

/** @returns NaN if bytes[start, end) is no score */
export function scoreOf(bytes: Uint8Array, start: number, end: number): number {
  const isNegative = start < end && bytes[start] === MINUS;
  const from = isNegative ? start + 1 : start;
  let upper = 0;
  let lower = 0;
  let digits = 0;
  let fraction = -1;
  for (let i = from; i < end; i++) {
    const digit = bytes[i] - ZERO;
    if (digit >= 0 && digit <= 9) {
      // Zeros in front are none of the digits.
      if (digits === 0 && digit === 0) continue;
      if (digits < HALF_DIGITS) upper = upper * 10 + digit;
      else lower = lower * 10 + digit;
      digits++;
    } else if (bytes[i] === POINT && fraction < 0) {
      fraction = end - i - 1;
    } else {
      return scoreOfText(bytes, start, end);
    }
  }
  const places = Math.max(0, fraction);
  if (end - from - (fraction < 0 ? 0 : 1) <= 0 || digits > DIGITS_MAX || places > POWER_MAX) return scoreOfText(bytes, start, end);
  const value = quotient(upper, lower, Math.max(0, digits - HALF_DIGITS), POWERS[places]);
  if (Number.isNaN(value)) return scoreOfText(bytes, start, end);
  return isNegative ? -value : value;
}

/** (upper * 10^lowerDigits + lower) / divisor to the nearest double; NaN where that is in doubt. All are below 10^9 but the divisor, a power of ten. */
function quotient(upper: number, lower: number, lowerDigits: number, divisor: number): number {
  const shifted = upper * POWERS[lowerDigits];
  const whole = shifted + lower;
  if (whole <= Number.MAX_SAFE_INTEGER) return whole / divisor;
  // 30 bits times the 21 of 5^9 are exact; so is what the sum lost by rounding.
  const rest = lower - (whole - shifted);
  const first = whole / divisor;
  const back = first * divisor;
  const second = (whole - back - productError(first, divisor, back) + rest) / divisor;
  const value = first + second;
  const doubt = Math.abs(second) * DOUBT;
  return first + (second - doubt) === value && first + (second + doubt) === value ? value : Number.NaN;
}

/** a * b - product, exactly (Dekker). */
function productError(a: number, b: number, product: number): number {
  const splitA = a * SPLITTER;
  const highA = splitA - (splitA - a);
  const lowA = a - highA;
  const splitB = b * SPLITTER;
  const highB = splitB - (splitB - b);
  const lowB = b - highB;
  return lowA * lowB - (product - highA * highB - lowA * highB - highA * lowB);
}

function scoreOfText(bytes: Uint8Array, start: number, end: number): number {
  if (end - start > CHARS_MAX) return Number.NaN;
  const text = String.fromCharCode(...bytes.subarray(start, end));
  if (DECIMAL.test(text)) return Number(text);
  const infinite = INFINITE.exec(text);
  if (!infinite) return Number.NaN;
  return infinite[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}
