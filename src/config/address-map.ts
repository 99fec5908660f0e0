/**
 * The option that says how announced addresses are reached.
 *
 *   map  = pair { "," pair },  pair = announced "=" reachable       in the file also an array of pairs
 *   announced, reachable = host ":" port, both;  or host, both      the port stays then; [IPv6] in brackets
 */
import type { OptionType } from './option-type.ts';

const PLACE = String.raw`(?:\[[0-9A-Fa-f:.%]+\]|[A-Za-z0-9._-]+)`;
const PAIR = new RegExp(`^(${PLACE})(:\\d{1,5})?=(${PLACE})(:\\d{1,5})?$`);

/** Pairs in one text, as they were given. */
export function addressMapType(): OptionType<string> {
  const read = (raw: unknown): string | undefined => {
    const text = Array.isArray(raw) ? raw.join(',') : raw;
    if (typeof text !== 'string') return undefined;
    const pairs = text.split(',').map((pair) => pair.trim());
    return pairs.every(isPair) ? pairs.join(',') : undefined;
  };
  const allowed = 'pairs announced=reachable with commas between, e.g. 10.0.0.1:6379=203.0.113.7:7001, or 10.0.0.1=203.0.113.7 with the port kept';
  return { kind: 'string', allowed, words: [], placeholder: '<pairs>', read, show: (value) => value };
}

/** As topology/ looks addresses up: in lower case, IPv6 with brackets only before a port. */
export function addressMap(text: string | undefined): Map<string, string> {
  const map = new Map<string, string>();
  for (const pair of (text ?? '').split(',').filter((one) => one !== '')) {
    const [announced, reachable] = pair.split('=');
    map.set(announced.toLowerCase().replace(/^\[([^\]]+)\]$/, '$1'), reachable);
  }
  return map;
}

function isPair(pair: string): boolean {
  const found = PAIR.exec(pair);
  if (!found || (found[2] === undefined) !== (found[4] === undefined)) return false;
  return [found[2], found[4]].every((port) => port === undefined || (Number(port.slice(1)) >= 1 && Number(port.slice(1)) <= 65_535));
}
