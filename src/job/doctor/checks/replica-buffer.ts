/** Whether the source drops a replica that takes its snapshot: what is written meanwhile waits in the replica's output buffer. */
import { type Check, fine, type LightScene, type Said } from '../doctor-scene.ts';
import { fullSyncEstimate } from '../full-sync-estimate.ts';
import { settingUp, sizeWords, timeWords } from '../in-words.ts';
import type { NodeSurvey } from '../node-survey.ts';
import { settingMend } from '../setting-mend.ts';

const SOFT_SECONDS = 60;
/** Twice what is expected: what is measured now is no peak. */
const MARGIN = 2;

export interface BufferLimit {
  /** 0 = none. */
  readonly hardBytes: number;
  readonly softBytes: number;
  readonly softSeconds: number;
}

export const replicaBuffer: Check = {
  id: 'replica-buffer',
  title: 'replica output buffer',
  group: 'Room',
  looksAt: '`client-output-buffer-limit` for replicas against what the source writes while it saves and sends its snapshot (data in memory at 50 MB/s)',
  severities: 'error: that is more than the limit; warn: more than half of it',
  mends: '`CONFIG SET client-output-buffer-limit` with four times of what is expected, rounded up',
  kinds: ['sync'],
  look: (scene) => scene.sources.flatMap((node) => holds(node, scene)),
};

function holds(node: NodeSurvey, scene: LightScene): Said[] {
  const limit = replicaLimit(node.config.get('client-output-buffer-limit') ?? '');
  const rate = node.activity.writeBytesPerSecond;
  if (limit === undefined || rate < 0 || node.dataBytes < 0) return [];
  const { receiveMs } = fullSyncEstimate(node, scene);
  const neededBytes = (rate * receiveMs) / 1000;
  const mayBytes = roomOf(limit, receiveMs);
  const shown = limit.hardBytes === 0 && limit.softBytes === 0 ? 'no limit' : `${sizeWords(mayBytes)} may wait`;
  const measured = `${shown}; ${sizeWords(node.dataBytes)} to send take about ${timeWords(receiveMs)}, while ${sizeWords(neededBytes)} are written`;
  if (neededBytes * MARGIN <= mayBytes) return [fine(node.name, measured)];
  const wanted = settingUp(Math.max(neededBytes * 2 * MARGIN, limit.hardBytes));
  return [
    {
      severity: neededBytes > mayBytes ? 'error' : 'warn',
      where: node.name,
      measured,
      why: 'A source whose replica has more waiting than the limit closes its link, in the middle of the full sync: that begins anew, and ends in the same way, again and again.',
      mends: [settingMend(node, 'client-output-buffer-limit', `replica ${wanted} ${wanted} ${SOFT_SECONDS}`)],
    },
  ];
}

/** @param setting all classes, `normal 0 0 0 slave 268435456 67108864 60 pubsub ...` */
export function replicaLimit(setting: string): BufferLimit | undefined {
  const found = /(?:slave|replica) (\d+) (\d+) (\d+)/.exec(setting);
  if (found === null) return undefined;
  return { hardBytes: Number(found[1]), softBytes: Number(found[2]), softSeconds: Number(found[3]) };
}

/** What may wait at the end of a time in which it grows evenly. */
export function roomOf({ hardBytes, softBytes, softSeconds }: BufferLimit, forMs: number): number {
  const hard = hardBytes === 0 ? Number.POSITIVE_INFINITY : hardBytes;
  if (softBytes === 0 || softSeconds * 1000 >= forMs) return hard;
  // It passes the soft limit at some moment, and has softSeconds from there on.
  return Math.min(hard, softBytes / (1 - (softSeconds * 1000) / forMs));
}
