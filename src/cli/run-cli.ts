/**
 * The command line as a function: arguments in, exit code out. A new command is a file in commands/ with a register function, and a line in
 * COMMANDS.
 */
import { Command } from 'commander';
import type { CommandContext, JobFactory } from './command-context.ts';
import { registerCutover } from './commands/cutover.ts';
import { registerAlertTest } from './commands/alert-test.ts';
import { registerCtl } from './commands/ctl.ts';
import { registerDoctor } from './commands/doctor.ts';
import { registerExplain } from './commands/explain.ts';
import { registerLoad } from './commands/load.ts';
import { registerExport } from './commands/export.ts';
import { registerInspect } from './commands/inspect.ts';
import { registerMigrateConfig } from './commands/migrate-config.ts';
import { registerRun } from './commands/run.ts';
import { registerScan } from './commands/scan.ts';
import { registerSync } from './commands/sync.ts';
import { registerTop } from './commands/top.ts';
import { registerVerify } from './commands/verify.ts';
import { VERSION } from '../job/version.ts';
import type { CliIo } from './process-io.ts';
import { reportError } from './report-error.ts';

const COMMANDS: readonly ((program: Command, context: CommandContext) => void)[] = [
  registerSync,
  registerScan,
  registerLoad,
  registerExport,
  registerInspect,
  registerVerify,
  registerCutover,
  registerTop,
  registerCtl,
  registerAlertTest,
  registerDoctor,
  registerRun,
  registerExplain,
  registerMigrateConfig,
];
const HELP_WIDTH_MAX = 140;

const WORDS_AFTER = `
Start with \`godwit sync --help\`. Every option is a flag, a key of the TOML file, and an environment variable; \`godwit explain\` lists them.
`;

/** Never rejects: everything thrown becomes a line on stderr and an exit code. */
export async function runCli(io: CliIo, createJob: JobFactory): Promise<number> {
  let exitCode = 0;
  const context: CommandContext = { io, createJob, exitWith: (code) => void (exitCode = code) };
  try {
    if (io.args.length === 0) {
      makeProgram(context).outputHelp({ error: true });
      return 2;
    }
    await makeProgram(context).parseAsync(withCommand(io.args), { from: 'user' });
    return exitCode;
  } catch (error) {
    return reportError(error, io);
  }
}

/** `godwit shake.toml` is `godwit run shake.toml`, as `redis-shake shake.toml` is. */
function withCommand(args: readonly string[]): string[] {
  return /\.toml$/i.test(args[0]) ? ['run', ...args] : [...args];
}

function makeProgram(context: CommandContext): Command {
  const { io } = context;
  const width = (): number => Math.min(io.stdout.columns ?? HELP_WIDTH_MAX, HELP_WIDTH_MAX);
  const program = new Command('godwit')
    .description('Live synchronisation and migration for Redis and Valkey.')
    .version(VERSION, '-V, --version')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
      // reportError() writes it, in Godwit's own form.
      outputError: () => {},
      getOutHelpWidth: width,
      getErrHelpWidth: width,
    })
    .addHelpText('after', WORDS_AFTER);
  for (const register of COMMANDS) register(program, context);
  return program;
}
