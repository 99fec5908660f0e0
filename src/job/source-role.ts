/** Looks whether a server of a changing topology is one to read from, before the replication link goes there. */
import { GodwitError } from '../errors/errors.ts';
import { endpointName } from '../model/endpoint.ts';
import type { Connection } from '../net/connection.ts';
import type { SourceRole } from './job-source.ts';

export interface ReachedPosition {
  readonly replicationId: string;
  readonly offset: number;
}

/**
 * A primary that was demoted is not followed: what it still has may be what the failover has lost. A replica is read from while its own link is up, and not
 * before it is where we are: asked for what it does not have yet, it would send all anew.
 * @throws SOURCE_NOT_READY
 */
export async function checkSourceRole(control: Connection, role: SourceRole, reached: ReachedPosition | undefined): Promise<void> {
  if (role === 'any') return;
  const info = String(await control.call('INFO', 'replication'));
  const field = (name: string): string => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? '';
  const name = `source ${endpointName(control.endpoint)}`;
  if (field('role') === 'master') return;
  if (role === 'primary') throw new GodwitError('SOURCE_NOT_READY', `${name} is a replica now; its primary is looked for`);
  if (field('master_link_status') !== 'up') throw new GodwitError('SOURCE_NOT_READY', `${name} is a replica whose primary is away`);
  const offset = Number(field('slave_repl_offset'));
  if (reached !== undefined && reached.replicationId === field('master_replid') && offset < reached.offset) {
    throw new GodwitError('SOURCE_NOT_READY', `${name} is a replica at offset ${offset}, and ${reached.offset} was read from another one already`);
  }
}
