/** Modules of the source that the target does not have. */
import type { Mend } from '../../../observe/finding.ts';
import { type Check, type DoctorScene, fine, type Said } from '../doctor-scene.ts';
import { countWords } from '../in-words.ts';
import type { NodeSurvey } from '../node-survey.ts';
import { optionMend } from '../setting-mend.ts';

/** TYPE of values of modules, as far as it is known, by the name of the module. */
const TYPES: Readonly<Record<string, readonly string[]>> = {
  rejson: ['rejson-rl'],
  bf: ['mbbloom--', 'mbbloomcf', 'cmsk-type', 'topk-type', 'tdis-type'],
  timeseries: ['tsdb-type'],
  vectorset: ['vectorset'],
};
const BUILT_IN_TYPES = new Set(['string', 'list', 'set', 'zset', 'hash', 'stream', 'none', '']);

export const modules: Check = {
  id: 'modules',
  title: 'modules',
  group: 'Data',
  looksAt: 'modules of each server (INFO modules), and types of modules among some keys of the source, chosen by chance',
  severities:
    'error: the target lacks a module of which keys were found, and --on-unsupported is stop; warn: it lacks one; info: it is settled by --on-unsupported',
  mends:
    '`MODULE LOAD` with the path that the source tells, or a line in the configuration of the target and a restart where MODULE LOAD is off; `--on-unsupported skip`',
  kinds: ['sync', 'scan'],
  look: async (scene) => {
    const { sources, targets } = scene;
    if (sources.length === 0 || targets.length === 0) return [];
    const all = [...new Set(sources.flatMap(({ info }) => info.modules()))];
    const missing = all.filter((name) => targets.some(({ info }) => !info.modules().includes(name)));
    if (missing.length > 0) return Promise.all(missing.map((name) => lacking(name, scene)));
    return [fine('both sides', all.length === 0 ? 'the source has none' : `${all.join(', ')} on both sides`)];
  },
};

async function lacking(name: string, scene: DoctorScene): Promise<Said> {
  const { targets, sources, sample, config } = scene;
  const [without] = targets.filter(({ info }) => !info.modules().includes(name));
  const strange = sample.filter(({ type }) => TYPES[name]?.includes(type.toLowerCase()) ?? !BUILT_IN_TYPES.has(type));
  const isSettled = config.sync.onUnsupported !== 'stop';
  const found =
    sample.length === 0
      ? ''
      : `; ${strange.length} of ${countWords(sample.length, 'key')} of the source, chosen by chance, ${strange.length === 1 ? 'is' : 'are'} of it`;
  const path = await pathOf(name, sources);
  return {
    severity: isSettled ? 'info' : strange.length > 0 ? 'error' : 'warn',
    where: without.name,
    measured: `the source has the module ${name}, this server has not${found}`,
    why: `Values of a module can be held only where it is loaded.${isSettled ? '' : ' The job stops at the first of them.'}`,
    mends: [...(path === '' ? [] : [loadMend(without, path)]), ...(isSettled ? [] : [optionMend('--on-unsupported skip')])],
  };
}

/** From 7.0 on MODULE LOAD is off unless the configuration says otherwise: then it takes a line there, and a restart. */
function loadMend(node: NodeSurvey, path: string): Mend {
  const mayLoad = node.config.get('enable-module-command') ?? 'yes';
  if (mayLoad !== 'no') return { kind: 'server', at: node.name, command: `MODULE LOAD ${path}` };
  const file = node.info.text('config_file') || '<its configuration file>';
  return { kind: 'shell', at: node.endpoint.host, command: `echo 'loadmodule ${path}' | sudo tee -a ${file}` };
}

/** As MODULE LIST of 7.0 and newer tells; '' = not told. */
async function pathOf(name: string, sources: readonly NodeSurvey[]): Promise<string> {
  for (const { connection } of sources) {
    const [reply] = await connection.callAll([['MODULE', 'LIST']]);
    for (const entry of Array.isArray(reply) ? reply : []) {
      const words = Array.isArray(entry) ? entry.map(String) : [];
      const value = (field: string): string => words[words.indexOf(field) + 1] ?? '';
      if (words.includes('path') && value('name').toLowerCase() === name) return value('path');
    }
  }
  return '';
}
