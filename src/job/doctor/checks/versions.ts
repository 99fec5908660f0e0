/** What the versions alone say that the target cannot hold. */
import { versionName } from '../../../model/server-version.ts';
import { capabilityPlan } from '../../capability-plan.ts';
import { type Check, fine, type Said } from '../doctor-scene.ts';
import { optionMend } from '../setting-mend.ts';

export const versions: Check = {
  id: 'versions',
  title: 'versions',
  group: 'Servers',
  looksAt: 'product and version of all servers, and the table of what each can hold ([conversion.md](conversion.md))',
  severities: 'warn: the source may hold what the target cannot, and --on-unsupported is stop; info: the same, and it is settled; or versions are not told',
  mends: '`--on-unsupported degrade`, or `skip`',
  kinds: ['sync', 'scan'],
  look: ({ sources, targets, target, config }) => {
    if (sources.length === 0 || target === null) return [];
    const oldest = target.version;
    const known = sources.map(({ version }) => version).filter((version) => version !== undefined);
    if (oldest === undefined || known.length < sources.length) {
      const who = oldest === undefined ? `target ${target.address}` : 'the source';
      return [
        said(
          'info',
          who,
          'its version is not told (INFO is refused or hidden)',
          'It counts as a new one: what it does not take is found out when it comes.',
          [],
        ),
      ];
    }
    const losses = [...new Set(known.flatMap((version) => capabilityPlan(version, oldest)))];
    const names = [...new Set(known.map(versionName))].join(', ');
    const nodes = new Set(targets.map(({ version }) => (version === undefined ? '' : versionName(version))));
    const mixed = nodes.size > 1 ? `; its nodes differ (${[...nodes].join(', ')}), the oldest counts` : '';
    const measured = `${names} to ${versionName(oldest)}${mixed}`;
    if (losses.length === 0) return [fine(`target ${target.address}`, measured)];
    const { onUnsupported } = config.sync;
    const then = { stop: 'The job stops at the first of it.', skip: 'Such keys are left out.', degrade: 'The target gets what it can hold.' }[onUnsupported];
    const mends = onUnsupported === 'stop' ? [optionMend('--on-unsupported degrade'), optionMend('--on-unsupported skip')] : [];
    return [
      said(
        onUnsupported === 'stop' ? 'warn' : 'info',
        `target ${target.address}`,
        measured,
        `It cannot hold all that the source may have: ${losses.join('. ')}. ${then}`,
        mends,
      ),
    ];
  },
};

function said(severity: Said['severity'], where: string, measured: string, why: string, mends: Said['mends']): Said {
  return { severity, where, measured, why, mends };
}
