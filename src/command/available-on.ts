/** Does a version of a server have a command? */
import { type ServerVersion } from '../model/server-version.ts';
import { type Command, packVersion } from './command.ts';

/** By the table: a command that the product never had, or of which no version is known, is not available. */
export function availableOn(command: Command, version: ServerVersion): boolean {
  const since = version.product === 'valkey' ? command.valkeySince : command.redisSince;
  return since !== undefined && packVersion(version.major, version.minor, version.patch) >= since;
}
