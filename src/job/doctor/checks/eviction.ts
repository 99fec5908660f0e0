/** Whether the target throws keys away by itself. */
import { type Check, EVERY_KIND, fine, type LightScene, type Said } from '../doctor-scene.ts';
import { sizeWords } from '../in-words.ts';
import type { NodeSurvey } from '../node-survey.ts';
import { settingMend } from '../setting-mend.ts';

export const eviction: Check<LightScene> = {
  id: 'eviction',
  title: 'eviction at the target',
  group: 'Room',
  looksAt: '`maxmemory-policy` and `maxmemory` of each node of the target, and the same of the source',
  severities: 'warn: the target evicts by a limit, and the source does not; info: both do',
  mends: '`CONFIG SET maxmemory-policy noeviction`',
  kinds: EVERY_KIND,
  look: ({ sources, targets }) => targets.flatMap((node) => keeps(node, sources)),
};

function keeps(node: NodeSurvey, sources: readonly NodeSurvey[]): Said[] {
  const policy = node.info.text('maxmemory_policy') || (node.config.get('maxmemory-policy') ?? '');
  if (policy === '') return [];
  const limit = node.info.number('maxmemory');
  const evicted = Math.max(0, node.info.number('evicted_keys'));
  const measured = `${policy}${limit > 0 ? ` at ${sizeWords(limit)}` : ', without a limit'}${evicted > 0 ? `; ${evicted.toLocaleString('en-US')} keys evicted since its start` : ''}`;
  if (policy === 'noeviction' || limit <= 0) return [fine(node.name, measured)];
  const isCache = sources.length > 0 && sources.every(evicts);
  return [
    {
      severity: isCache ? 'info' : 'warn',
      where: node.name,
      measured,
      why: `Keys that the target evicts are gone without an error, and nothing brings them again${isCache ? '; the source does the same, as caches do' : ', while the source keeps them'}.`,
      mends: [settingMend(node, 'maxmemory-policy', 'noeviction')],
    },
  ];
}

function evicts({ info }: NodeSurvey): boolean {
  const policy = info.text('maxmemory_policy');
  return policy !== '' && policy !== 'noeviction' && info.number('maxmemory') > 0;
}
