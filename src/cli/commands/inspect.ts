/**
 * `godwit inspect`: what a file holds, by type, database, prefix, encoding, size and expiry, as text, JSON or a page.
 *
 * Exit codes: 0 it was read to its end, 130/143 stopped by a signal, else that of the error (errors/codes.ts).
 */
import { randomUUID } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { GodwitError } from '../../errors/errors.ts';
import { Inspection } from '../../pipeline/inspection.ts';
import type { InspectionReport } from '../../rdb/inspect/inspection-report.ts';
import type { Allocator } from '../../rdb/inspect/memory-model.ts';
import { openFileSource } from '../../source/open-file-source.ts';
import { inspectionPage } from '../../status/inspect/inspection-page.ts';
import { inspectionText } from '../../status/inspect/inspection-text.ts';
import type { CommandContext } from '../command-context.ts';
import { startFileProgress } from '../file-progress.ts';
import type { CliIo, StopSignal } from '../process-io.ts';

type InspectFormat = 'table' | 'json' | 'html';

interface InspectOptions {
  readonly format: InspectFormat;
  readonly to?: string;
  readonly top: number;
  readonly delimiters: string;
  readonly allocator: Allocator;
}

const TEXT_WIDTH = 120;
const TEXT_WIDTH_MIN = 40;
const TOP_MAX = 1000;
const SIGNAL_EXIT_CODES: Readonly<Record<StopSignal, number>> = { SIGINT: 130, SIGTERM: 143 };
const SERVER = /^(redis|rediss|valkey|valkeys):\/\//i;

const EXAMPLES = `
FILE is an RDB file, an AOF or its folder, - for standard input, or an http(s) URL; .gz is unpacked. Commands of an AOF behind its snapshot are not counted.

Examples:
  godwit inspect dump.rdb                                    tables in the terminal
  godwit inspect dump.rdb --format html --to report.html     one page that needs no network
  godwit inspect backup.rdb.gz --format json | jq .types
  redis-cli -h 10.0.0.1 --rdb - | godwit inspect -           a running server
Exit codes: 0 done, 2 configuration, 3 connection, 5 format, 70 defect, 130/143 stopped by a signal.
`;

export function registerInspect(program: Command, context: CommandContext): void {
  program
    .command('inspect')
    .summary('show what a file holds: keys and memory by type, prefix, size and expiry')
    .description('Reads a file to its end and shows what it holds, with the memory that a server needs for it (estimated; see docs/inspect.md).')
    .argument('<file>', 'RDB file, AOF, -, or http(s) URL')
    .addOption(new Option('--format <format>', 'how to show it').choices(['table', 'json', 'html']).default('table'))
    .option('--to <file>', 'write it there instead of to standard output')
    .option('--top <n>', `keys in each list of the largest, ${TOP_MAX} at most`, parseTop, 20)
    .option('--delimiters <characters>', 'what ends a prefix of a key', parseDelimiters, ':./')
    .addOption(
      new Option('--allocator <allocator>', 'memory classes: of the jemalloc that Redis brings along, or of that of a Linux distribution')
        .choices(['bundled', 'system'])
        .default('bundled'),
    )
    .addHelpText('after', EXAMPLES)
    .action(async (file: string, options: InspectOptions) => context.exitWith(await runInspect(file, options, context.io)));
}

/** Resolves with the exit code. @throws GodwitError */
async function runInspect(file: string, options: InspectOptions, io: CliIo): Promise<number> {
  if (SERVER.test(file)) {
    throw new GodwitError('CONFIG_INVALID', 'servers are not inspected directly, only files', {
      fix: 'Let redis-cli fetch the snapshot: redis-cli -h HOST --rdb - | godwit inspect -',
    });
  }
  let stopped: StopSignal | undefined;
  const stop = new AbortController();
  const undo = (['SIGINT', 'SIGTERM'] as const).map((signal) =>
    io.onSignal(signal, () => {
      stopped ??= signal;
      stop.abort(new GodwitError('INTERNAL', `stopped by ${signal}`));
    }),
  );
  try {
    const report = await inspect(file, options, io, stop.signal);
    await write(rendered(report, options, io), options.to, io);
    return 0;
  } catch (error) {
    if (stopped === undefined || error !== stop.signal.reason) throw error;
    io.stderr.write(`godwit: stopped by ${stopped}; nothing was written\n`);
    return SIGNAL_EXIT_CODES[stopped];
  } finally {
    for (const remove of undo) remove();
  }
}

async function inspect(file: string, { top, delimiters, allocator }: InspectOptions, io: CliIo, signal: AbortSignal): Promise<InspectionReport> {
  const source = await openFileSource(file, { stdin: io.stdin as Readable });
  const progress = startFileProgress(io.stderr, source);
  try {
    return await new Inspection(source, { nowMs: Date.now(), top, delimiters, allocator, signal, onProgress: progress.update }).run();
  } finally {
    progress.end();
    await source.close();
  }
}

function rendered(report: InspectionReport, { format, to, top }: InspectOptions, io: CliIo): string {
  if (format === 'json') return `${JSON.stringify(report, null, 2)}\n`;
  if (format === 'html') return inspectionPage(report);
  const width = to === undefined && io.stdout.isTTY === true ? Math.max(TEXT_WIDTH_MIN, io.stdout.columns ?? TEXT_WIDTH) : TEXT_WIDTH;
  return inspectionText(report, { width, prefixesMax: Math.max(1, top) });
}

/** A file is there whole or not at all. @throws GodwitError FILE_UNREADABLE */
async function write(text: string, to: string | undefined, io: CliIo): Promise<void> {
  if (to === undefined || to === '-') {
    io.stdout.write(text);
    return;
  }
  const path = resolve(io.cwd, to);
  const half = `${path}.${randomUUID()}.part`;
  try {
    await writeFile(half, text);
    await rename(half, path);
  } catch (error) {
    await rm(half, { force: true });
    const { code = String(error) } = error as NodeJS.ErrnoException;
    throw new GodwitError('FILE_UNREADABLE', `${to} cannot be written (${code})`, { fix: 'Check the folder and its permissions.', cause: error });
  }
}

function parseTop(text: string): number {
  const top = Number(text);
  if (!/^\d+$/.test(text) || top > TOP_MAX) throw new InvalidArgumentError(`It is a number from 0 to ${TOP_MAX}.`);
  return top;
}

function parseDelimiters(text: string): string {
  if (!/^[\x20-\x7e]*$/.test(text)) throw new InvalidArgumentError('Give ASCII characters.');
  return text;
}
