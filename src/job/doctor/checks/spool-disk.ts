/** Whether the spool has room for the snapshot and for what is written until it is applied; while a job runs, for what is written while the target is away. */
import { type Check, fine, type LightScene, type Said } from '../doctor-scene.ts';
import { fullSyncEstimate } from '../full-sync-estimate.ts';
import { settingClose, settingUp, sizeWords, timeWords } from '../in-words.ts';
import { directoryWith } from '../spool-room.ts';
import { optionMend } from '../setting-mend.ts';

/** What the spool leaves free of its own accord (source/replica/spool/disk-space.ts). */
const RESERVE_BYTES = 1024 ** 3;
const LITTLE_BYTES = 64 * 1024 ** 2;

export const spoolDisk: Check<LightScene> = {
  id: 'spool-disk',
  title: 'disk of the spool',
  group: 'Here',
  looksAt:
    'what the spool may take (spool.max_bytes, else what is free less 1 GiB) against the snapshot and what the source writes until it is applied (2 minutes at least: the target may be ' +
    'away for a while)',
  severities: 'error: the snapshot does not fit, or the disk is full; warn: what is written meanwhile does not fit',
  mends: '`--spool-max-bytes` where that is what bounds it, else `--spool-dir` with one of the usual places that has the room',
  kinds: ['sync'],
  look: async (scene) => {
    const { config, diskFreeBytes, sources, spoolBytes, hasBegun } = scene;
    if (diskFreeBytes < 0 || sources.length === 0) return [];
    const snapshot = hasBegun ? 0 : sources.reduce((sum, { dataBytes }) => sum + Math.max(0, dataBytes), 0);
    const times = sources.map((node) => fullSyncEstimate(node, scene).bridgeMs);
    const stream = sources.reduce((sum, node, i) => sum + (Math.max(0, node.activity.writeBytesPerSecond) * times[i]) / 1000, 0);
    const onDisk = Math.max(0, diskFreeBytes - (config.spool.maxBytes > 0 ? 0 : RESERVE_BYTES));
    const ofBound = config.spool.maxBytes > 0 ? Math.max(0, config.spool.maxBytes - spoolBytes) : Number.POSITIVE_INFINITY;
    const room = Math.min(onDisk, ofBound);
    const need = [...(snapshot > 0 ? [`${sizeWords(snapshot)} of snapshot`] : []), `${sizeWords(stream)} of changes in ${timeWords(Math.max(...times))}`].join(
      ' and ',
    );
    const measured = `${sizeWords(room)} of room in ${config.spool.dir} (${sizeWords(diskFreeBytes)} free), for ${need}`;
    if (snapshot + stream <= room && onDisk >= LITTLE_BYTES) return [fine('here', measured)];
    return [await tight(scene, measured, snapshot + stream, snapshot > room || onDisk < LITTLE_BYTES)];
  },
};

async function tight({ config, diskFreeBytes }: LightScene, measured: string, needed: number, isError: boolean): Promise<Said> {
  const byBound = config.spool.maxBytes > 0 && diskFreeBytes >= needed + LITTLE_BYTES;
  const wanted = needed + LITTLE_BYTES + RESERVE_BYTES;
  const elsewhere = byBound ? '' : (await directoryWith(wanted)) || `<a directory with ${settingClose(wanted)} free>`;
  const mend = byBound ? `--spool-max-bytes ${settingUp(2 * needed)}` : `--spool-dir ${elsewhere}`;
  return {
    severity: isError ? 'error' : 'warn',
    where: 'here',
    measured,
    why: 'A spool without room holds the source back: the output buffer of its replica grows there instead, until the source closes the link and the full sync begins anew.',
    mends: [optionMend(mend)],
  };
}
