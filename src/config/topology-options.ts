/** What can be said of a side beside its address and credentials (schema.ts): that it is a cluster, or behind sentinels, and how its addresses are meant. */
import { addressMapType } from './address-map.ts';
import { option, optional } from './option-spec.ts';
import { booleanType, pathType, secretType, stringType, urlType } from './option-type.ts';

const PEM = 'a PEM file that can be read';

const TOPOLOGY_ROWS = {
  cluster: option(booleanType(), false, 'The addresses are nodes of a cluster, the others are found; not needed, since nodes say so themselves'),
  'sentinel.primary': optional(
    stringType('a name without spaces', /^\S+$/),
    'from the URL',
    'Name that the sentinels know the primary by; the addresses are theirs',
  ),
  'sentinel.address': optional(
    urlType('host or host:port, or several with commas'),
    'from the URL',
    'Addresses of sentinels, instead of a URL; the port is 26379',
  ),
  'sentinel.username': optional(stringType(), 'none', 'ACL user of the sentinels, which is not that of the servers'),
  'sentinel.password': optional(secretType(), 'none', 'Password of the sentinels, which is not that of the servers'),
  'sentinel.password_file': optional(pathType('a file that can be read'), 'none', 'File that holds the password of the sentinels'),
  'sentinel.tls.enabled': optional(booleanType(), 'as with the servers', 'Speak TLS with the sentinels'),
  'sentinel.tls.verify': optional(booleanType(), 'as with the servers', 'Check the certificate of the sentinels and its name'),
  'sentinel.tls.ca': optional(pathType(PEM), 'as with the servers', 'PEM file of the authorities to trust'),
  'sentinel.tls.cert': optional(pathType(PEM), 'as with the servers', 'PEM file of the client certificate'),
  'sentinel.tls.key': optional(pathType(PEM), 'as with the servers', 'PEM file of the key of the client certificate'),
  address_map: optional(addressMapType(), 'none', 'For NAT: announced=reachable pairs with commas, host:port=host:port or host=host'),
  prefer_hostname: option(booleanType(), false, 'Take the host names that nodes of a cluster announce rather than their IP addresses'),
} as const;

type TopologyRows<Side extends string> = { readonly [Key in keyof typeof TOPOLOGY_ROWS as `${Side}.${Key}`]: (typeof TOPOLOGY_ROWS)[Key] };

function topologyRows<Side extends 'source' | 'target'>(side: Side): TopologyRows<Side> {
  return Object.fromEntries(Object.entries(TOPOLOGY_ROWS).map(([key, spec]) => [`${side}.${key}`, spec])) as TopologyRows<Side>;
}

export const TOPOLOGY_OPTIONS = {
  source: {
    ...topologyRows('source'),
    'source.prefer_replica': option(booleanType(), false, 'Read from the replica of each shard that is furthest, where there is one'),
  },
  target: topologyRows('target'),
} as const;
