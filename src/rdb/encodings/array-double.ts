/**
 * The text of a double in an array (Redis 8.8), as the server gives it to clients: the shortest that reads back the same, and never one that
 * looks like a whole number.
 *
 * Facts: redis array.c (arDecode), util.c (d2string), fpconv: plain up to seven zeros behind the digits or before them, else `d.ddde+x`.
 */
const ZEROS_MAX = 7;
const EXPONENT_PLAIN_MAX = 4;

export function arrayDoubleText(value: number): string {
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  const size = Math.abs(value);
  if (Number.isSafeInteger(size)) return `${sign}${size}.0`;
  const [mantissa, power] = size.toExponential().split('e');
  const digits = mantissa.replace('.', '');
  const exponent = Number(power);
  const scale = exponent - digits.length + 1;
  if (scale >= 0 && exponent < digits.length + ZEROS_MAX - sign.length) return `${sign}${digits}${'0'.repeat(scale)}.0`;
  if (scale < 0 && (scale > -ZEROS_MAX || Math.abs(exponent) < EXPONENT_PLAIN_MAX)) {
    const point = digits.length + scale;
    return point > 0 ? `${sign}${digits.slice(0, point)}.${digits.slice(point)}` : `${sign}0.${'0'.repeat(-point)}${digits}`;
  }
  const rest = digits.length > 1 ? `.${digits.slice(1)}` : '';
  return `${sign}${digits[0]}${rest}e${exponent < 0 ? '-' : '+'}${Math.abs(exponent)}`;
}
