/** What the target holds already: the marks of this job, or keys that would be met. */
import { ERROR_CODES } from '../../../errors/codes.ts';
import { GodwitError } from '../../../errors/errors.ts';
import { notEmpty } from '../../preflight.ts';
import { type Check, type DoctorScene, EVERY_KIND, fine, type Said } from '../doctor-scene.ts';
import { countWords } from '../in-words.ts';
import { optionMend } from '../setting-mend.ts';

export const targetKeys: Check = {
  id: 'target-keys',
  title: 'keys at the target',
  group: 'Data',
  looksAt:
    'whether the target is empty or holds marks of this job; else how many of some keys of the source, chosen by chance, exist there too; and with several sources, in another one of them',
  severities:
    'error: it holds keys, and --on-existing is fail, or marks of another kind of job; warn: some would be replaced, left alone, or come from two sources',
  mends: '`--on-existing replace` or `skip`, or `--flush-target`; another `--job`',
  kinds: EVERY_KIND,
  look: async (scene) => {
    const { target, config, targets, known } = scene;
    if (target === null || targets.length === 0) return [];
    const where = `target ${target.address}`;
    if (known instanceof GodwitError) {
      const mends = known.code === 'MARK_INVALID' ? [optionMend(`--job ${config.job.name}-2`)] : [];
      return [{ severity: 'error', where, measured: known.message, why: ERROR_CODES[known.code].summary, mends }];
    }
    if (known.size > 0) return [fine(where, `holds the mark of the job ${config.job.name}, which goes on there`), ...(await amongSources(scene))];
    const keys = await target.keyCount();
    if (keys === 0) return [fine(where, 'empty'), ...(await amongSources(scene))];
    if (config.sync.flushTarget)
      return [{ ...fine(where, `${countWords(keys, 'key')}, which --flush-target removes`), severity: 'info' }, ...(await amongSources(scene))];
    return [await holdsKeys(scene, where, keys), ...(await amongSources(scene))];
  },
};

async function holdsKeys(scene: DoctorScene, where: string, keys: number): Promise<Said> {
  const { config, target } = scene;
  const { asked, found } = await collisions(scene);
  const met =
    asked === 0 ? '' : `; of ${countWords(asked, 'key')} of the source, chosen by chance, ${found === 0 ? 'none exists' : `${found} exist`} there too`;
  const measured = `${countWords(keys, 'key')}, and no mark of the job ${config.job.name}${met}`;
  const flush = optionMend('--flush-target');
  if (config.sync.onExisting === 'fail') {
    const why = `The job refuses to begin: ${notEmpty(config, target?.address ?? '', keys).fix ?? ''}`;
    return { severity: 'error', where, measured, why, mends: [optionMend('--on-existing replace'), optionMend('--on-existing skip'), flush] };
  }
  if (found === 0) return { severity: 'info', where, measured, why: 'What only the target has stays as it is.', mends: [] };
  const replaces = config.sync.onExisting === 'replace';
  return {
    severity: 'warn',
    where,
    measured,
    why: replaces
      ? 'They are replaced by those of the source.'
      : 'They stay as they are at the target (--on-existing skip), while later changes of the source are applied to them.',
    mends: [flush],
  };
}

/** By their own names: where rules rename nothing is asked. */
async function collisions({ sample, targets, config }: DoctorScene): Promise<{ readonly asked: number; readonly found: number }> {
  if (config.rules !== null || sample.length === 0) return { asked: 0, found: 0 };
  let found = 0;
  for (const { connection } of targets) {
    // In a cluster the node that a key does not belong to answers with MOVED.
    const replies = await connection.callAll(
      sample.flatMap(({ database, key }) => [...(database === 0 ? [] : [['SELECT', database]]), ['EXISTS', key], ...(database === 0 ? [] : [['SELECT', 0]])]),
    );
    found += replies.filter((reply) => reply === 1).length;
  }
  return { asked: sample.length, found };
}

/** Keys of one source that another one has too. */
async function amongSources({ sources, sample, config }: DoctorScene): Promise<Said[]> {
  if (config.otherSources.length === 0 || sample.length === 0) return [];
  const said: Said[] = [];
  for (const other of sources) {
    const foreign = sample.filter(({ source, database }) => source !== other && database === 0);
    if (foreign.length === 0) continue;
    const replies = await other.connection.callAll(foreign.map(({ key }) => ['EXISTS', key]));
    const found = replies.filter((reply) => reply === 1).length;
    if (found === 0) continue;
    said.push({
      severity: 'warn',
      where: other.name,
      measured: `${found} of ${countWords(foreign.length, 'key')} of the other sources, chosen by chance, exist here too`,
      why: 'Several sources go into one target: a key that two of them have gets the changes of both.',
      mends: [optionMend('--db-map <database=another> for a job of its own, or --rename prefix:OLD:=>NEW:')],
    });
  }
  return said;
}
