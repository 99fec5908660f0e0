/** Whether both sides answer, and are what they were given as. */
import { versionName } from '../../../model/server-version.ts';
import { ERROR_CODES } from '../../../errors/codes.ts';
import { GodwitError } from '../../../errors/errors.ts';
import type { Mend } from '../../../observe/finding.ts';
import { checkSource } from '../../preflight.ts';
import { type Check, type DoctorScene, EVERY_KIND, fine, type Said, type SideFailure } from '../doctor-scene.ts';
import { countWords } from '../in-words.ts';
import type { NodeSurvey } from '../node-survey.ts';

export const reachability: Check = {
  id: 'reachability',
  title: 'reached',
  group: 'Ways',
  looksAt: 'every server that the job would connect to: address, TLS, user and password, its kind and role, and that source and target are not the same server',
  severities: 'error: one is not reached, refuses the user, is a sentinel or a replica where a primary is needed, or is the other side',
  mends: 'what the error in question says',
  kinds: EVERY_KIND,
  look: ({ sources, targets, failures, target, kind }) => [
    ...failures.map(refused),
    ...[...sources, ...targets].map((node) => fine(node.name, nameOf(node))),
    ...(target === null ? [] : wrongKind(target, sources, kind)),
  ],
};

function nameOf({ version, service, info, keys }: NodeSurvey): string {
  const product = version === undefined ? 'unknown version' : versionName(version);
  const role = info.text('role') === 'slave' ? ', a replica' : '';
  return `${product}${service === null ? '' : ` at ${service.name}`}${role}, ${countWords(keys, 'key')}`;
}

function refused({ side, address, error }: SideFailure): Said {
  return { severity: 'error', where: `${side} ${address}`, measured: error.message, why: whyOf(error), mends: mendsOf(error, side, address) };
}

function wrongKind(target: NonNullable<DoctorScene['target']>, sources: readonly NodeSurvey[], kind: DoctorScene['kind']): Said[] {
  const said: Said[] = [];
  const attempt = (where: string, check: () => void): void => {
    try {
      check();
    } catch (error) {
      if (!(error instanceof GodwitError)) throw error;
      said.push({ severity: 'error', where, measured: error.message, why: whyOf(error), mends: mendsOf(error, 'target', target.address) });
    }
  };
  attempt(`target ${target.address}`, () => target.check());
  if (kind === 'load') return said;
  for (const { connection, name } of sources) attempt(name, () => checkSource(connection, connection.server.mode === 'cluster', target));
  return said;
}

function whyOf({ code, fix }: GodwitError): string {
  return `${ERROR_CODES[code].summary} ${fix ?? ''}`.trim();
}

function mendsOf({ code, details }: GodwitError, side: 'source' | 'target', address: string): Mend[] {
  if (code === 'TARGET_IS_REPLICA') return [{ kind: 'server', at: `${side} ${address}`, command: 'REPLICAOF NO ONE' }];
  if (code === 'CONNECT_FAILED') {
    const [host, port] = [address.slice(0, address.lastIndexOf(':')), address.slice(address.lastIndexOf(':') + 1)];
    return [{ kind: 'shell', at: 'here', command: `redis-cli -h ${host} -p ${port} PING` }];
  }
  if (code === 'AUTH_FAILED' || code === 'AUTH_REQUIRED') return [{ kind: 'option', at: 'here', command: `--${side}-password-file <file with the password>` }];
  return typeof details?.['missing'] === 'string' ? [] : [];
}
