/**
 * Makes one endpoint (source or target) of what was given for it.
 *
 * A side may be given as a URL or part by part, in any mix of layers. The address is one value: of `url` and `address` the one of the
 * higher rank counts and the other is dropped whole, with its credentials, so that a password never goes to another host than the one it
 * was written beside. What the URL says of user, password and TLS has the rank of the URL; a part that was given by itself wins if its
 * rank is higher, and is a problem if its rank is the same.
 */
import { accessSync, constants } from 'node:fs';
import { type Endpoint, endpointName, type TlsOptions } from '../model/endpoint.ts';
import { redactAddress } from '../observe/redaction.ts';
import { fileErrorText } from './file-error-text.ts';
import { type Origin, originName, originRank } from './origin.ts';
import { type Address, AddressError, parseAddress, SENTINEL_PORT_DEFAULT, type TlsParameter } from './parse-address.ts';
import { readPasswordFile } from './password-file.ts';
import type { OptionKey } from './schema.ts';
import type { Given, Settings } from './settings.ts';

export type Side = 'source' | 'target';
type Part = 'address' | 'username' | 'password' | 'tls.enabled' | 'tls.verify' | 'tls.ca' | 'tls.cert' | 'tls.key' | 'tls.server_name';

export interface EndpointSetting {
  /** One for each place of the address. Empty if none was given or it was refused; the reason is among the problems. */
  readonly endpoints: readonly Endpoint[];
  /** Undefined as well. */
  readonly address: Given<Address> | undefined;
  /** What is in force, by the key of the option, for `godwit explain`. */
  readonly effective: ReadonlyMap<OptionKey, Given>;
}

export function resolveEndpoint(settings: Settings, side: Side): EndpointSetting {
  return new EndpointReader(settings, side).read();
}

class EndpointReader {
  readonly #settings: Settings;
  readonly #side: Side;
  readonly #effective = new Map<OptionKey, Given>();

  constructor(settings: Settings, side: Side) {
    this.#settings = settings;
    this.#side = side;
  }

  read(): EndpointSetting {
    const found = this.#address();
    const address = found?.value;
    const origin = found?.origin ?? { kind: 'default' };
    const username = this.#pick('username', this.#given('username'), fromUrl(address?.username, origin));
    const password = this.#password(fromUrl(address?.password, origin));
    const tls = this.#tls(address, origin);
    if (address && username && !password) this.#userWithoutPassword(username.origin);
    const endpoints = (address?.places ?? []).map(({ host, port }) => ({
      host,
      port,
      ...(username && { username: username.value }),
      ...(password && { password: password.value }),
      ...(tls && { tls }),
    }));
    return { endpoints, address: found, effective: this.#effective };
  }

  #key<Name extends string>(part: Name): `${Side}.${Name}` {
    return `${this.#side}.${part}`;
  }

  #given(part: Exclude<Part, 'tls.enabled' | 'tls.verify'>): Given<string> | undefined {
    return this.#settings.given(this.#key(part));
  }

  #address(): Given<Address> | undefined {
    const url = this.#settings.given(this.#key('url'));
    const plain = this.#given('address');
    const sentinel = this.#settings.given(this.#key('sentinel.address'));
    const winner = this.#higher('address', plain, url) ?? sentinel;
    if (winner && sentinel && winner !== sentinel) {
      const message = `${originName(sentinel.origin)}: ${this.#key('sentinel.address')} is given, and ${originName(winner.origin)} gives another address of the ${this.#side}`;
      this.#settings.problems.push({ code: 'CONFIG_INVALID', message, fix: 'Behind sentinels the servers are found: leave their address out.' });
    }
    if (!winner) {
      this.#noAddress();
      return undefined;
    }
    const key = winner === url ? this.#key('url') : winner === sentinel ? this.#key('sentinel.address') : this.#key('address');
    try {
      if (winner !== url && /@|:\/\//.test(winner.value)) throw new AddressError(`takes host:port alone: a URL belongs to ${this.#key('url')}`);
      const ofSentinel = winner === sentinel || this.#settings.given(this.#key('sentinel.primary')) !== undefined;
      const parsed = parseAddress(winner.value, ofSentinel ? SENTINEL_PORT_DEFAULT : undefined);
      const address: Address = winner === sentinel ? { ...parsed, kind: 'sentinel' } : parsed;
      if (winner === url) this.#effective.set(key, url);
      if (winner !== sentinel) this.#effective.set(this.#key('address'), { value: address.places.map(endpointName).join(','), origin: winner.origin });
      return { value: address, origin: winner.origin };
    } catch (error) {
      if (!(error instanceof AddressError)) throw error;
      const message = `${originName(winner.origin)}: ${key} ${JSON.stringify(redactAddress(winner.value))} ${error.message}`;
      this.#settings.problems.push({ code: 'CONFIG_INVALID', message, fix: 'Write redis://<user>:<password>@<host>:<port>, or rediss:// for TLS.' });
      return undefined;
    }
  }

  #noAddress(): void {
    const { problems } = this.#settings;
    const named = [this.#key('url'), this.#key('address'), `${this.#side}.sentinel.`];
    if (problems.some(({ message }) => named.some((key) => message.includes(key)))) return;
    problems.push({ code: 'CONFIG_MISSING', message: `no ${this.#side} was given`, fix: this.#mistyped() ?? this.#whereAddressGoes() });
  }

  #whereAddressGoes(): string {
    const { shake } = this.#settings;
    const name = this.#side.toUpperCase();
    const section = this.#side === 'source' ? shake?.reader : shake?.writer;
    if (section === undefined)
      return `Give it as ${name} on the command line, as GODWIT_${name}_URL, or as ${this.#key('url')} in the file, e.g. redis://127.0.0.1:6379.`;
    return shake?.isOfVariables === true ? `Set ${this.#addressVariable()} to host:port.` : `Write address = "host:port" below [${section}].`;
  }

  /** The warning of a name that was most likely meant to be the address: a run that ends for want of it shows no warnings. */
  #mistyped(): string | undefined {
    const { shake, warnings } = this.#settings;
    const name = this.#side.toUpperCase();
    const section = this.#side === 'source' ? shake?.reader : shake?.writer;
    const meant = [`GODWIT_${name}_URL`, `GODWIT_${name}_ADDRESS`, this.#addressVariable(), ...(section === undefined ? [] : [`${section}.address`])];
    const warning = warnings.find((text) => meant.some((one) => text.toLowerCase().endsWith(`did you mean ${one.toLowerCase()}?`)));
    return warning?.replace(/^the /, 'The ');
  }

  #addressVariable(): string {
    return this.#side === 'source' ? 'SHAKE_SRC_ADDRESS' : 'SHAKE_DST_ADDRESS';
  }

  #password(inUrl: Given<string> | undefined): Given<string> | undefined {
    const file = this.#settings.given(this.#key('password_file'));
    const own = this.#higher('password', this.#given('password'), file);
    const winner = this.#pick('password', own, inUrl);
    if (!file || winner !== file) return winner;
    const value = readPasswordFile(this.#settings, this.#key('password_file'), file);
    this.#effective.set(this.#key('password_file'), file);
    if (value !== undefined) this.#effective.set(this.#key('password'), { value, origin: file.origin });
    return { value: value ?? '', origin: file.origin };
  }

  #tls(address: Address | undefined, origin: Origin): TlsOptions | undefined {
    const explicit = this.#settings.given(this.#key('tls.enabled'));
    const enabled = explicit?.value === true && address?.tls ? explicit : this.#pick('tls.enabled', explicit, fromUrl(address?.tls, origin));
    if (enabled) this.#effective.set(this.#key('tls.enabled'), enabled);
    const text = (part: 'tls.ca' | 'tls.cert' | 'tls.key' | 'tls.server_name', name: TlsParameter): Given<string> | undefined =>
      this.#pick(part, this.#given(part), fromUrl(address?.parameters[name], origin));
    const inUrl = address?.parameters.tls_verify;
    const verify = this.#pick('tls.verify', this.#settings.given(this.#key('tls.verify')), fromUrl(inUrl === undefined ? undefined : inUrl === 'true', origin));
    const ca = text('tls.ca', 'tls_ca');
    const cert = text('tls.cert', 'tls_cert');
    const key = text('tls.key', 'tls_key');
    const serverName = text('tls.server_name', 'tls_server_name');
    if (!enabled?.value) {
      // TLS that was turned off in so many words leaves its options without effect; TLS that was forgotten must not go unnoticed.
      if (!enabled && address) this.#tlsForgotten({ 'tls.ca': ca, 'tls.cert': cert, 'tls.key': key, 'tls.server_name': serverName, 'tls.verify': verify });
      return undefined;
    }
    this.#checkFiles(ca, cert, key);
    return {
      verify: verify?.value ?? true,
      ...(ca && { caFile: ca.value }),
      ...(cert && { certFile: cert.value }),
      ...(key && { keyFile: key.value }),
      ...(serverName && { serverName: serverName.value }),
    };
  }

  #tlsForgotten(parts: Partial<Record<Part, Given | undefined>>): void {
    for (const [part, given] of Object.entries(parts)) {
      if (!given) continue;
      const message = `${originName(given.origin)}: ${this.#side}.${part} is given, but TLS is off for the ${this.#side}`;
      this.#settings.problems.push({ code: 'CONFIG_INVALID', message, fix: `Write rediss:// in its URL, or set ${this.#key('tls.enabled')} = true.` });
    }
  }

  #checkFiles(ca: Given<string> | undefined, cert: Given<string> | undefined, key: Given<string> | undefined): void {
    for (const [part, given] of Object.entries({ ca, cert, key })) {
      if (!given) continue;
      try {
        accessSync(given.value, constants.R_OK);
      } catch (cause) {
        const message = `${originName(given.origin)}: ${this.#side}.tls.${part} names ${given.value}, which cannot be read: ${fileErrorText(cause)}`;
        this.#settings.problems.push({ code: 'CONFIG_INVALID', message });
      }
    }
    const lone = cert && !key ? cert : key && !cert ? key : undefined;
    if (!lone) return;
    const [has, lacks] = lone === cert ? ['cert', 'key'] : ['key', 'cert'];
    const message = `${originName(lone.origin)}: ${this.#side}.tls.${has} is given without ${this.#side}.tls.${lacks}`;
    this.#settings.problems.push({ code: 'CONFIG_INVALID', message, fix: 'A client certificate needs both.' });
  }

  #userWithoutPassword(origin: Origin): void {
    const fix = `Write redis://<user>:<password>@<host>, or redis://:<password>@<host> for the default user, or set GODWIT_${this.#side.toUpperCase()}_PASSWORD.`;
    this.#settings.problems.push({ code: 'CONFIG_MISSING', message: `${originName(origin)}: the ${this.#side} has a user but no password`, fix });
  }

  /** The one of the higher rank; of the same rank they contradict each other. The winner is noted as in force. */
  #pick<T>(part: Part, own: Given<T> | undefined, inUrl: Given<T> | undefined): Given<T> | undefined {
    const winner = this.#higher(part, own, inUrl);
    if (winner) this.#effective.set(this.#key(part), winner);
    return winner;
  }

  #higher<T>(part: Part, a: Given<T> | undefined, b: Given<T> | undefined): Given<T> | undefined {
    if (!a || !b) return a ?? b;
    const difference = originRank(a.origin) - originRank(b.origin);
    if (difference === 0) {
      const message = `${this.#key(part)} is given twice: ${originName(a.origin)} and ${originName(b.origin)}`;
      this.#settings.problems.push({ code: 'CONFIG_INVALID', message, fix: 'Give it once, in the URL or by itself.' });
    }
    return difference >= 0 ? a : b;
  }
}

function fromUrl<T>(value: T | undefined, origin: Origin): Given<T> | undefined {
  return value === undefined ? undefined : { value, origin };
}
