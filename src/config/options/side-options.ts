/**
 * What can be said of a side beside its address and credentials (schema.ts): which kind of servers it is, and how it is read and written.
 */
import { booleanType, pathType, secretType, sizeType, stringType, textsType, urlType } from '../option-type.ts';
import { option, optional } from '../option-spec.ts';

const TIB = 1024 ** 4;
const PEM = 'a PEM file that can be read';

const topologyRows = {
  cluster: option(booleanType(), false, 'The address is a node of a cluster; the others are found'),
  'sentinel.primary': optional(stringType(), 'none', 'Name that the sentinels know the primary by'),
  'sentinel.address': optional(urlType('host:port'), 'none', 'Address of a sentinel'),
  'sentinel.username': optional(stringType(), 'none', 'ACL user of the sentinels'),
  'sentinel.password': optional(secretType(), 'none', 'Password of the sentinels'),
  'sentinel.tls.enabled': option(booleanType(), false, 'Speak TLS with the sentinels'),
  'sentinel.tls.verify': option(booleanType(), true, 'Check the certificate of the sentinels'),
  'sentinel.tls.ca': optional(pathType(PEM), "the system's authorities", 'PEM file of the authorities to trust'),
  'sentinel.tls.cert': optional(pathType(PEM), 'none', 'PEM file of the client certificate'),
  'sentinel.tls.key': optional(pathType(PEM), 'none', 'PEM file of the key of the client certificate'),
} as const;

type TopologyRows<Side extends string> = { readonly [Key in keyof typeof topologyRows as `${Side}.${Key}`]: (typeof topologyRows)[Key] };

function topologyOf<Side extends 'source' | 'target'>(side: Side): TopologyRows<Side> {
  return Object.fromEntries(Object.entries(topologyRows).map(([key, spec]) => [`${side}.${key}`, spec])) as TopologyRows<Side>;
}

export const SIDE_OPTIONS = {
  source: {
    ...topologyOf('source'),
    'source.prefer_replica': option(booleanType(), false, 'Read from a replica where there is one'),
    'source.psync_commands': option(textsType(), [], 'Names of PSYNC where a service has renamed it: host:port@name'),
  },
  target: {
    ...topologyOf('target'),
    'target.off_reply': option(booleanType(), false, 'CLIENT REPLY OFF: no answers, so that nothing tells what was refused'),
    'target.unanswered_bytes_max': option(
      sizeType({ min: 1024, max: TIB, or: { word: 'auto', value: 0 } }),
      0,
      'Bytes that may be under way to the target without an answer; auto keeps far below its client-query-buffer-limit',
    ),
    'target.value_bytes_max': option(
      sizeType({ min: 1024, max: TIB, or: { word: 'auto', value: 0 } }),
      0,
      'Larger values are written in several commands; auto is what the target says in proto-max-bulk-len',
    ),
  },
} as const;
