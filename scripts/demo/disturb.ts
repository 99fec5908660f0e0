/** What a night in production does to a sync, in a few seconds: killed connections, a target that is killed, and a quiet time. */
import type { GodwitProcess } from '../../test/support/godwit-process.ts';
import type { LiveLoad } from '../../test/support/live-load.ts';
import type { RealServer } from '../../test/support/server.ts';
import { say, sayStatus } from './say.ts';

const COMMANDS_BETWEEN = 2_000;
const ROUNDS = 3;

export interface Disturbed {
  readonly source: RealServer;
  readonly target: RealServer;
  readonly godwit: GodwitProcess;
  readonly load: LiveLoad;
}

/** The writer writes on through all of it. */
export async function disturb({ source, target, godwit, load }: Disturbed): Promise<void> {
  for (let round = 1; round <= ROUNDS; round++) {
    const atTarget = await killClients(target, 'normal');
    await load.more(COMMANDS_BETWEEN);
    const atSource = await killClients(source, 'replica');
    await load.more(COMMANDS_BETWEEN);
    say(`CLIENT KILL, round ${round}: ${atTarget} connections at the target, ${atSource} at the source`);
  }
  sayStatus('it has connected again and goes on', await godwit.status());
  await target.kill();
  say('the target is killed (SIGKILL)');
  await load.more(COMMANDS_BETWEEN);
  await target.restart();
  say('the target is back with what its append-only file has');
  await load.more(COMMANDS_BETWEEN);
}

async function killClients(server: RealServer, type: 'normal' | 'replica'): Promise<number> {
  const client = server.client();
  try {
    return Number(await client.call('CLIENT', 'KILL', 'TYPE', type, 'SKIPME', 'yes'));
  } finally {
    client.disconnect();
  }
}
