/** Numbers for people's eyes: rounded, with units. What can be read back in is config/quantity.ts. Negative means unknown: `-`. */
const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** `0 B`, `512 B`, `1.5 GiB` */
export function showBytes(bytes: number): string {
  if (!(bytes >= 0)) return '-';
  let value = bytes;
  let unit = 0;
  while (value >= 1023.95 && unit < BYTE_UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? Math.round(value) : value.toFixed(1)} ${BYTE_UNITS[unit]}`;
}

/** `0.4 ms`, `85 ms`, `1.2 s`, `3m 05s`, `2h 10m`, `4d 3h` */
export function showDuration(ms: number): string {
  if (!(ms >= 0)) return '-';
  if (ms < 9.95) return `${Number(ms.toFixed(1))} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${Number((ms / 1000).toFixed(1))} s`;
  const seconds = Math.round(ms / 1000);
  const pad = (value: number): string => String(value).padStart(2, '0');
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ${pad(seconds % 60)}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1440) return `${Math.floor(minutes / 60)}h ${pad(minutes % 60)}m`;
  return `${Math.floor(minutes / 1440)}d ${Math.floor((minutes % 1440) / 60)}h`;
}

/** Whole number with separators: `1,234,567` */
export function showCount(count: number): string {
  if (!(count >= 0)) return '-';
  return String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** `48.2 %`; 100 % only when it is. */
export function showPercent(fraction: number): string {
  if (!(fraction >= 0)) return '-';
  return `${fraction >= 1 ? '100' : (Math.floor(fraction * 1000) / 10).toFixed(1)} %`;
}
