/** Keys of the sections that name servers: `[sync_reader]`, `[scan_reader]` and `[redis_writer]`. */
import { type NativeSetting, same, type ShakeContext, type ShakeKey, type ShakeSection } from './shake-key.ts';

type ServerSection = 'sync_reader' | 'scan_reader' | 'redis_writer';
type Side = 'source' | 'target';

export const ENDPOINT_KEYS: readonly ShakeKey[] = [...endpointKeys('sync_reader'), ...endpointKeys('scan_reader'), ...endpointKeys('redis_writer')];

function endpointKeys(section: ServerSection): ShakeKey[] {
  const side: Side = section === 'redis_writer' ? 'target' : 'source';
  return [
    {
      section,
      key: 'cluster',
      type: 'boolean',
      fallback: false,
      becomes: `\`${side}.cluster\``,
      map: same(`${side}.cluster`),
    },
    {
      section,
      key: 'address',
      type: 'text',
      fallback: '',
      becomes: `\`${side}.address\`, or \`${side}.sentinel.address\``,
      map: (value, context) => {
        if (value === '' || usesSentinelTable(context, section)) return [];
        return [{ key: usesSentinelFlag(context, section) ? `${side}.sentinel.address` : `${side}.address`, raw: value }];
      },
    },
    {
      section,
      key: 'username',
      type: 'text',
      fallback: '',
      becomes: `\`${side}.username\``,
      note: 'Without a password it is not used, as in RedisShake.',
      map: (value, { value: valueOf }) => (value === '' || valueOf(section, 'password') === '' ? [] : [{ key: `${side}.username`, raw: value }]),
    },
    {
      section,
      key: 'password',
      type: 'secret',
      fallback: '',
      becomes: `\`${side}.password\``,
      map: (value) => (value === '' ? [] : [{ key: `${side}.password`, raw: value }]),
    },
    ...tlsKeys(section, '', side),
    ...sentinelKeys(section, side),
  ];
}

/** @param inside the table within the section, with its dot */
function tlsKeys(section: ServerSection, inside: '' | 'sentinel.', side: Side): ShakeKey[] {
  const native = `${side}.${inside}tls` as const;
  const isActive = (context: ShakeContext): boolean =>
    context.value(section, `${inside}tls`) === true && (inside === '' || usesSentinelTable(context, section));
  const file = (key: string, part: 'ca' | 'cert' | 'key'): ShakeKey => ({
    section,
    key: `${inside}tls_config.${key}`,
    type: 'text',
    fallback: '',
    becomes: `\`${native}.${part}\``,
    note: 'Has no effect unless tls is true, as in RedisShake.',
    isHarmless: true,
    map: (value, context) => (value === '' || !isActive(context) ? [] : [{ key: `${native}.${part}`, raw: context.path(value as string, 'read') }]),
  });
  return [
    {
      section,
      key: `${inside}tls`,
      type: 'boolean',
      fallback: false,
      becomes: `\`${native}.enabled\`, \`${native}.verify\``,
      note: 'The certificate of the server is checked if tls_config.ca_cert names who to trust, and not otherwise, as in RedisShake: name one.',
      // Sentinels have TLS as the servers have it unless it is said: RedisShake's do not.
      mapsDefault: inside !== '',
      map: (value, context) => {
        if (inside !== '' && !usesSentinelTable(context, section)) return [];
        const enabled = { key: `${native}.enabled`, raw: value } as const;
        return value === true ? [enabled, { key: `${native}.verify`, raw: context.value(section, `${inside}tls_config.ca_cert`) !== '' }] : [enabled];
      },
    },
    file('ca_cert', 'ca'),
    file('cert', 'cert'),
    file('key', 'key'),
  ];
}

function sentinelKeys(section: ServerSection, side: Side): ShakeKey[] {
  const inTable = (key: string, part: 'primary' | 'address' | 'username' | 'password', type: 'text' | 'secret' = 'text'): ShakeKey => ({
    section,
    key: `sentinel.${key}`,
    type,
    fallback: '',
    becomes: `\`${side}.sentinel.${part}\``,
    map: (value, context): readonly NativeSetting[] =>
      value === '' || !usesSentinelTable(context, section) ? [] : [{ key: `${side}.sentinel.${part}`, raw: value }],
  });
  const table = [
    inTable('master_name', 'primary'),
    inTable('address', 'address'),
    withPassword(inTable('username', 'username')),
    inTable('password', 'password', 'secret'),
    ...tlsKeys(section, 'sentinel.', side),
  ];
  if (section !== 'redis_writer') return table;
  return [
    {
      section,
      key: 'sentinel',
      type: 'boolean',
      fallback: false,
      becomes: '`target.sentinel.address` from `address`',
      note: 'The form of 4.2; newer files have the table [redis_writer.sentinel].',
      isHarmless: true,
      map: () => [],
    },
    {
      section,
      key: 'master',
      type: 'text',
      fallback: '',
      becomes: '`target.sentinel.primary`',
      note: 'The form of 4.2.',
      map: (value, context) => (value === '' || !usesSentinelFlag(context, section) ? [] : [{ key: 'target.sentinel.primary', raw: value }]),
    },
    ...table,
  ];
}

/** As for the servers: without a password the name is not used. */
function withPassword(row: ShakeKey): ShakeKey {
  return {
    ...row,
    note: 'Without a password it is not used, as in RedisShake.',
    map: (value, context) => (context.value(row.section, 'sentinel.password') === '' ? [] : (row.map?.(value, context) ?? [])),
  };
}

function usesSentinelTable(context: ShakeContext, section: ShakeSection): boolean {
  return context.isGiven(section, 'sentinel.master_name') && context.value(section, 'sentinel.master_name') !== '';
}

/** The form of 4.2: `sentinel = true`, `master = "name"`, and `address` is the sentinel's. */
function usesSentinelFlag(context: ShakeContext, section: ShakeSection): boolean {
  return section === 'redis_writer' && context.value(section, 'sentinel') === true;
}
