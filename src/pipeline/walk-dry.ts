/** Takes a file, or the snapshot of a server, through a dry run to its end. Nothing is sent. */
import type { EndStep, FileSource } from '../source/file/file-source.ts';
import type { DryRun } from './dry-run.ts';
import { headOf } from './wants-large.ts';

/**
 * The source stays the caller's to close.
 * @param onStep called between batches. @returns how the source ended. @throws GodwitError of the source
 */
export async function walkDry(source: FileSource, run: DryRun, onStep: () => void = () => {}): Promise<EndStep> {
  for (;;) {
    const step = await source.next();
    if (step.kind === 'end') return step;
    if (step.kind === 'rows') run.take(step.batch, source);
    else {
      const { entry, value, cursor } = step;
      const passed = run.takeLarge(entry, entry.valueEnd - entry.valueStart, run.moduleNameMatters(entry.type) ? await headOf(value()) : undefined);
      if (passed !== null) await run.dryFunction?.large(passed, source, cursor, Date.now());
    }
    onStep();
  }
}
