/**
 * Makes one side (source or target) of what was given for it: its endpoints (endpoint-setting.ts), and whether they are servers, nodes of a cluster or
 * sentinels. Sentinels have credentials of their own; TLS they have as the servers have it unless something else is said.
 */
import { accessSync, constants } from 'node:fs';
import type { Endpoint, TlsOptions } from '../model/endpoint.ts';
import type { AnnouncedAddresses, SideSetting } from '../model/side-topology.ts';
import { addressMap } from './address-map.ts';
import { type EndpointSetting, resolveEndpoint, type Side } from './endpoint-setting.ts';
import { fileErrorText } from './file-error-text.ts';
import { originName, originRank } from './origin.ts';
import { readPasswordFile } from './password-file.ts';
import type { Settings } from './settings.ts';

export interface ResolvedSide extends EndpointSetting {
  /** Undefined if no address was given or something of it was refused. */
  readonly side: SideSetting | undefined;
  /** The first of the addresses. */
  readonly endpoint: Endpoint | undefined;
}

export function resolveSide(settings: Settings, side: Side): ResolvedSide {
  const setting = resolveEndpoint(settings, side);
  const resolved = setting.endpoints.length === 0 ? undefined : sideOf(settings, side, setting);
  return { ...setting, side: resolved, endpoint: resolved && firstEndpoint(resolved) };
}

/** The first address of it: of a server, a node, or a sentinel. */
export function firstEndpoint(side: SideSetting): Endpoint {
  return side.kind === 'sentinel' ? side.sentinels[0] : side.seeds[0];
}

/** For the redaction of logs. */
export function secretsOf(side: SideSetting | undefined): string[] {
  if (side === undefined) return [];
  const own = side.kind === 'sentinel' ? [side.access.password, side.sentinels[0].password] : [side.seeds[0].password];
  return own.filter((secret) => secret !== undefined && secret !== '') as string[];
}

function sideOf(settings: Settings, side: Side, { endpoints, address }: EndpointSetting): SideSetting | undefined {
  const announced: AnnouncedAddresses = {
    addressMap: addressMap(settings.value(`${side}.address_map`)),
    preferHostname: settings.required(`${side}.prefer_hostname`),
  };
  const isCluster = settings.value(`${side}.cluster`) === true || address?.value.kind === 'cluster';
  if (address?.value.kind !== 'sentinel' && !settings.given(`${side}.sentinel.primary`)) {
    return { kind: isCluster ? 'cluster' : 'auto', seeds: endpoints, announced };
  }
  if (isCluster) {
    settings.reject(`${side}.cluster`, 'contradicts the sentinels: a cluster has none', 'Leave out the one that it is not.');
    return undefined;
  }
  return sentinelSide(settings, side, endpoints, announced, primaryName(settings, side, address));
}

function primaryName(settings: Settings, side: Side, address: EndpointSetting['address']): string | undefined {
  const own = settings.given(`${side}.sentinel.primary`);
  const inUrl = address?.value.primaryName === undefined ? undefined : { value: address.value.primaryName, origin: address.origin };
  if (own && inUrl && originRank(own.origin) === originRank(inUrl.origin)) {
    const message = `${side}.sentinel.primary is given twice: ${originName(own.origin)} and ${originName(inUrl.origin)}`;
    settings.problems.push({ code: 'CONFIG_INVALID', message, fix: 'Give it once, in the URL or by itself.' });
  }
  if (!own || !inUrl) return own?.value ?? inUrl?.value;
  return originRank(own.origin) > originRank(inUrl.origin) ? own.value : inUrl.value;
}

function sentinelSide(
  settings: Settings,
  side: Side,
  endpoints: readonly Endpoint[],
  announced: AnnouncedAddresses,
  name: string | undefined,
): SideSetting | undefined {
  if (name === undefined) {
    settings.problems.push({
      code: 'CONFIG_MISSING',
      message: `the ${side} is behind sentinels, but the name of its primary is not given`,
      fix: `Write it behind the addresses, redis+sentinel://host:26379/<name>, or give ${side}.sentinel.primary; SENTINEL MASTERS at a sentinel lists the names.`,
    });
    return undefined;
  }
  const [{ username, password, tls }] = endpoints;
  const access = { ...(username === undefined ? {} : { username }), ...(password === undefined ? {} : { password }), ...(tls && { tls }) };
  const own = { ...sentinelCredentials(settings, side), ...sentinelTls(settings, side, tls) };
  return { kind: 'sentinel', sentinels: endpoints.map(({ host, port }) => ({ host, port, ...own })), primaryName: name, access, announced };
}

function sentinelCredentials(settings: Settings, side: Side): Pick<Endpoint, 'username' | 'password'> {
  const username = settings.value(`${side}.sentinel.username`);
  const file = settings.given(`${side}.sentinel.password_file`);
  const given = settings.given(`${side}.sentinel.password`);
  const fromFile = file && (!given || originRank(file.origin) > originRank(given.origin)) ? file : undefined;
  const password = fromFile ? readPasswordFile(settings, `${side}.sentinel.password_file`, fromFile) : given?.value;
  if (username !== undefined && password === undefined && !file) {
    settings.reject(`${side}.sentinel.username`, 'is given without a password', `Give ${side}.sentinel.password too.`);
  }
  return { ...(username === undefined ? {} : { username }), ...(password === undefined ? {} : { password }) };
}

function sentinelTls(settings: Settings, side: Side, ofServers: TlsOptions | undefined): { tls?: TlsOptions } {
  if (!(settings.value(`${side}.sentinel.tls.enabled`) ?? ofServers !== undefined)) return {};
  const file = (part: 'ca' | 'cert' | 'key', otherwise: string | undefined): string | undefined => {
    const path = settings.value(`${side}.sentinel.tls.${part}`);
    if (path === undefined) return otherwise;
    try {
      accessSync(path, constants.R_OK);
    } catch (cause) {
      settings.reject(`${side}.sentinel.tls.${part}`, `names ${path}, which cannot be read: ${fileErrorText(cause)}`);
    }
    return path;
  };
  const [caFile, certFile, keyFile] = [file('ca', ofServers?.caFile), file('cert', ofServers?.certFile), file('key', ofServers?.keyFile)];
  return {
    tls: {
      verify: settings.value(`${side}.sentinel.tls.verify`) ?? ofServers?.verify ?? true,
      ...(caFile === undefined ? {} : { caFile }),
      ...(certFile === undefined ? {} : { certFile }),
      ...(keyFile === undefined ? {} : { keyFile }),
    },
  };
}
