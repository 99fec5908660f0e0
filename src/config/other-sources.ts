/**
 * The servers that are brought into the same target beside the first source. Each is a URL or an address with its own credentials; what is given by itself for
 * the source (source.password, source.tls.ca and so on) holds for all of them, what stands in the URL of the first one does not.
 */
import { type Endpoint, endpointName, isSameAddress } from '../model/endpoint.ts';
import { redactAddress } from '../observe/redaction.ts';
import { originName } from './origin.ts';
import { type Address, AddressError, parseAddress } from './parse-address.ts';
import type { Settings } from './settings.ts';

/** None when there are none; what is wrong is among the problems. @param first of the source; undefined = it was refused */
export function otherSources(settings: Settings, first: Endpoint | undefined): Endpoint[] {
  const given = settings.given('source.others');
  const found: Endpoint[] = [];
  for (const word of given?.value.split(/[\s]+/).filter((one) => one !== '') ?? []) {
    const address = parse(settings, word);
    if (address === undefined) continue;
    const endpoint = endpointOf(settings, address, first);
    const twin = [...(first === undefined ? [] : [first]), ...found].find((one) => isSameAddress(one, endpoint));
    if (twin !== undefined) settings.reject('source.others', `names ${endpointName(endpoint)}, which is a source already`);
    else found.push(endpoint);
  }
  return found;
}

function parse(settings: Settings, word: string): Address | undefined {
  try {
    const address = parseAddress(word);
    if (address.kind !== undefined || address.places.length > 1) throw new AddressError('is not the address of one standalone server');
    return address;
  } catch (error) {
    if (!(error instanceof AddressError)) throw error;
    const message = `${originName(settings.origin('source.others'))}: source.others ${JSON.stringify(redactAddress(word))} ${error.message}`;
    settings.problems.push({ code: 'CONFIG_INVALID', message, fix: 'Write redis://<user>:<password>@<host>:<port>, or rediss:// for TLS.' });
    return undefined;
  }
}

function endpointOf(settings: Settings, address: Address, first: Endpoint | undefined): Endpoint {
  const isOwn = (key: 'source.username' | 'source.password' | 'source.password_file'): boolean => settings.given(key) !== undefined;
  const username = address.username ?? (isOwn('source.username') ? first?.username : undefined);
  const password = address.password ?? (isOwn('source.password') || isOwn('source.password_file') ? first?.password : undefined);
  const tls = address.tls === true || settings.given('source.tls.enabled')?.value === true;
  const { tls_verify: verify, tls_ca: caFile, tls_cert: certFile, tls_key: keyFile, tls_server_name: serverName } = address.parameters;
  return {
    ...address.places[0],
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(tls && {
      tls: {
        ...(first?.tls === undefined ? { verify: true } : { ...first.tls, serverName: undefined }),
        ...(verify !== undefined && { verify: verify === 'true' }),
        ...(caFile !== undefined && { caFile }),
        ...(certFile !== undefined && { certFile }),
        ...(keyFile !== undefined && { keyFile }),
        ...(serverName !== undefined && { serverName }),
      },
    }),
  };
}
