/** What the user at the target may not do: what every job needs, what the data may bring, and what makes taking over safe and quick. */
import { GodwitError } from '../../../errors/errors.ts';
import { builtInCommands } from '../../../command/built-in-commands.ts';
import { ReplyError } from '../../../resp/reply.ts';
import { InfoFields } from '../info-fields.ts';
import { type Check, type DoctorScene, EVERY_KIND, fine, type Said } from '../doctor-scene.ts';
import type { NodeSurvey } from '../node-survey.ts';
import { neededRight } from './source-rights.ts';

/** Nobody listens there. */
const NOBODY = '0.0.0.0:1';
const FENCING = [
  ['CLIENT', 'KILL', 'ADDR', NOBODY, 'SKIPME', 'yes'],
  ['CLIENT', 'LIST', 'ID', '0'],
];
const ARGUMENTS_MAX = 8;

export const targetRights: Check = {
  id: 'target-rights',
  title: 'rights at the target',
  group: 'Rights',
  looksAt:
    'each command that is needed, as the start of a job tries it (writing ones in MULTI .. DISCARD); one of each kind that the data may bring; every writing command that the source ' +
    'has run since its start (INFO commandstats), by ACL DRYRUN where that is granted; CLIENT LIST and CLIENT KILL',
  severities: 'error: what is needed is refused or hidden; warn: what the source may send is; info: CLIENT LIST or CLIENT KILL, or CONFIG GET',
  mends: '`ACL SETUSER` with all that is missing',
  kinds: EVERY_KIND,
  look: async (scene) => {
    const { target, targets } = scene;
    if (target === null || targets.length === 0) return [];
    try {
      const missing = new Set([...(await target.checkRights()).map((name) => `+${name}`), ...(await usedAndDenied(scene))]);
      if (missing.size > 0) return targets.map((node) => ofTheData(node, [...missing]));
    } catch (error) {
      if (!(error instanceof GodwitError) || (error.code !== 'PERMISSION_DENIED' && error.code !== 'TARGET_REFUSED')) throw error;
      return targets.map(({ name }) => neededRight(name, error, []));
    }
    return (await Promise.all(targets.map(fencing))).flat();
  },
};

function ofTheData(node: NodeSurvey, missing: readonly string[]): Said {
  return {
    severity: 'warn',
    where: node.name,
    measured: `the user ${userOf(node)} may not run ${missing.map((name) => name.replace(/^\+/, '')).join(', ')}`,
    why: 'The job stops when the source sends one of these, and goes on from there once it is granted.',
    mends: [{ kind: 'server', at: node.name, command: `ACL SETUSER ${userOf(node)} ${missing.join(' ')}` }],
  };
}

async function fencing(node: NodeSurvey): Promise<Said[]> {
  const replies = await node.connection.callAll(FENCING);
  const names = ['+client|kill', '+client|list'];
  const missing = names.filter((_, i) => replies[i] instanceof ReplyError && replies[i].text.startsWith('NOPERM'));
  if (node.connection.server.configForbidden && node.service === null) missing.push('+config|get');
  if (missing.length === 0) return [fine(node.name, 'all that is needed')];
  return [
    {
      severity: 'info',
      where: node.name,
      measured: `refused: ${missing.join(' ')}`,
      why:
        'Without CLIENT LIST and KILL only the mark keeps an older owner of the job out: everything goes in transactions, which is slower (docs/rights.md). ' +
        'Without CONFIG GET limits of the target are learned by meeting them.',
      mends: [{ kind: 'server', at: node.name, command: `ACL SETUSER ${userOf(node)} ${missing.join(' ')}` }],
    },
  ];
}

const userOf = ({ endpoint }: NodeSurvey): string => endpoint.username ?? 'default';

/** By ACL DRYRUN: what the source has run. Empty where either side does not tell. @returns `+geoadd` */
async function usedAndDenied({ sources, targets, config }: DoctorScene): Promise<string[]> {
  const [node] = targets;
  const stats = await Promise.all(sources.map(async ({ connection }) => new InfoFields((await connection.callAll([['INFO', 'commandstats']]))[0])));
  const used = [...new Set(stats.flatMap((one) => [...one.commands().keys()]))].filter((name) => builtInCommands.named(name)?.writes === true);
  if (used.length === 0) return [];
  const key = `${config.checkpoint.prefix}:doctor`;
  const replies = await node.connection.callAll(used.map((name) => ['ACL', 'DRYRUN', userOf(node), ...sampleCall(name, key)]));
  // That DRYRUN itself is refused is an error; what it says of the command is none.
  return used.filter((_, i) => !(replies[i] instanceof ReplyError) && /has no permissions to run/i.test(String(replies[i]))).map((name) => `+${name}`);
}

/** As many arguments as it needs; each may stand for a key. */
function sampleCall(name: string, key: string): string[] {
  const arity = Math.min(ARGUMENTS_MAX, Math.abs(builtInCommands.named(name)?.arity ?? 1));
  const words = name.split('|');
  return [...words, ...Array.from({ length: Math.max(0, arity - words.length) }, () => key)];
}
