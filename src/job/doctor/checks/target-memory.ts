/** Whether what the source holds fits into the target. */
import { SLOT_COUNT } from '../../../model/slot.ts';
import { type Check, fine, type LightScene, type Said } from '../doctor-scene.ts';
import { settingClose, sizeWords } from '../in-words.ts';
import type { NodeSurvey } from '../node-survey.ts';
import { optionMend, settingMend } from '../setting-mend.ts';

/** Of `maxmemory`, or of the machine where there is none. */
const FULL_SHARE = 0.9;
/** What memory is asked for beyond the need: another version's layout, fragmentation. */
const MARGIN = 1.25;

export const targetMemory: Check<LightScene> = {
  id: 'target-memory',
  title: 'memory at the target',
  group: 'Room',
  looksAt:
    'what keys and values of the source take in memory (less what the target has of a job that has begun; in a cluster by the share of slots), against `maxmemory` of each node of the ' +
    'target, or the memory of its machine where there is none',
  severities: 'error: it does not fit; warn: more than 90 % would be full; info: the same where rules leave out or rename, so that less may come',
  mends: '`CONFIG SET maxmemory` with a quarter more than is needed, where the machine has it',
  kinds: ['sync', 'scan'],
  look: (scene) => {
    const need = scene.sources.reduce((sum, { dataBytes }) => (dataBytes < 0 ? Number.NaN : sum + dataBytes), 0);
    if (scene.sources.length === 0 || !Number.isFinite(need)) return [];
    const total = scene.targets.reduce((sum, { dataBytes }) => sum + Math.max(0, dataBytes), 0);
    const missing = scene.hasBegun || scene.config.sync.flushTarget ? Math.max(0, need - total) : need;
    return scene.targets.map((node) => fits(node, missing * shareOf(node, scene.targets), scene));
  },
};

function fits(node: NodeSurvey, comesBytes: number, { config }: LightScene): Said {
  const used = Math.max(0, node.info.number('used_memory'));
  const machine = node.info.number('total_system_memory');
  const ofServer = node.info.number('maxmemory');
  const limit = ofServer > 0 ? ofServer : machine;
  const after = used + comesBytes;
  const coming = `${sizeWords(comesBytes)} to come to ${sizeWords(used)} in use`;
  if (limit <= 0) return fine(node.name, `${coming}; no limit is told`);
  const measured = `${coming}; ${ofServer > 0 ? 'maxmemory' : 'the machine has'} ${sizeWords(limit)}`;
  if (after <= limit * FULL_SHARE) return fine(node.name, measured);
  const isOver = after > limit;
  const filtered = config.rules !== null;
  const wanted = settingClose(after * MARGIN);
  const hasRoom = ofServer > 0 && (machine <= 0 || after * MARGIN < machine);
  return {
    severity: filtered ? 'info' : isOver ? 'error' : 'warn',
    where: node.name,
    measured,
    why: [
      'A target that is full refuses writes (OOM), and the job waits until it has room; one that evicts throws away what was brought.',
      ...(filtered ? ['The rules of this job may leave out enough.'] : []),
      ...(hasRoom ? [] : ['The machine has no more memory: the target has to be a larger one.']),
    ].join(' '),
    mends: hasRoom ? [settingMend(node, 'maxmemory', wanted)] : [optionMend('--target <a server with more memory>')],
  };
}

/** Of the keys; even where it is not known who owns which slots. */
function shareOf(node: NodeSurvey, all: readonly NodeSurvey[]): number {
  return all.length === 1 || node.slots < 0 ? 1 / all.length : node.slots / SLOT_COUNT;
}
