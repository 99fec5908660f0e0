/**
 * `godwit export`: writes what a server or a file holds into a file of another format, or to standard output.
 *
 * Exit codes: 0 the file is whole and has its name, 130/143 ended by a signal, else that of the error (errors/codes.ts); no file is left then.
 */
import type { Readable } from 'node:stream';
import { type Command, Option as CommandOption } from 'commander';
import type { OnUnsupported } from '../../config/sync-config.ts';
import { GodwitError } from '../../errors/errors.ts';
import { type ExportConfig, ExportJob, type ExportResult } from '../../job/export-job.ts';
import { VALUE_KIND_NAMES, type ValueKind } from '../../model/value-kind.ts';
import { createLogger } from '../../observe/create-logger.ts';
import { Redactor } from '../../observe/redaction.ts';
import { EXPORT_FORMATS, type ExportFormat, formatOfName } from '../../target/file/export-format.ts';
import { showBytes, showCount } from '../../status/format-quantity.ts';
import type { CommandContext } from '../command-context.ts';
import { lossWords } from '../loss-words.ts';
import type { CliIo, StopSignal } from '../process-io.ts';
import { isServerPlace, serverConfig } from '../server-place.ts';
import { addSourceOptions } from '../source-options.ts';

interface ExportWords {
  readonly to?: string;
  readonly format?: string;
  readonly rdbVersion: string;
  readonly onUnsupported: string;
  readonly report?: string;
  readonly db: readonly string[];
  readonly prefix: readonly string[];
  readonly type: readonly string[];
}

const EXAMPLES = `
SOURCE is a server (redis://, rediss://, host:port), or an RDB file, an AOF, its folder or manifest, - for standard input, or an http(s) URL; plain, gzip or LZ4.

Formats:
  jsonl, json   one object per key: db, key, type, ttl (Unix ms), value      resp, aof   the commands that make the keys, for redis-cli --pipe
  csv, parquet  one row per element                                          cmd         the same as lines for redis-cli
  rdb           an RDB file: --rdb-version 11 (Redis 7.2, Valkey), 12 (Redis 7.4), 80 (Valkey 9)

Examples:
  godwit export redis://10.0.0.1 --to keys.jsonl.gz
  godwit export dump.rdb --to - --format resp | redis-cli -h 10.0.0.2 --pipe
  godwit export dump.rdb --to users.csv --prefix user: --type hash
  godwit export redis://10.0.0.1 --to backup.rdb --rdb-version 12
`;
const EXIT_CODES: Record<StopSignal, number> = { SIGINT: 130, SIGTERM: 143 };
const PROGRESS_TERMINAL_MS = 500;
const PROGRESS_LINES_MS = 10_000;
const RDB_VERSIONS = ['11', '12', '80'] as const;

export function registerExport(program: Command, context: CommandContext): void {
  const several = (value: string, before: readonly string[]): string[] => [...before, ...value.split(',')];
  const prefixes = (value: string, before: readonly string[]): string[] => [...before, value];
  const command = program
    .command('export')
    .summary('write what a server or file holds to a file: jsonl, json, csv, parquet, resp, cmd, aof, rdb')
    .description(
      'Writes what a server or a file holds to a file of another format. The file gets its name when it is whole; a name that ends in .gz is compressed.',
    )
    .argument('<SOURCE>', 'server or file')
    .addOption(new CommandOption('--to <file>', 'the file to write; - is standard output').makeOptionMandatory())
    .addOption(new CommandOption('--format <format>', `${EXPORT_FORMATS.join(', ')}; by the name of the file unless given`))
    .addOption(new CommandOption('--rdb-version <version>', 'version of an RDB file').choices(RDB_VERSIONS).default('11'))
    .addOption(
      new CommandOption('--on-unsupported <policy>', 'what the format cannot say: stop, skip the key, or degrade (write what can be written)')
        .choices(['stop', 'skip', 'degrade'])
        .default('stop'),
    )
    .addOption(new CommandOption('--report <file>', 'name every key that is left out or loses something in this file, as JSON lines'))
    .addOption(new CommandOption('--db <numbers>', 'only these databases: 0,1').argParser(several).default([], 'all'))
    .addOption(new CommandOption('--prefix <text>', 'only keys that begin so; can be given several times').argParser(prefixes).default([], 'all'))
    .addOption(new CommandOption('--type <types>', `only keys of these types: ${VALUE_KIND_NAMES.join(', ')}`).argParser(several).default([], 'all'));
  addSourceOptions(command)
    .addHelpText('after', EXAMPLES)
    .action(async (source: string) => context.exitWith(await runExport(source, command, context)));
}

/** Resolves with the exit code. @throws GodwitError */
async function runExport(place: string, command: Command, { io }: CommandContext): Promise<number> {
  const redactor = new Redactor();
  const job = new ExportJob(exportConfig(place, command, io, redactor), createLogger('warn', { write: (line) => void io.stderr.write(line) }, redactor));
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
    for (const line of closingLines(result, command.opts<ExportWords>().to ?? '')) io.stderr.write(`godwit: ${line}\n`);
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

/** @throws GodwitError CONFIG_INVALID, ConfigError */
function exportConfig(place: string, command: Command, io: CliIo, redactor: Redactor): ExportConfig {
  const words = command.opts<ExportWords>();
  const to = words.to === '-' ? io.rawStdout : words.to;
  if (to === undefined) throw new GodwitError('INTERNAL', 'standard output takes no bytes here');
  return {
    from: isServerPlace(place) ? { kind: 'server', server: serverConfig(place, command, io, redactor) } : fileSource(place, io),
    to,
    format: formatOf(words),
    rdbVersion: words.rdbVersion === '80' ? 80 : words.rdbVersion === '12' ? 12 : 11,
    onUnsupported: words.onUnsupported as OnUnsupported,
    report: words.report ?? '',
    filter: { databases: words.db.map(databaseOf), prefixes: words.prefix.map((prefix) => Buffer.from(prefix)), kinds: words.type.map(kindOf) },
  };
}

function fileSource(place: string, io: CliIo): ExportConfig['from'] {
  return { kind: 'file', place, options: { stdin: io.stdin as Readable } };
}

function formatOf({ to = '', format }: ExportWords): ExportFormat {
  const known = format === undefined ? formatOfName(to) : EXPORT_FORMATS.find((name) => name === format);
  if (known !== undefined) return known;
  const fix = `Give one of ${EXPORT_FORMATS.join(', ')}.`;
  if (format !== undefined) throw new GodwitError('CONFIG_INVALID', `--format is ${JSON.stringify(format)}, which is no format`, { fix });
  throw new GodwitError('CONFIG_MISSING', `--format is not given, and the name ${to} does not say it`, { fix });
}

function databaseOf(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new GodwitError('CONFIG_INVALID', `--db has ${JSON.stringify(text)}, which is no number of a database`, {
    fix: 'Give numbers with commas between: --db 0,1.',
  });
}

function kindOf(text: string): ValueKind {
  const kind = VALUE_KIND_NAMES.findIndex((name) => name === text);
  if (kind >= 0) return kind as ValueKind;
  throw new GodwitError('CONFIG_INVALID', `--type has ${JSON.stringify(text)}, which is no type`, { fix: `Known are ${VALUE_KIND_NAMES.join(', ')}.` });
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
  const { keys, commands, filtered, skipped, degraded, pendingLost, bytesWritten, tail } = result;
  const what = commands > 0 ? `${showCount(keys)} keys and ${showCount(commands)} commands` : `${showCount(keys)} keys`;
  const lines = [`${what} exported to ${to === '-' ? 'standard output' : to}, ${showBytes(bytesWritten)}`];
  if (filtered > 0) lines.push(`${showCount(filtered)} keys were not asked for`);
  if (skipped > 0) lines.push(`${showCount(skipped)} keys were left out: the format cannot say them`);
  if (degraded > 0) lines.push(`${showCount(degraded)} keys have lost what the format cannot say: expiry of fields, details of streams`);
  if (pendingLost > 0) lines.push(`${showCount(pendingLost)} pending entries were left out: what they point to is gone from its stream`);
  lines.push(...lossWords(result.first, skipped + degraded, result.report));
  if (tail !== null) lines.push(`${tail.name} ends within a ${tail.unit}: ${showCount(tail.bytes)} bytes from offset ${tail.offset} on were left out`);
  return lines;
}
