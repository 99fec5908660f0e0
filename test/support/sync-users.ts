/** Users with no more rights than the README says are needed; see its table. */
import type { RealServer } from './server.ts';

export const SOURCE_RIGHTS = '+psync +replconf +ping +info +role +client|setname +config|get';
export const TARGET_RIGHTS =
  '~* +@write +@transaction +select +ping +info +hget +hgetall +publish +pfcount +role +client|setname +client|list +client|kill +config|get';
/** Before Redis 7.0 snapshots carry the scripts that were run, and EVAL may come as it was called. */
export const SCRIPTS_BEFORE_SEVEN = '+@scripting';

/** Of both sides of a verification; what its repair needs at the target beside that. */
export const VERIFY_RIGHTS =
  '~* +ping +info +select +scan +exists +type +dump +ttl +pttl +pexpiretime +time +memory|usage +object|encoding +dbsize +@read +multi +exec +function|list +client|setname +config|get';
export const REPAIR_RIGHTS = '+restore +set +unlink';

const NAME = 'mover';
const PASSWORD = 'secret';

/**
 * Makes the user anew with these rights alone.
 * @param rights of ACL SETUSER, by spaces; where there are channels, all of them are added
 * @returns the URL with which the user logs in
 */
export async function makeSyncUser(server: RealServer, rights: string): Promise<string> {
  const client = server.client();
  try {
    const channels = server.atLeast(6, 2) ? ['&*'] : [];
    await client.call('ACL', 'SETUSER', NAME, 'reset', 'on', `>${PASSWORD}`, ...channels, ...rights.split(' '));
  } finally {
    client.disconnect();
  }
  return server.url.replace('redis://', `redis://${NAME}:${PASSWORD}@`);
}
