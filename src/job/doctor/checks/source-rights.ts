/** What the user at the source may not do, tried in forms that change nothing. docs/rights.md has the rights and what each is for. */
import { ERROR_CODES } from '../../../errors/codes.ts';
import { GodwitError } from '../../../errors/errors.ts';
import type { Mend } from '../../../observe/finding.ts';
import { psyncNames } from '../../../source/replica/psync-names.ts';
import { ReplyError } from '../../../resp/reply.ts';
import { checkSourceRights } from '../../check-rights.ts';
import { type Check, type DoctorScene, fine, type Said } from '../doctor-scene.ts';
import type { NodeSurvey } from '../node-survey.ts';
import { sidesWords } from '../sides-words.ts';

const PROBE = '__godwit-doctor-probe';
const SCAN_NEEDS = [
  ['SCAN', '0', 'COUNT', '1'],
  ['DUMP', PROBE],
  ['PTTL', PROBE],
  ['TYPE', PROBE],
];
const SCAN_LIKES = [
  ['PEXPIRETIME', PROBE],
  ['MEMORY', 'USAGE', PROBE],
];
const SYNC_LIKES = [['ROLE'], ['CONFIG', 'GET', 'timeout'], ['CLIENT', 'SETNAME', 'godwit-doctor']];

export const sourceRights: Check = {
  id: 'source-rights',
  title: 'rights at the source',
  group: 'Rights',
  looksAt:
    'each command that is needed, in a form that does nothing: a PSYNC with replies pending, reading a key that is not there. Of a sync PING, INFO, REPLCONF, PSYNC; of a scan ' +
    'SCAN, DUMP, PTTL, TYPE, and PSUBSCRIBE where it is to follow. And those without which less is known ([rights.md](rights.md))',
  severities: 'error: what is needed is refused or hidden; info: ROLE, CONFIG GET or CLIENT SETNAME is, and of a scan PEXPIRETIME or MEMORY USAGE',
  mends: '`ACL SETUSER` with all that is missing; `godwit scan` where PSYNC is hidden',
  kinds: ['sync', 'scan'],
  look: async (scene) => (await Promise.all(scene.sources.map((node) => (scene.kind === 'sync' ? ofSync(node, scene) : ofScan(node, scene))))).flat(),
};

async function ofSync(node: NodeSurvey, { config }: DoctorScene): Promise<Said[]> {
  try {
    await checkSourceRights(node.connection, node.endpoint, psyncNames(config.psyncCommands)(node.endpoint));
  } catch (error) {
    if (!(error instanceof GodwitError) || (error.code !== 'PERMISSION_DENIED' && error.code !== 'PSYNC_REFUSED')) throw error;
    return [
      neededRight(
        node.name,
        error,
        error.code === 'PSYNC_REFUSED' ? [{ kind: 'shell', at: 'here', command: `godwit scan ${sidesWords(config)} --notifications` }] : [],
      ),
    ];
  }
  const missing = await refusedOf(node, SYNC_LIKES);
  if (missing.length === 0) return [fine(node.name, 'all that a sync needs')];
  return [
    liked(node, missing, 'The role comes from INFO then, a PING every 10 s and 60 s for repl-timeout are assumed, the connection has no name in CLIENT LIST.'),
  ];
}

async function ofScan(node: NodeSurvey, scene: DoctorScene): Promise<Said[]> {
  const needed = await refusedOf(node, SCAN_NEEDS);
  const unheard = scene.scan.notifications === true ? await scene.tryListening(node) : '';
  if (unheard.startsWith('NOPERM')) needed.push('+psubscribe', '&__keyevent@*');
  if (needed.length > 0) {
    const why = 'A scan reads each key with these; without them nothing can be brought.';
    return [{ severity: 'error', where: node.name, measured: `refused: ${needed.join(' ')}`, why, mends: [grant(node, needed)] }];
  }
  const missing = await refusedOf(node, node.version !== undefined && node.version.major < 7 ? SCAN_LIKES.slice(1) : SCAN_LIKES);
  if (missing.length === 0) return [fine(node.name, 'all that a scan needs')];
  return [liked(node, missing, 'Expiries are then exact to a few milliseconds only, and values are asked for 32 at a time, since their sizes are not known.')];
}

function liked(node: NodeSurvey, missing: readonly string[], why: string): Said {
  return { severity: 'info', where: node.name, measured: `refused: ${missing.join(' ')}`, why, mends: [grant(node, missing)] };
}

function grant(node: NodeSurvey, missing: readonly string[]): Mend {
  return { kind: 'server', at: node.name, command: `ACL SETUSER ${node.endpoint.username ?? 'default'} ${missing.join(' ')}` };
}

/** @returns what to grant: `+role`, `+config|get` */
async function refusedOf({ connection }: NodeSurvey, commands: readonly (readonly string[])[]): Promise<string[]> {
  const replies = await connection.callAll(commands);
  return commands.flatMap((command, i) => {
    const reply = replies[i];
    if (!(reply instanceof ReplyError) || !reply.text.startsWith('NOPERM')) return [];
    if (/\bkeys?\b/.test(reply.text)) return ['~*'];
    const [name, sub] = command;
    return [`+${(['CONFIG', 'CLIENT', 'MEMORY'].includes(name) ? `${name}|${sub}` : name).toLowerCase()}`];
  });
}

/** @param otherwise what mends it where nothing is to be granted */
export function neededRight(where: string, error: GodwitError, otherwise: readonly Mend[]): Said {
  const { missing } = error.details as { missing?: string };
  const user = /the user (\S+) may not/.exec(error.message)?.[1] ?? 'default';
  const isRefused = error.code === 'PERMISSION_DENIED' && missing !== undefined;
  return {
    severity: 'error',
    where,
    measured: error.message,
    why: `${ERROR_CODES[error.code].summary} The job ends at its start. ${isRefused ? '' : (error.fix ?? '')}`.trim(),
    mends: isRefused ? [{ kind: 'server', at: where, command: `ACL SETUSER ${user} ${missing}` }] : otherwise,
  };
}
