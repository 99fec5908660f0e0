/**
 * `godwit export`: writes what a server or a file holds into a file of another format, or to standard output.
 */
import type { Readable } from 'node:stream';
import { type Command, Option as CommandOption } from 'commander';
import type { OnUnsupported } from '../../config/sync-config.ts';
import { GodwitError } from '../../errors/errors.ts';
import type { ExportConfig } from '../../job/export-job.ts';
import { Redactor } from '../../observe/redaction.ts';
import { EXPORT_FORMATS, type ExportFormat, formatOfName } from '../../target/file/export-format.ts';
import type { CommandContext } from '../command-context.ts';
import { addFilterOptions, filterRules } from '../filter-options.ts';
import type { CliIo } from '../process-io.ts';
import { seeExportThrough } from '../see-export-through.ts';
import { isServerPlace, serverConfig } from '../server-place.ts';
import { addSourceOptions } from '../source-options.ts';

interface ExportWords {
  readonly to?: string;
  readonly format?: string;
  readonly rdbVersion: string;
  readonly onUnsupported: string;
  readonly report?: string;
}

const EXAMPLES = `
SOURCE is a server (redis://, rediss://, host:port), or an RDB file, an AOF, its folder or manifest, jsonl, json, - for standard input, or an http(s) URL; plain, gzip or LZ4.

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
const RDB_VERSIONS = ['11', '12', '80'] as const;

export function registerExport(program: Command, context: CommandContext): void {
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
    .addOption(new CommandOption('--report <file>', 'name every key that is left out or loses something in this file, as JSON lines'));
  addFilterOptions(command, { policies: true });
  addSourceOptions(command)
    .addHelpText('after', EXAMPLES)
    .action(async (source: string) => context.exitWith(await runExport(source, command, context)));
}

/** Resolves with the exit code. @throws GodwitError */
async function runExport(place: string, command: Command, { io }: CommandContext): Promise<number> {
  const redactor = new Redactor();
  return seeExportThrough(exportConfig(place, command, io, redactor), io, redactor);
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
    filter: filterRules(command.opts()),
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
