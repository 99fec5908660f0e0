/** `godwit run FILE`, and `godwit FILE.toml`: does what a configuration says, RedisShake's or Godwit's own: a sync, a scan, a load or an export. */
import { mkdirSync } from 'node:fs';
import type { Readable } from 'node:stream';
import type { Command } from 'commander';
import { type ExportRunConfig } from '../../config/export-config.ts';
import { resolveRunConfig } from '../../config/run-config.ts';
import { GodwitError } from '../../errors/errors.ts';
import type { ExportConfig } from '../../job/export-job.ts';
import { Redactor } from '../../observe/redaction.ts';
import { formatOfName } from '../../target/file/export-format.ts';
import type { CommandContext } from '../command-context.ts';
import { addRunOptions, runInput } from '../config-options.ts';
import { seeLoadThrough } from './load.ts';
import { seeScanThrough } from './scan.ts';
import { seeSyncThrough } from './sync.ts';
import { seeExportThrough } from '../see-export-through.ts';

const EXAMPLES = `
Examples:
  godwit shake.toml                         what redis-shake shake.toml does; docs/from-redisshake.md says key by key what differs
  godwit run godwit.toml                    [run] kind = "sync", "scan", "load" or "export" says what; it is guessed from what is given
  godwit shake.toml --strict                a key that is not known is a mistake
  godwit explain shake.toml                 what becomes of each key
  godwit migrate-config shake.toml --out godwit.toml
  SYNC=true SHAKE_SRC_ADDRESS=a:6379 SHAKE_DST_ADDRESS=b:6379 godwit run --from-env

Flags and GODWIT_ variables count before what the file says. A run that was stopped or killed goes on where it was when the same command line is given again.
`;

export function registerRun(program: Command, context: CommandContext): void {
  const command = program
    .command('run')
    .summary('do what a configuration says: shake.toml of RedisShake, or godwit.toml')
    .description('Does what a configuration says: a sync, a scan, a load of a file, or an export to a file. `godwit FILE.toml` is the same.');
  addRunOptions(command)
    .option('--strict', 'a key of a shake.toml that is not known is a mistake, not a warning')
    .option('--from-env', "the variables of RedisShake's container image: SYNC or SCAN, SHAKE_SRC_ADDRESS, SHAKE_DST_ADDRESS ...")
    .addHelpText('after', EXAMPLES)
    .action(async () => context.exitWith(await run(command, context)));
}

/** Resolves with the exit code. @throws GodwitError */
async function run(command: Command, context: CommandContext): Promise<number> {
  const { kind, loaded } = resolveRunConfig(runInput(command, context.io));
  switch (kind) {
    case 'sync':
      return seeSyncThrough(loaded, context);
    case 'scan':
      return seeScanThrough(loaded, context);
    case 'load':
      return seeLoadThrough(loaded, context);
    case 'export': {
      const redactor = new Redactor();
      redactor.register(...loaded.secrets);
      for (const warning of loaded.warnings) context.io.stderr.write(`godwit: warning: ${warning}\n`);
      return seeExportThrough(exportConfig(loaded, context), context.io, redactor);
    }
  }
}

/** @throws GodwitError CONFIG_MISSING, CONFIG_INVALID */
function exportConfig({ from, to, format, rdbVersion, onUnsupported, report, filter, rules, dir }: ExportRunConfig, { io }: CommandContext): ExportConfig {
  const known = format === 'auto' ? formatOfName(to) : format;
  if (known === undefined) throw new GodwitError('CONFIG_MISSING', `export.format is not given, and the name ${to} does not say it`);
  if (rdbVersion !== 11 && rdbVersion !== 12 && rdbVersion !== 80) {
    throw new GodwitError('CONFIG_INVALID', `export.rdb_version is ${rdbVersion}, allowed is 11, 12 or 80`);
  }
  if (dir !== '') mkdirSync(dir, { recursive: true });
  return {
    from:
      from.kind === 'server'
        ? from
        : {
            kind: 'file',
            place: from.place,
            options: {
              stdin: io.stdin as Readable,
              onTruncated: from.onTruncated === 'error' ? 'error' : 'stop',
              ...(from.untilMs >= 0 && { untilMs: from.untilMs }),
            },
          },
    to,
    format: known,
    rdbVersion,
    onUnsupported,
    report,
    filter,
    rules,
  };
}
