/** Whether a scan can follow what changes. */
import { type Check, fine, type Said } from '../doctor-scene.ts';
import type { NodeSurvey } from '../node-survey.ts';
import { settingMend } from '../setting-mend.ts';

const KINDS = ['g', '$', 'l', 's', 'h', 'z', 'x', 'e', 't', 'd'];

export const notifications: Check = {
  id: 'notifications',
  title: 'keyspace notifications',
  group: 'Data',
  looksAt: '`notify-keyspace-events` of the source, where --notifications is given',
  severities: 'warn: it lacks kinds of events and --no-set-notifications is given, or it is not told; info: it lacks some, and the job sets it',
  mends: '`CONFIG SET notify-keyspace-events` with what is set already and AE',
  kinds: ['scan'],
  look: ({ sources, scan }) => (scan.notifications === true ? sources.map((node) => events(node, scan.setNotifications !== false)) : []),
};

function events(node: NodeSurvey, maySet: boolean): Said {
  const now = node.config.get('notify-keyspace-events');
  const mends = [settingMend(node, 'notify-keyspace-events', `${(now ?? '').replaceAll(/[AE]/g, '')}AE`)];
  if (now === undefined) {
    return {
      severity: 'warn',
      where: node.name,
      measured: 'not told (CONFIG GET is refused or hidden)',
      why: 'Without events of all kinds nothing of what changes is seen.',
      mends,
    };
  }
  const lacks = !now.includes('E') || (!now.includes('A') && KINDS.some((kind) => !now.includes(kind)));
  if (!lacks) return fine(node.name, `"${now}"`);
  return {
    severity: maySet ? 'info' : 'warn',
    where: node.name,
    measured: `"${now}"`,
    why: maySet ? 'The job sets it, and puts it back at its end.' : 'Not all changes of keys are told: what changes is missed.',
    mends,
  };
}
