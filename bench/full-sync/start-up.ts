/** What a start costs before anything is synchronised: until the first connection arrives, at a port that only listens. */
import { once } from 'node:events';
import { type AddressInfo, type Server, createServer } from 'node:net';
import { makeFolder, removeFolder } from '../data/cache-folder.ts';
import { godwitSyncArgs, plainEnvironment } from '../measure/godwit-command.ts';
import { TimedProcess, runTimed } from '../measure/timed-process.ts';

export interface StartUp {
  /** `node -e 0`, from spawn to exit. */
  readonly nodeMs: readonly number[];
  /** `godwit sync`, from spawn to its first connection. */
  readonly firstConnectionMs: readonly number[];
}

export async function benchStartUp(runCount: number): Promise<StartUp> {
  const nodeMs: number[] = [];
  const firstConnectionMs: number[] = [];
  for (let i = 0; i < runCount; i++) {
    nodeMs.push((await runTimed(process.execPath, ['-e', '0'], { env: plainEnvironment() })).wallMs);
    firstConnectionMs.push(await firstConnection());
  }
  return { nodeMs, firstConnectionMs };
}

async function firstConnection(): Promise<number> {
  const listeners = [createServer(), createServer()];
  const spoolDir = makeFolder('spool');
  const [source, target] = await Promise.all(listeners.map(listen));
  const connected = Promise.race(listeners.map((listener) => once(listener, 'connection').then(() => performance.now())));
  const godwit = new TimedProcess(process.execPath, godwitSyncArgs(source, target, spoolDir), { env: plainEnvironment() });
  try {
    const early = godwit.ended.then(({ code, stderr }) => Promise.reject(new Error(`godwit ended with ${code} before it connected\n${stderr}`)));
    return (await Promise.race([connected, early])) - godwit.startedAt;
  } finally {
    godwit.killNow();
    await godwit.ended;
    for (const listener of listeners) listener.close();
    removeFolder(spoolDir);
  }
}

async function listen(listener: Server): Promise<string> {
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  return `redis://127.0.0.1:${(listener.address() as AddressInfo).port}`;
}
