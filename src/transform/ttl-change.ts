/** The new time of expiry of a key. Times are absolute, Unix ms, -1 for none. What has expired already stays so, unless every key is given a time. */
import { GodwitError } from '../errors/errors.ts';
import type { TtlRules } from './transform-rules.ts';

const NONE = -1;
const FNV_PRIME = 0x01000193;
const FNV_START = 0x811c9dc5;

export class TtlChange {
  readonly isActive: boolean;
  /** Keys without an expiry get one. */
  readonly givesAll: boolean;
  /** Keys with an expiry lose it. */
  readonly persists: boolean;
  private readonly rules: TtlRules;

  /** @throws GodwitError CONFIG_INVALID for rules that say different things, or numbers that cannot be */
  constructor(rules: TtlRules = {}) {
    this.rules = rules;
    this.isActive = Object.values(rules).some((value) => value !== undefined && value !== false);
    this.givesAll = rules.setMs !== undefined;
    this.persists = rules.persist === true;
    check(rules);
  }

  /** @param key bytes[keyStart, keyEnd), the name at the source, which the jitter depends on */
  change(expiryMs: number, nowMs: number, key: Uint8Array, keyStart: number, keyEnd: number): number {
    const { setMs, scale = 1, addMs = 0, jitterMs = 0, minMs = 1, maxMs = Number.POSITIVE_INFINITY } = this.rules;
    if (this.persists) return NONE;
    if (setMs === undefined && (expiryMs < 0 || expiryMs <= nowMs)) return expiryMs;
    let leftMs = setMs ?? (expiryMs - nowMs) * scale + addMs;
    if (jitterMs > 0) leftMs += (hash(key, keyStart, keyEnd) / 2 ** 32) * jitterMs;
    leftMs = Math.min(maxMs, Math.max(minMs, leftMs, 1));
    return Math.min(Number.MAX_SAFE_INTEGER, Math.floor(nowMs + leftMs));
  }
}

function hash(bytes: Uint8Array, start: number, end: number): number {
  let code = FNV_START;
  for (let at = start; at < end; at++) code = Math.imul(code ^ bytes[at], FNV_PRIME);
  // The low bits of the last bytes do not reach the high ones without this.
  code = Math.imul(code ^ (code >>> 15), 0x85ebca6b);
  return (code ^ (code >>> 13)) >>> 0;
}

function check({ persist, setMs, scale, addMs, jitterMs, minMs, maxMs }: TtlRules): void {
  const others = [setMs, scale, addMs, jitterMs, minMs, maxMs].some((value) => value !== undefined);
  if (persist === true && others) throw wrong('persist, and a time beside it');
  if (setMs !== undefined && (scale !== undefined || addMs !== undefined)) throw wrong('set, and scale or add beside it');
  if (scale !== undefined && !(scale > 0 && Number.isFinite(scale))) throw wrong(`the scale ${scale}`);
  if (addMs !== undefined && !Number.isSafeInteger(addMs)) throw wrong(`add ${addMs} ms`);
  for (const [name, value] of Object.entries({ set: setMs, jitter: jitterMs, min: minMs, max: maxMs })) {
    if (value !== undefined && !(Number.isSafeInteger(value) && value >= 1)) throw wrong(`${name} ${value} ms`);
  }
  if (minMs !== undefined && maxMs !== undefined && minMs > maxMs) throw wrong(`a minimum of ${minMs} ms above the maximum of ${maxMs} ms`);
}

function wrong(what: string): GodwitError {
  return new GodwitError('CONFIG_INVALID', `the change of times to live has ${what}`, {
    fix: 'Give persist, or set, or scale and add; jitter, min and max beside them; times of at least 1 ms.',
  });
}
