/**
 * Takes an address apart.
 *
 *   address   = [ scheme "://" [ user [ ":" password ] "@" ] ] places [ "/" [ primary ] ] [ "?" tls-query ]
 *   scheme    = ( "redis" | "valkey" | "rediss" | "valkeys" ) [ "+cluster" | "+sentinel" ]              rediss and valkeys speak TLS
 *   places    = host [ ":" port ] { "," host [ ":" port ] }         several: nodes of one cluster, or sentinels
 *   host      = name | IPv4 | "[" IPv6 "]"
 *   primary   = the name that the sentinels know the primary by; with +sentinel only
 *   tls-query = parameter { "&" parameter },  parameter = ( "tls_verify" | "tls_ca" | "tls_cert" | "tls_key" | "tls_server_name" ) "=" value
 *
 * User and password are those of the servers with data, with +sentinel too. User, password, primary and query values are percent-decoded. Everything else
 * is refused with the reason; no message repeats a password.
 */
import { isIPv6 } from 'node:net';

const PORT_DEFAULT = 6379;
export const SENTINEL_PORT_DEFAULT = 26_379;
const PLACES_MAX = 1_000;
const SCHEMES: Record<string, boolean> = { redis: false, valkey: false, rediss: true, valkeys: true };
const TLS_PARAMETERS = ['tls_verify', 'tls_ca', 'tls_cert', 'tls_key', 'tls_server_name'] as const;
export type TlsParameter = (typeof TLS_PARAMETERS)[number];

export interface Place {
  readonly host: string;
  readonly port: number;
}

export interface Address {
  /** At least one. */
  readonly places: readonly [Place, ...Place[]];
  /** What the scheme says it is; undefined for the plain ones, which leave it open. */
  readonly kind?: 'cluster' | 'sentinel';
  readonly primaryName?: string;
  readonly username?: string;
  readonly password?: string;
  /** True for a scheme of TLS; undefined for the others, which leave it open. */
  readonly tls?: true;
  readonly parameters: Readonly<Partial<Record<TlsParameter, string>>>;
}

/** Why an address was refused; the message is the end of a sentence about it. */
export class AddressError extends Error {}

/** @param portDefault of places without one, in an address without a scheme. @throws AddressError */
export function parseAddress(text: string, portDefault = PORT_DEFAULT): Address {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text);
  if (/^(redis\+)?(unix|socket):/i.test(text) || /^[/.~]/.test(text)) {
    throw new AddressError('names a unix socket, which is not supported: give host:port (the server must listen on TCP)');
  }
  if (!scheme) return withoutScheme(text, portDefault);
  const [, product, kind] = /^([a-z]+)(?:\+(cluster|sentinel))?$/.exec(scheme[1].toLowerCase()) ?? [];
  const tls = SCHEMES[product];
  if (tls === undefined)
    throw new AddressError(`has the unknown scheme ${scheme[1]}:// (known are redis:// and rediss://, also as redis+cluster:// and redis+sentinel://)`);
  const rest = text.slice(scheme[0].length);
  const authorityEnd = /[/?#]|$/.exec(rest)!.index;
  const authority = rest.slice(0, authorityEnd);
  if (!authority.includes('@') && /^[^/?#]*:[^@]*@/.test(rest)) {
    throw new AddressError('has a / ? or # in user or password: write them as %2F, %3F, %23 (or give the password by itself)');
  }
  const at = authority.lastIndexOf('@');
  const credentials = at < 0 ? {} : parseUserInfo(authority.slice(0, at));
  const { primaryName, parameters } = parseTail(rest.slice(authorityEnd), tls, kind === 'sentinel');
  return {
    places: parsePlaces(authority.slice(at + 1), kind === 'sentinel' ? SENTINEL_PORT_DEFAULT : PORT_DEFAULT),
    ...(kind === 'cluster' || kind === 'sentinel' ? { kind } : {}),
    ...(primaryName === undefined ? {} : { primaryName }),
    ...credentials,
    ...(tls ? { tls } : {}),
    parameters,
  };
}

function withoutScheme(text: string, portDefault: number): Address {
  if (text.includes('@')) throw new AddressError('has user information but no scheme: write redis:// in front of it');
  if (text.includes('/')) throw new AddressError('is neither a redis:// URL nor host:port');
  return { places: parsePlaces(text, portDefault), parameters: {} };
}

function parsePlaces(text: string, portDefault: number): Address['places'] {
  const [first, ...others] = text.split(',');
  if (others.length >= PLACES_MAX) throw new AddressError(`names more than ${PLACES_MAX} hosts`);
  return [parseHostPort(first.trim(), portDefault), ...others.map((place) => parseHostPort(place.trim(), portDefault))];
}

function parseUserInfo(text: string): Pick<Address, 'username' | 'password'> {
  const colon = text.indexOf(':');
  const username = decode(colon < 0 ? text : text.slice(0, colon));
  const password = colon < 0 ? undefined : decode(text.slice(colon + 1));
  return { ...(username === '' ? {} : { username }), ...(password === undefined || (password === '' && username === '') ? {} : { password }) };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new AddressError('has a % in user, password or query that is not followed by two hex digits: write it as %25');
  }
}

function parseHostPort(text: string, portDefault: number): Place {
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(text);
  if (bracketed) {
    if (!isIPv6(bracketed[1])) throw new AddressError('has something else than an IPv6 address in brackets');
    return { host: bracketed[1], port: parsePort(bracketed[2], portDefault) };
  }
  if (isIPv6(text)) throw new AddressError('has an IPv6 address without brackets: write [address]:port');
  const colon = text.indexOf(':');
  const host = colon < 0 ? text : text.slice(0, colon);
  if (host === '') throw new AddressError('names no host');
  if (!/^[A-Za-z0-9._-]+$/.test(host)) throw new AddressError('has a host name with a character that host names cannot have');
  return { host, port: parsePort(colon < 0 ? undefined : text.slice(colon + 1), portDefault) };
}

function parsePort(text: string | undefined, portDefault: number): number {
  if (text === undefined) return portDefault;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) throw new AddressError('has a port that is not a number from 1 to 65535');
  return port;
}

function parseTail(text: string, tls: boolean, isSentinel: boolean): Pick<Address, 'primaryName' | 'parameters'> {
  const [pathAndQuery, fragment] = text.split('#', 2);
  const question = pathAndQuery.indexOf('?');
  const path = question < 0 ? pathAndQuery : pathAndQuery.slice(0, question);
  const primaryName = isSentinel ? decode(path.slice(1)) : '';
  if (isSentinel && /[/\s]/.test(primaryName)) throw new AddressError('has a path that is no name of a primary: write redis+sentinel://host:port/<name>');
  if (!isSentinel && /^\/\d+\/?$/.test(path))
    throw new AddressError(`selects database ${path.replaceAll('/', '')}, but all databases are synced: leave the ${path} out`);
  if (!isSentinel && path !== '' && path !== '/') throw new AddressError('has a path, which means nothing here: leave out what follows host:port');
  if (fragment !== undefined) throw new AddressError('has a #, which means nothing here');
  const parameters = question < 0 ? {} : parseQuery(pathAndQuery.slice(question + 1), tls);
  return { ...(primaryName === '' ? {} : { primaryName }), parameters };
}

function parseQuery(text: string, tls: boolean): Address['parameters'] {
  const parameters: Partial<Record<TlsParameter, string>> = {};
  for (const pair of text.split('&').filter((part) => part !== '')) {
    const equals = pair.indexOf('=');
    const name = TLS_PARAMETERS.find((known) => known === pair.slice(0, equals < 0 ? undefined : equals));
    if (!name)
      throw new AddressError(`has a query with an unknown parameter (known are ${TLS_PARAMETERS.join(', ')}): use flags or the file for other options`);
    if (!tls) throw new AddressError(`has ${name} without TLS: write rediss://`);
    if (parameters[name] !== undefined) throw new AddressError(`has ${name} twice`);
    const value = equals < 0 ? '' : decode(pair.slice(equals + 1));
    if (value === '') throw new AddressError(`has ${name} without a value`);
    if (name === 'tls_verify' && value !== 'true' && value !== 'false') throw new AddressError('has a tls_verify that is neither true nor false');
    parameters[name] = value;
  }
  return parameters;
}
