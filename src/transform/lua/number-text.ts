/**
 * Numbers as text in Lua, as gopher-lua writes them (RedisShake's functions were written for it): whole numbers of 64 bits exactly, others with as many digits
 * as it takes to read the same number back, in the form of Go's `%v`.
 *
 *   1e15 -> 1000000000000000    stock Lua: 1e+15         1/3 -> 0.3333333333333333    stock Lua: 0.33333333333333
 *   2^53 -> 9007199254740992    stock Lua: 9.007199254741e+15
 *   2^63 -> 9.223372036854776e+18     1234567.5 -> 1.2345675e+06     1/0 -> +Inf     0/0 -> NaN     -0 -> 0
 */
const TWO_TO_63 = 2 ** 63;
/** An exponent below or at these makes the form with `e`. */
const SMALL_EXPONENT = -5;
const LARGE_EXPONENT = 6;

/** ASCII, 24 characters at most. */
export function numberText(value: number): string {
  if (Number.isSafeInteger(value)) return value === 0 ? '0' : String(value);
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  if (Number.isInteger(value) && value >= -TWO_TO_63 && value < TWO_TO_63) return BigInt(value).toString();
  const [digits, exponentText] = value.toExponential().split('e');
  const exponent = Number(exponentText);
  if (exponent > SMALL_EXPONENT && exponent < LARGE_EXPONENT) return String(value);
  return `${digits}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
}
