/** Whole numbers as `printf` writes them, of 64 bits. Lua's own code as compiled here has 32 only. */
const INT64_MIN = -(2n ** 63n);

export interface NumberForm {
  /** Any of `-+ #0`. */
  readonly flags: string;
  readonly width: number;
  /** -1: none given. */
  readonly precision: number;
}

/** @param conversion one of d i u o x X @param value what is beyond 64 bits, or no number, becomes -2^63 as with a cast in C */
export function formatInteger(conversion: string, { flags, width, precision }: NumberForm, value: number): string {
  const isSigned = conversion === 'd' || conversion === 'i';
  const whole = integer64(value);
  const magnitude = isSigned ? (whole < 0n ? -whole : whole) : BigInt.asUintN(64, whole);
  const sign = !isSigned ? '' : whole < 0n ? '-' : flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '';
  const digits = digitsOf(conversion, magnitude, precision);
  const prefix = sign + prefixOf(conversion, flags, magnitude, digits);
  const zeros = flags.includes('0') && !flags.includes('-') && precision < 0 ? Math.max(0, width - prefix.length - digits.length) : 0;
  return pad(prefix + '0'.repeat(zeros) + digits, flags, width);
}

/** With spaces to the width. */
export function pad(text: string, flags: string, width: number): string {
  return flags.includes('-') ? text.padEnd(width) : text.padStart(width);
}

function digitsOf(conversion: string, magnitude: bigint, precision: number): string {
  if (magnitude === 0n && precision === 0) return '';
  const text = magnitude.toString(conversion === 'o' ? 8 : conversion === 'x' || conversion === 'X' ? 16 : 10);
  return (conversion === 'X' ? text.toUpperCase() : text).padStart(precision, '0');
}

function prefixOf(conversion: string, flags: string, magnitude: bigint, digits: string): string {
  if (!flags.includes('#')) return '';
  if (conversion === 'o') return digits.startsWith('0') ? '' : '0';
  return magnitude !== 0n && (conversion === 'x' || conversion === 'X') ? `0${conversion}` : '';
}

function integer64(value: number): bigint {
  return Math.abs(value) < 2 ** 63 ? BigInt(Math.trunc(value)) : INT64_MIN;
}
