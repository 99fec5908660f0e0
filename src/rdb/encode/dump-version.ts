/** Which RDB version a DUMP payload for a server is written in: the newest of those that are built and that the server takes. */
import { type ServerVersion, atLeast } from '../../model/server-version.ts';

/** 9: Redis 5 and 6. 10: Redis 7.0. 11: Redis 7.2, Valkey 7.2 and 8. 12: Redis 7.4 and up. 14: Redis 8.8, never asked for by a server. 80: Valkey 9 and up. */
export type DumpVersion = 9 | 10 | 11 | 12 | 14 | 80;

/** null: the server is older than Redis 5.0, whose values have to be written as commands. */
export function dumpVersionFor(server: ServerVersion): DumpVersion | null {
  if (server.product === 'valkey') return atLeast(server, 9) ? 80 : 11;
  if (atLeast(server, 7, 4)) return 12;
  if (atLeast(server, 7, 2)) return 11;
  if (atLeast(server, 7)) return 10;
  return atLeast(server, 5) ? 9 : null;
}
