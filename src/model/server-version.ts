/** Product and version of a server, and comparisons on them. */
export interface ServerVersion {
  readonly product: 'redis' | 'valkey';
  /** As printed, e.g. `7.0.15`. */
  readonly text: string;
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
}

/** Reads product and version from the text of INFO (server section). Valkey reports `redis_version:7.2.4` beside `valkey_version`. */
export function parseServerVersion(info: string): ServerVersion | undefined {
  const valkey = /^valkey_version:(\S+)/m.exec(info);
  const found = valkey ?? /^redis_version:(\S+)/m.exec(info);
  if (!found || !/^\d/.test(found[1])) return undefined;
  const [major = 0, minor = 0, patch = 0] = found[1].split('.').map((part) => Number.parseInt(part, 10) || 0);
  return { product: valkey ? 'valkey' : 'redis', text: found[1], major, minor, patch };
}

/** True if the version is major.minor or newer, whatever the product. */
export function atLeast(version: ServerVersion, major: number, minor = 0): boolean {
  return version.major > major || (version.major === major && version.minor >= minor);
}

/** Below 0 if `a` is the older one; what is not known is older than all. Products are not told apart. */
export function compareVersions(a: ServerVersion | undefined, b: ServerVersion | undefined): number {
  if (a === undefined || b === undefined) return (a === undefined ? 0 : 1) - (b === undefined ? 0 : 1);
  return a.major - b.major || a.minor - b.minor || a.patch - b.patch;
}

/** `Redis 7.0.15` */
export function versionName(version: ServerVersion): string {
  return `${version.product === 'valkey' ? 'Valkey' : 'Redis'} ${version.text}`;
}
