/** How long the source can be done without: its backlog against what it writes. */
import { type Check, fine, type LightScene, type Said } from '../doctor-scene.ts';
import { fullSyncEstimate } from '../full-sync-estimate.ts';
import { settingClose, settingUp, sizeWords, timeWords } from '../in-words.ts';
import type { NodeSurvey } from '../node-survey.ts';
import { settingMend } from '../setting-mend.ts';

/** The next second is not this one: who has mended it should not find it wanting again. */
const MARGIN = 1.5;

export const backlog: Check<LightScene> = {
  id: 'backlog',
  title: 'replication backlog',
  group: 'Room',
  looksAt:
    '`repl-backlog-size` against the bytes a second that the source writes (over a second; while a job runs, over a minute), and the time that the full sync is expected to take',
  severities: 'warn: it bridges less than that time, or than 2 minutes',
  mends: '`CONFIG SET repl-backlog-size` with one and a half times of what bridges it, rounded up, and at most a quarter of the memory that is free',
  kinds: ['sync'],
  look: (scene) => scene.sources.flatMap((node) => bridge(node, scene)),
};

function bridge(node: NodeSurvey, scene: LightScene): Said[] {
  const bytes = node.info.number('repl_backlog_size');
  const { writeBytesPerSecond: rate, overMs, measuredBy } = node.activity;
  if (bytes < 0 || rate < 0) return [];
  const { bridgeMs, applyMs } = fullSyncEstimate(node, scene);
  const neededBytes = (rate * bridgeMs) / 1000;
  const how =
    measuredBy === 'offset' ? `${sizeWords(rate)}/s over ${timeWords(overMs)}` : `about ${sizeWords(rate)}/s that clients write, over ${timeWords(overMs)}`;
  const lastsMs = (bytes * 1000) / Math.max(1, rate);
  const measured = `${sizeWords(bytes)}; ${how}${rate >= 1 ? ` fill it in ${timeWords(lastsMs)}` : ''}`;
  if (bytes >= neededBytes) return [fine(node.name, measured)];
  const until =
    applyMs >= bridgeMs ? `the full sync of ${sizeWords(node.dataBytes)} is expected to take ${timeWords(applyMs)}` : `a break can last ${timeWords(bridgeMs)}`;
  const wantedBytes = neededBytes * MARGIN;
  const roomBytes = roomFor(node);
  const why = `A link that was broken for longer than the backlog bridges costs a new full sync; ${until}.`;
  const less = `That would be ${settingUp(wantedBytes)}, which this machine has no memory for (the backlog is memory of the source).`;
  return [
    {
      severity: 'warn',
      where: node.name,
      measured,
      why: wantedBytes <= roomBytes ? why : `${why} ${less}`,
      mends:
        Math.min(wantedBytes, roomBytes) <= bytes
          ? []
          : [settingMend(node, 'repl-backlog-size', wantedBytes <= roomBytes ? settingUp(wantedBytes) : settingClose(roomBytes))],
    },
  ];
}

/** A quarter of what is free, or of what is below maxmemory; without end where nothing is told. */
function roomFor({ info }: NodeSurvey): number {
  const used = Math.max(info.number('used_memory'), info.number('used_memory_rss'), 0);
  const limits = [info.number('total_system_memory'), info.number('maxmemory')].filter((limit) => limit > 0);
  return limits.length === 0 ? Number.POSITIVE_INFINITY : Math.max(0, Math.min(...limits) - used) / 4;
}
