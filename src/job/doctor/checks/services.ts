/** Managed services, and what they do not let one do. */
import { type Check, EVERY_KIND, fine, type Said } from '../doctor-scene.ts';
import { sidesWords } from '../sides-words.ts';

export const services: Check = {
  id: 'services',
  title: 'managed services',
  group: 'Servers',
  looksAt: 'the name of the host, and what INFO says of the system',
  severities: 'info: it is a known service, with its limits. That PSYNC is really hidden is found with the rights',
  mends: '`godwit scan` with the same addresses, where it hides replication',
  kinds: EVERY_KIND,
  look: ({ sources, targets, kind, config }) => {
    const said = new Map<string, Said>();
    for (const { service, side, name } of [...sources, ...targets]) {
      if (service === null || said.has(`${side} ${service.id}`)) continue;
      const isScanned = side === 'source' && kind === 'sync' && service.hidesReplication;
      said.set(`${side} ${service.id}`, {
        severity: 'info',
        where: name,
        measured: service.name,
        why: `${service.limits.join('. ')}.`,
        mends: isScanned ? [{ kind: 'shell', at: 'here', command: `godwit scan ${sidesWords(config)} --notifications` }] : [],
      });
    }
    return said.size > 0 ? [...said.values()] : sources.length + targets.length > 0 ? [fine('both sides', 'none of those that are known')] : [];
  },
};
