/** Libraries of functions: whether they come along, and what they meet. */
import { atLeast, type ServerVersion } from '../../../model/server-version.ts';
import type { Reply } from '../../../resp/reply.ts';
import { type Check, type DoctorScene, fine, type Said } from '../doctor-scene.ts';
import type { NodeSurvey } from '../node-survey.ts';
import { optionMend } from '../setting-mend.ts';

export const functions: Check = {
  id: 'functions',
  title: 'functions',
  group: 'Data',
  looksAt: 'libraries of functions of each side (FUNCTION LIST)',
  severities: 'warn: the source has some, and the target is older than 7.0, or a scan brings none; or the target has one of the same name with another text',
  mends: '`--on-unsupported skip`; `FUNCTION LOAD REPLACE` by hand; `FUNCTION DELETE` at the target',
  kinds: ['sync', 'scan'],
  look: async (scene) => {
    const { sources, targets } = scene;
    if (sources.length === 0 || targets.length === 0) return [];
    const own = new Map<string, string>();
    for (const source of sources) for (const [name, code] of await libraries(source)) own.set(name, code);
    if (own.size === 0) return [fine('both sides', 'the source has none, or does not tell')];
    const [target] = targets;
    if (!has(target.version)) return [unknown(target, own, scene)];
    const there = await libraries(target);
    if (scene.kind === 'scan') return scanned(scene, target, own, there);
    const others = [...own].filter(([name, code]) => there.has(name) && there.get(name) !== code).map(([name]) => name);
    if (others.length === 0) return [fine(target.name, `${[...own.keys()].join(', ')} come along`)];
    return others.map((name) => ({
      severity: 'warn',
      where: target.name,
      measured: `it has a library ${name} with another text than the source`,
      why: 'That of the source replaces it.',
      mends: [{ kind: 'server', at: target.name, command: `FUNCTION DELETE ${name}` }],
    }));
  },
};

function unknown(target: NodeSurvey, own: ReadonlyMap<string, string>, { config }: DoctorScene): Said {
  const isSettled = config.sync.onUnsupported !== 'stop';
  return {
    severity: isSettled ? 'info' : 'warn',
    where: target.name,
    measured: `the source has ${[...own.keys()].join(', ')}; this server knows no functions`,
    why: isSettled ? 'They are left out.' : 'The job stops when they come, at the begin of the snapshot.',
    mends: isSettled ? [] : [optionMend('--on-unsupported skip')],
  };
}

/** A scan brings keys alone. */
function scanned({ targets }: DoctorScene, target: NodeSurvey, own: ReadonlyMap<string, string>, there: ReadonlyMap<string, string>): Said[] {
  const missing = [...own].filter(([name, code]) => there.get(name) !== code);
  if (missing.length === 0) return [fine(target.name, 'all of the source are there')];
  const why = 'Functions are no keys: a scan does not bring them.';
  return targets.flatMap(({ name: where }) =>
    missing.map(([name, code]) => {
      const load = { kind: 'server', at: where, command: `FUNCTION LOAD REPLACE ${JSON.stringify(code)}` } as const;
      return { severity: 'warn', where, measured: `lacks the library ${name} of the source`, why, mends: [load] };
    }),
  );
}

function has(version: ServerVersion | undefined): boolean {
  return version === undefined || atLeast(version, 7);
}

/** Text by name; empty where it is not told. */
async function libraries({ connection, version }: NodeSurvey): Promise<Map<string, string>> {
  if (!has(version)) return new Map();
  const [reply] = await connection.callAll([['FUNCTION', 'LIST', 'WITHCODE']]);
  const found = new Map<string, string>();
  for (const entry of (Array.isArray(reply) ? reply : []) as readonly Reply[]) {
    const words = Array.isArray(entry) ? entry : [];
    const value = (field: string): string => String(words[words.findIndex((word) => String(word) === field) + 1] ?? '');
    found.set(value('library_name'), value('library_code'));
  }
  return found;
}
