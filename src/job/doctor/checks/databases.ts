/** Databases that the source uses and the target does not have. */
import { ERROR_CODES } from '../../../errors/codes.ts';
import { GodwitError } from '../../../errors/errors.ts';
import { checkDatabases } from '../../preflight.ts';
import { type Check, fine, type Said } from '../doctor-scene.ts';
import { optionMend } from '../setting-mend.ts';

export const databases: Check = {
  id: 'databases',
  title: 'databases',
  group: 'Data',
  looksAt: 'databases of the source that hold keys, as the rules of the job map them, against those that the target has',
  severities: 'error: one of them is not there',
  mends: '`--db-map N=0`, or `N=drop`',
  kinds: ['sync', 'scan'],
  look: async ({ sources, target, targets, rules }) => {
    if (target === null || sources.length === 0 || targets.length === 0) return [];
    const said: Said[] = [];
    for (const { connection, name, info } of sources) {
      try {
        await checkDatabases(connection, target, rules);
        const used = info.keyspace().map(({ database }) => database);
        said.push(fine(name, used.length === 0 ? 'no keys yet' : `uses ${used.join(', ')}`));
      } catch (error) {
        if (!(error instanceof GodwitError) || error.code !== 'DATABASE_MISSING') throw error;
        const { database } = error.details as { database: number };
        const mends = [optionMend(`--db-map ${database}=0`), optionMend(`--db-map ${database}=drop`)];
        said.push({ severity: 'error', where: name, measured: error.message, why: ERROR_CODES.DATABASE_MISSING.summary, mends });
      }
    }
    const beyond = await missingNumber(targets, sources, rules);
    return [...said.filter(({ severity }) => severity !== 'ok' || beyond === undefined), ...(beyond === undefined ? [] : [beyond])];
  },
};

/** A server has `databases` of them, which can be asked by selecting the highest that is used. */
async function missingNumber(
  targets: readonly {
    readonly name: string;
    readonly connection: { callAll(commands: (string | number)[][]): Promise<unknown[]>; server: { mode: string } };
  }[],
  sources: readonly { readonly info: { keyspace(): { database: number }[] } }[],
  rules: { targetDatabase(database: number): number | undefined | null },
): Promise<Said | undefined> {
  const [target] = targets;
  if (target.connection.server.mode === 'cluster') return undefined;
  const used = new Set(sources.flatMap(({ info }) => info.keyspace().map(({ database }) => database)));
  for (const database of [...used].toSorted((a, b) => b - a)) {
    const to = rules.targetDatabase(database);
    if (to === undefined || to === null || to === 0) continue;
    const [reply] = await target.connection.callAll([
      ['SELECT', to],
      ['SELECT', 0],
    ]);
    if (!/out of range|invalid DB/i.test(String(reply))) continue;
    const why = 'The job stops at the first of its keys. The number is a line of the configuration of the server (`databases`), which takes a restart.';
    const mends = [optionMend(`--db-map ${database}=0`), optionMend(`--db-map ${database}=drop`)];
    return { severity: 'error', where: target.name, measured: `has no database ${to}, where the keys of ${database} of the source belong`, why, mends };
  }
  return undefined;
}
