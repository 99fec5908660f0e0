/**
 * Managed services, known by their signs: the name of the host, or what INFO says of the system. Each with what it does not let one do, and how its settings are
 * made. What is not listed here counts as a server of one's own; that CONFIG or PSYNC is hidden is found by trying, whoever hides it.
 */
export interface ServiceSigns {
  readonly host: string;
  /** `os` of INFO. */
  readonly os: string;
  readonly infoText: string;
}

export interface ManagedService {
  readonly id: string;
  readonly name: string;
  /** What it is known by, for the documents. */
  readonly signs: string;
  /** What it does not let one do, as sentences. */
  readonly limits: readonly string[];
  /** PSYNC is not to be had: a sync is no way, a scan is. */
  readonly hidesReplication: boolean;
  is(signs: ServiceSigns): boolean;
  /** The command line that changes a setting; `<...>` is what cannot be known from here. */
  setting(name: string, value: string, host: string): string;
}

const label = (host: string): string => host.split('.')[0];

export const MANAGED_SERVICES: readonly ManagedService[] = [
  {
    id: 'elasticache',
    name: 'Amazon ElastiCache',
    signs: 'host `*.cache.amazonaws.com`; `os:Amazon ElastiCache` in INFO',
    limits: [
      'PSYNC, CONFIG, REPLICAOF, BGSAVE and DEBUG are hidden: as a source it is read with `godwit scan`',
      'Settings are made in its parameter group; a serverless one speaks TLS alone and is a cluster',
    ],
    hidesReplication: true,
    is: ({ host, os }) => /\.cache\.amazonaws\.com(\.cn)?$/i.test(host) || /^Amazon ElastiCache/i.test(os),
    setting: (name, value) =>
      `aws elasticache modify-cache-parameter-group --cache-parameter-group-name <group> --parameter-name-values 'ParameterName=${name},ParameterValue=${value}'`,
  },
  {
    id: 'memorydb',
    name: 'Amazon MemoryDB',
    signs: 'host `*.memorydb.*.amazonaws.com`; `os:Amazon MemoryDB` in INFO',
    limits: ['PSYNC, CONFIG, REPLICAOF and BGSAVE are hidden: as a source it is read with `godwit scan`', 'It is always a cluster, and speaks TLS'],
    hidesReplication: true,
    is: ({ host, os }) => /\.memorydb\.[a-z0-9-]+\.amazonaws\.com(\.cn)?$/i.test(host) || /^Amazon MemoryDB/i.test(os),
    setting: (name, value) =>
      `aws memorydb update-parameter-group --parameter-group-name <group> --parameter-name-values 'ParameterName=${name},ParameterValue=${value}'`,
  },
  {
    id: 'apsaradb',
    name: 'Alibaba Cloud ApsaraDB or Tair',
    signs: 'host `*.rds.aliyuncs.com` or `*.kvstore.aliyuncs.com`',
    limits: [
      'PSYNC is granted only to an account with the right of replication, and not behind its proxies: ask for a direct connection',
      'Settings are made in its console; some of the usual commands are not offered behind a proxy',
    ],
    hidesReplication: false,
    is: ({ host, infoText }) => /\.(?:rds|kvstore)\.aliyuncs\.com$/i.test(host) || /^(?:apsaradb|tair)_version:/im.test(infoText),
    setting: (name, value, host) => `aliyun r-kvstore ModifyInstanceConfig --InstanceId ${label(host)} --Config '{"${name}":"${value}"}'`,
  },
  {
    id: 'azure',
    name: 'Azure Cache for Redis',
    signs: 'host `*.redis.cache.windows.net`, `*.redis.azure.net`, `*.redisenterprise.cache.azure.net` or `*.redis.cache.chinacloudapi.cn`',
    limits: [
      'PSYNC, CONFIG, REPLICAOF, BGSAVE, DEBUG and SHUTDOWN are hidden: as a source it is read with `godwit scan`',
      'Connections that are idle for ten minutes are closed: a PING comes long before',
    ],
    hidesReplication: true,
    is: ({ host }) => /\.redis(?:enterprise)?\.(?:cache\.(?:windows\.net|azure\.net|chinacloudapi\.cn)|azure\.net)$/i.test(host),
    setting: (name, value, host) => `az redis update --name ${label(host)} --resource-group <group> --set redisConfiguration.${name}=${value}`,
  },
  {
    id: 'memorystore',
    name: 'Google Cloud Memorystore',
    signs: 'host `*.memorystore.cloud.goog` or `*.memorystore-redis.goog`; a line with `memorystore` in INFO. By an IP address alone it is not known',
    limits: ['PSYNC, CONFIG, REPLICAOF, BGSAVE and DEBUG are hidden: as a source it is read with `godwit scan`', 'Settings are made with gcloud'],
    hidesReplication: true,
    is: ({ host, infoText }) => /\.memorystore(?:-redis)?(?:\.cloud)?\.goog$/i.test(host) || /memorystore/i.test(infoText),
    setting: (name, value) => `gcloud redis instances update <instance> --region=<region> --update-redis-config ${name}=${value}`,
  },
];

export function serviceOf(signs: ServiceSigns): ManagedService | null {
  return MANAGED_SERVICES.find((service) => service.is(signs)) ?? null;
}
