/** What the job needs on this machine: places to write to, rules that can be read, a file to load. */
import { ERROR_CODES } from '../../../errors/codes.ts';
import { GodwitError } from '../../../errors/errors.ts';
import { tryWritablePlaces } from '../../writable-places.ts';
import { type Check, type DoctorScene, EVERY_KIND, fine, type Said } from '../doctor-scene.ts';
import { optionMend } from '../setting-mend.ts';

export const ownPlaces: Check = {
  id: 'own-places',
  title: 'files of the job',
  group: 'Here',
  looksAt:
    'that the directory of the spool and the dead-letter file can be written (what is made for that is removed); that the rules and functions of the job can be read; of a load, that the file can, and what it is',
  severities: 'error: one cannot; warn: what the rules warn of',
  mends: '`--spool-dir`, `--dead-letter-file`',
  kinds: EVERY_KIND,
  look: async (scene) => [...(await places(scene)), ...rulesOf(scene), ...fileOf(scene)],
};

async function places({ config }: DoctorScene): Promise<Said[]> {
  try {
    await tryWritablePlaces(config, { leavesNothing: true });
    return [fine('here', `${config.spool.dir} can be written`)];
  } catch (error) {
    if (!(error instanceof GodwitError)) throw error;
    const isLetters = error.code === 'CONFIG_INVALID';
    const mend = optionMend(isLetters ? '--dead-letter-file <a file that can be written>' : '--spool-dir <a directory that can be written>');
    return [{ severity: 'error', where: 'here', measured: error.message, why: `${ERROR_CODES[error.code].summary} ${error.fix ?? ''}`.trim(), mends: [mend] }];
  }
}

function rulesOf({ rules, rulesError }: DoctorScene): Said[] {
  if (rulesError !== null) return [failed(rulesError)];
  return rules.warnings.map((measured) => ({ severity: 'warn', where: 'here', measured, why: 'This is what the rules of the job say.', mends: [] }));
}

function fileOf({ load }: DoctorScene): Said[] {
  if (load === null) return [];
  if (load.error === null) return [fine('here', `${load.name}: ${load.kind}`)];
  return [failed(load.error)];
}

function failed({ message, code, fix }: GodwitError): Said {
  return { severity: 'error', where: 'here', measured: message, why: `${ERROR_CODES[code].summary} ${fix ?? ''}`.trim(), mends: [] };
}
