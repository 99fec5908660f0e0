/**
 * Runs an export with its progress, and says what it did. A signal ends it.
 *
 * Exit codes: 0 the file is whole and has its name, 130/143 ended by a signal, else that of the error (errors/codes.ts); no file is left then.
 */
import { type ExportConfig, ExportJob, type ExportResult } from '../job/export-job.ts';
import { createLogger } from '../observe/create-logger.ts';
import type { Redactor } from '../observe/redaction.ts';
import { showBytes, showCount } from '../status/format-quantity.ts';
import { lossWords } from './loss-words.ts';
import type { CliIo, StopSignal } from './process-io.ts';

const EXIT_CODES: Record<StopSignal, number> = { SIGINT: 130, SIGTERM: 143 };
const PROGRESS_TERMINAL_MS = 500;
const PROGRESS_LINES_MS = 10_000;

/** Resolves with the exit code. @throws GodwitError */
export async function seeExportThrough(config: ExportConfig, io: CliIo, redactor: Redactor): Promise<number> {
  const job = new ExportJob(config, createLogger('warn', { write: (line) => void io.stderr.write(line) }, redactor));
  let signal: StopSignal | undefined;
  const undo = (['SIGINT', 'SIGTERM'] as const).map((name) =>
    io.onSignal(name, () => {
      signal ??= name;
      job.stop();
    }),
  );
  const stopProgress = startProgress(job, io);
  try {
    const result = await job.run();
    stopProgress();
    for (const line of closingLines(result, typeof config.to === 'string' ? config.to : '-')) io.stderr.write(`godwit: ${line}\n`);
    return 0;
  } catch (error) {
    stopProgress();
    if (signal === undefined) throw error;
    io.stderr.write(`godwit: ended by ${signal}; nothing was written\n`);
    return EXIT_CODES[signal];
  } finally {
    for (const remove of undo) remove();
  }
}

/** On a terminal one line that is written over; else a line now and then. */
function startProgress(job: ExportJob, io: CliIo): () => void {
  const isTerminal = io.stderr.isTTY === true;
  let shown = false;
  const show = (): void => {
    const { keys, bytesRead, bytesTotal } = job.progress;
    const total = bytesTotal > 0 ? ` of ${showBytes(bytesTotal)}` : '';
    const text = `${showCount(keys)} keys, ${showBytes(bytesRead)}${total} read`;
    io.stderr.write(isTerminal ? `\r\u001b[K${text}` : `godwit: ${text}\n`);
    shown = true;
  };
  const timer = setInterval(show, isTerminal ? PROGRESS_TERMINAL_MS : PROGRESS_LINES_MS);
  return () => {
    clearInterval(timer);
    if (shown && isTerminal) io.stderr.write('\r\u001b[K');
    shown = false;
  };
}

function closingLines(result: ExportResult, to: string): string[] {
  const { keys, commands, filtered, filteredCommands, skipped, degraded, pendingLost, bytesWritten, tail } = result;
  const what = commands > 0 ? `${showCount(keys)} keys and ${showCount(commands)} commands` : `${showCount(keys)} keys`;
  const lines = [`${what} exported to ${to === '-' ? 'standard output' : to}, ${showBytes(bytesWritten)}`];
  if (filtered > 0) lines.push(`${showCount(filtered)} keys were not asked for`);
  if (filteredCommands > 0) lines.push(`${showCount(filteredCommands)} commands were not asked for`);
  if (skipped > 0) lines.push(`${showCount(skipped)} keys were left out: the format cannot say them`);
  if (degraded > 0) lines.push(`${showCount(degraded)} keys have lost what the format cannot say: expiry of fields, details of streams`);
  if (pendingLost > 0) lines.push(`${showCount(pendingLost)} pending entries were left out: what they point to is gone from its stream`);
  lines.push(...lossWords(result.first, skipped + degraded, result.report));
  if (tail !== null) lines.push(`${tail.name} ends within a ${tail.unit}: ${showCount(tail.bytes)} bytes from offset ${tail.offset} on were left out`);
  return lines;
}
