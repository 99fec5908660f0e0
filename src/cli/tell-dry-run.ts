/** Shows what a dry run has counted: text for people, one JSON document with --log-format json. */
import type { LogConfig } from '../config/sync-config.ts';
import { createLogger } from '../observe/create-logger.ts';
import type { Logger } from '../observe/log.ts';
import { Redactor } from '../observe/redaction.ts';
import type { DryRunReport } from '../pipeline/dry-run.ts';
import { dryRunText } from '../status/dry-run-text.ts';
import type { CliIo } from './process-io.ts';

const WIDTH = 120;

export interface DryRunWords {
  readonly log: LogConfig;
  readonly warnings: readonly string[];
  readonly secrets: readonly string[];
}

/** Resolves with the exit code. @throws GodwitError */
export async function tellDryRun({ log, warnings, secrets }: DryRunWords, io: CliIo, run: (log: Logger) => Promise<DryRunReport>): Promise<number> {
  const redactor = new Redactor();
  redactor.register(...secrets);
  for (const warning of warnings) io.stderr.write(`godwit: warning: ${warning}\n`);
  const report = await run(createLogger('warn', { write: (line) => void io.stderr.write(line) }, redactor));
  io.stdout.write(log.format === 'json' ? `${JSON.stringify(report, null, 2)}\n` : dryRunText(report, io.stdout.columns ?? WIDTH));
  return 0;
}
