/**
 * How another process asks a running job to bring keys anew: files in the folder `mend` of the job's spool.
 *
 *   <id>.ask      JSON: the keys. Written under another name and renamed, so that it is there whole or not at all
 *   <id>.answer   JSON: what became of each, in the same order. Whoever asked removes it
 *
 * Who may write there may have the job copy keys from its source to its target, and nothing else.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { KeyToMend, MendOutcome } from '../../pipeline/mending/key-to-mend.ts';

export interface MendAsk {
  readonly id: string;
  readonly keys: readonly KeyToMend[];
}

const ASK = /^([0-9a-f-]{36})\.ask$/;
const LOOK_EVERY_MS = 50;

export class MendFolder {
  private readonly dir: string;

  /** @param jobDir the folder of the job in the spool */
  constructor(jobDir: string) {
    this.dir = join(jobDir, 'mend');
  }

  /** @returns undefined: nobody answered in time, and nobody will. @throws Error where the folder cannot be written */
  async ask(keys: readonly KeyToMend[], timeoutMs: number): Promise<readonly MendOutcome[] | undefined> {
    const id = randomUUID();
    await mkdir(this.dir, { recursive: true, mode: 0o700 });
    await this.write(`${id}.ask`, { keys: keys.map(({ database, key }) => [database, Buffer.from(key).toString('base64')]) });
    const answer = join(this.dir, `${id}.answer`);
    const outcomes = await this.waitFor(answer, timeoutMs);
    if (outcomes !== undefined) return outcomes;
    // Once it is taken an answer comes, unless the job ends.
    const isTakenBack = await rm(join(this.dir, `${id}.ask`)).then(
      () => true,
      () => false,
    );
    return isTakenBack ? undefined : ((await this.waitFor(answer, timeoutMs)) ?? keys.map(() => 'failed'));
  }

  /** All that is asked for by now; it is taken with that. Nothing where there is no folder. */
  async take(): Promise<MendAsk[]> {
    const names = await readdir(this.dir).catch(() => []);
    const asks: MendAsk[] = [];
    for (const name of names) {
      const id = ASK.exec(name)?.[1];
      if (id === undefined) continue;
      const file = join(this.dir, name);
      try {
        const { keys } = JSON.parse(await readFile(file, 'utf8')) as { keys: [number, string][] };
        await rm(file);
        asks.push({ id, keys: keys.map(([database, key]) => ({ database: Number(database), key: Buffer.from(key, 'base64') })) });
      } catch {
        // Taken back meanwhile, or nothing that is an ask.
        await rm(file, { force: true });
      }
    }
    return asks;
  }

  async answer(id: string, outcomes: readonly MendOutcome[]): Promise<void> {
    await this.write(`${id}.answer`, { outcomes });
  }

  private async waitFor(answer: string, timeoutMs: number): Promise<readonly MendOutcome[] | undefined> {
    const untilMs = performance.now() + timeoutMs;
    while (performance.now() < untilMs) {
      const text = await readFile(answer, 'utf8').catch(() => undefined);
      if (text !== undefined) {
        await rm(answer, { force: true });
        return (JSON.parse(text) as { outcomes: MendOutcome[] }).outcomes;
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
    return undefined;
  }

  private async write(name: string, content: unknown): Promise<void> {
    const file = join(this.dir, name);
    await writeFile(`${file}.part`, JSON.stringify(content), { mode: 0o600 });
    await rename(`${file}.part`, file);
  }
}
