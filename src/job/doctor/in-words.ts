/** Quantities in the sentences of the doctor, and as settings of servers. */
const SIZES = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
const MIB = 1024 ** 2;

/** `12.3 MiB`. */
export function sizeWords(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1023.5 && unit < SIZES.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 || value >= 99.95 ? Math.round(value) : Number(value.toFixed(1))} ${SIZES[unit]}`;
}

/** `350 ms`, `12.5 s`, `4 min`, `3 h`. */
export function timeWords(ms: number): string {
  if (ms < 10) return `${Number(ms.toFixed(1))} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 120_000) return `${Number((ms / 1000).toFixed(1))} s`;
  return ms < 7_200_000 ? `${Math.round(ms / 60_000)} min` : `${Math.round(ms / 3_600_000)} h`;
}

/** `1 key`, `1,234 keys`. */
export function countWords(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? one : many}`;
}

/** A size for a setting, rounded up to a number that people choose: 1, 2, 3, 4, 6, 8, 12 ... megabytes. */
export function settingUp(bytes: number): string {
  const mib = Math.max(1, bytes / MIB);
  const power = 2 ** Math.floor(Math.log2(mib));
  const rounded = mib <= power ? power : mib <= power * 1.5 && power > 1 ? power * 1.5 : power * 2;
  return rounded % 1024 === 0 ? `${rounded / 1024}gb` : `${rounded}mb`;
}

/** A size for a setting that costs memory: rounded up to a megabyte. */
export function settingClose(bytes: number): string {
  const mib = Math.max(1, Math.ceil(bytes / MIB));
  return mib % 1024 === 0 ? `${mib / 1024}gb` : `${mib}mb`;
}
