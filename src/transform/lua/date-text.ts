/** `os.date` and `os.time` without the C library: the conversions of strftime in the locale C. */
const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];
const DAY_MS = 86_400_000;

export interface DateFields {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly min: number;
  readonly sec: number;
  /** 1 is Sunday. */
  readonly wday: number;
  /** 1 is the first of January. */
  readonly yday: number;
  readonly offsetMinutes: number;
}

export function dateFields(seconds: number, isUtc: boolean): DateFields {
  const at = new Date(seconds * 1000);
  const offsetMinutes = isUtc ? 0 : -at.getTimezoneOffset();
  const shifted = new Date(at.getTime() + offsetMinutes * 60_000);
  const year = shifted.getUTCFullYear();
  return {
    year,
    month: shifted.getUTCMonth() + 1,
    day: shifted.getUTCDate(),
    hour: shifted.getUTCHours(),
    min: shifted.getUTCMinutes(),
    sec: shifted.getUTCSeconds(),
    wday: shifted.getUTCDay() + 1,
    yday: Math.floor((shifted.getTime() - Date.UTC(year, 0, 1)) / DAY_MS) + 1,
    offsetMinutes,
  };
}

/** Conversions that are not known stay as they are. */
export function dateText(format: string, fields: DateFields): string {
  return format.replaceAll(/%(.)/gs, (whole, conversion: string) => CONVERSIONS[conversion]?.(fields) ?? whole);
}

const two = (n: number): string => String(n).padStart(2, '0');
const twelve = (hour: number): number => (hour % 12 === 0 ? 12 : hour % 12);

const CONVERSIONS: Readonly<Record<string, (fields: DateFields) => string>> = {
  a: ({ wday }) => DAYS[wday - 1].slice(0, 3),
  A: ({ wday }) => DAYS[wday - 1],
  b: ({ month }) => MONTHS[month - 1].slice(0, 3),
  B: ({ month }) => MONTHS[month - 1],
  c: (fields) => dateText(`%a %b ${String(fields.day).padStart(2)} %H:%M:%S %Y`, fields),
  d: ({ day }) => two(day),
  F: (fields) => dateText('%Y-%m-%d', fields),
  H: ({ hour }) => two(hour),
  I: ({ hour }) => two(twelve(hour)),
  j: ({ yday }) => String(yday).padStart(3, '0'),
  m: ({ month }) => two(month),
  M: ({ min }) => two(min),
  p: ({ hour }) => (hour < 12 ? 'AM' : 'PM'),
  S: ({ sec }) => two(sec),
  T: (fields) => dateText('%H:%M:%S', fields),
  U: ({ yday, wday }) => two(Math.floor((yday - wday + 7) / 7)),
  w: ({ wday }) => String(wday - 1),
  W: ({ yday, wday }) => two(Math.floor((yday - ((wday + 5) % 7) + 6) / 7)),
  x: (fields) => dateText('%m/%d/%y', fields),
  X: (fields) => dateText('%H:%M:%S', fields),
  y: ({ year }) => two(year % 100),
  Y: ({ year }) => String(year),
  z: ({ offsetMinutes: minutes }) => `${minutes < 0 ? '-' : '+'}${two(Math.floor(Math.abs(minutes) / 60))}${two(Math.abs(minutes) % 60)}`,
  Z: ({ offsetMinutes: minutes }) => (minutes === 0 ? 'UTC' : ''),
  '%': () => '%',
};
