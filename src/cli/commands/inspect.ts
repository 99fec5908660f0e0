/**
 * `godwit inspect`: what a file or a server holds, by type, database, prefix, encoding, size and expiry, as text, JSON or a page.
 *
 * Exit codes: 0 it was read to its end, 130/143 stopped by a signal, else that of the error (errors/codes.ts).
 */
import type { Readable } from 'node:stream';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { FilterRules } from '../../filter/filter-rules.ts';
import { Inspection } from '../../pipeline/inspection.ts';
import type { InspectionReport } from '../../rdb/inspect/inspection-report.ts';
import type { Allocator } from '../../rdb/inspect/memory-model.ts';
import { silentLogger } from '../../observe/log.ts';
import { Redactor } from '../../observe/redaction.ts';
import { openLiveSource } from '../../job/live-source.ts';
import type { FileSource } from '../../source/file/file-source.ts';
import { openFileSource } from '../../source/open-file-source.ts';
import { inspectionPage } from '../../status/inspect/inspection-page.ts';
import { inspectionText } from '../../status/inspect/inspection-text.ts';
import type { CommandContext } from '../command-context.ts';
import { addFilterOptions, filterRules } from '../filter-options.ts';
import { startFileProgress } from '../file-progress.ts';
import type { CliIo, StopSignal } from '../process-io.ts';
import { isServerPlace, serverConfig } from '../server-place.ts';
import { addSourceOptions } from '../source-options.ts';
import { writeReport } from '../write-report.ts';

type InspectFormat = 'table' | 'json' | 'html';

interface InspectOptions {
  readonly format: InspectFormat;
  readonly to?: string;
  readonly top: number;
  readonly delimiters: string;
  readonly allocator: Allocator;
  readonly snapshotOnly: boolean;
}

const TEXT_WIDTH = 120;
const TEXT_WIDTH_MIN = 40;
const TOP_MAX = 1000;
const CLIENT_NAME = 'godwit-inspect';
const SIGNAL_EXIT_CODES: Readonly<Record<StopSignal, number>> = { SIGINT: 130, SIGTERM: 143 };

const EXAMPLES = `
SOURCE is a server (redis://, rediss://, host:port), or an RDB file, an AOF, its folder or manifest, jsonl, json, - for standard input, or an http(s) URL; plain, gzip or LZ4.
Of an AOF with commands behind its snapshot only the snapshot can be counted (--snapshot-only). A server makes a snapshot for it, as for a new replica.

Examples:
  godwit inspect dump.rdb                                    tables in the terminal
  godwit inspect dump.rdb --format html --to report.html     one page that needs no network
  godwit inspect backup.rdb.gz --format json | jq .types
  godwit inspect redis://10.0.0.1 --top 50                   a running server
  godwit inspect dump.rdb --prefix session: --ttl-max 1h     a part of it
Exit codes: 0 done, 2 configuration, 3 connection, 4 protocol, 5 format, 70 defect, 130/143 stopped by a signal.
`;

export function registerInspect(program: Command, context: CommandContext): void {
  const command = program
    .command('inspect')
    .summary('show what a server or file holds: keys and memory by type, prefix, size and expiry')
    .description(
      'Reads a file, or the snapshot of a server, to its end and shows what it holds, with the memory that a server needs for it (estimated; see docs/inspect.md).',
    )
    .argument('<SOURCE>', 'server or file')
    .addOption(new Option('--format <format>', 'how to show it').choices(['table', 'json', 'html']).default('table'))
    .option('--to <file>', 'write it there instead of to standard output')
    .option('--top <n>', `keys in each list of the largest, ${TOP_MAX} at most`, parseTop, 20)
    .option('--delimiters <characters>', 'what ends a prefix of a key', parseDelimiters, ':./')
    .option('--snapshot-only', 'of an AOF: count the snapshot that it begins with, and leave out the commands behind it', false)
    .addOption(
      new Option('--allocator <allocator>', 'memory classes: of the jemalloc that Redis brings along, or of that of a Linux distribution')
        .choices(['bundled', 'system'])
        .default('bundled'),
    );
  addFilterOptions(command, { policies: false });
  addSourceOptions(command)
    .addHelpText('after', EXAMPLES)
    .action(async (place: string) => context.exitWith(await runInspect(place, command, context.io)));
}

/** Resolves with the exit code. @throws GodwitError */
async function runInspect(place: string, command: Command, io: CliIo): Promise<number> {
  const options = command.opts<InspectOptions>();
  const filter = filterRules(command.opts());
  let stopped: StopSignal | undefined;
  let stop = (): void => {};
  const whenStopped = new Promise<undefined>((resolve) => (stop = () => resolve(undefined)));
  const undo = (['SIGINT', 'SIGTERM'] as const).map((signal) =>
    io.onSignal(signal, () => {
      stopped ??= signal;
      stop();
    }),
  );
  try {
    // A pipe that nobody writes to, and a server that does not answer, may never be open.
    const opened = await Promise.race([openPlace(place, command, io), whenStopped]);
    const report = opened && (await inspect(opened, { ...options, filter }, io, whenStopped).finally(opened.close));
    if (report !== undefined) await writeReport(rendered(report, options, io), options.to, io);
  } catch (error) {
    if (stopped === undefined) throw error;
  } finally {
    for (const remove of undo) remove();
  }
  if (stopped === undefined) return 0;
  io.stderr.write(`godwit: stopped by ${stopped}; nothing was written\n`);
  return SIGNAL_EXIT_CODES[stopped];
}

interface OpenedPlace {
  readonly source: FileSource;
  readonly close: () => Promise<void>;
}

async function openPlace(place: string, command: Command, io: CliIo): Promise<OpenedPlace> {
  if (!isServerPlace(place)) {
    const source = await openFileSource(place, { stdin: io.stdin as Readable });
    return { source, close: () => source.close() };
  }
  // What goes wrong is thrown, and told once.
  const live = await openLiveSource(serverConfig(place, command, io, new Redactor()), silentLogger, CLIENT_NAME);
  const close = async (): Promise<void> => {
    await live.source.close();
    await live.close();
  };
  return { source: live.source, close };
}

/** @returns undefined if it was stopped */
async function inspect(
  { source }: OpenedPlace,
  { top, delimiters, allocator, snapshotOnly, filter }: InspectOptions & { readonly filter: FilterRules },
  io: CliIo,
  whenStopped: Promise<undefined>,
): Promise<InspectionReport | undefined> {
  const progress = startFileProgress(io.stderr, source);
  const walk = new Inspection(source, { nowMs: Date.now(), top, delimiters, allocator, snapshotOnly, filter, onProgress: progress.update }).run();
  // A walk that was left behind may fail when its source is closed.
  walk.catch(() => undefined);
  return Promise.race([walk, whenStopped]).finally(progress.end);
}

function rendered(report: InspectionReport, { format, to, top }: InspectOptions, io: CliIo): string {
  if (format === 'json') return `${JSON.stringify(report, null, 2)}\n`;
  if (format === 'html') return inspectionPage(report);
  const width = to === undefined && io.stdout.isTTY === true ? Math.max(TEXT_WIDTH_MIN, io.stdout.columns ?? TEXT_WIDTH) : TEXT_WIDTH;
  return inspectionText(report, { width, prefixesMax: Math.max(1, top) });
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
