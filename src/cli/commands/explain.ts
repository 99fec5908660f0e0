/** `godwit explain`: what `godwit sync` with the same arguments, or `godwit run` with the file, would run with, and where each value came from. */
import type { Command } from 'commander';
import { ConfigError, type ConfigProblem } from '../../config/config-error.ts';
import { explainTable, explainValues } from '../../config/explain.ts';
import { type ConfigInput, gatherSettings } from '../../config/gather-settings.ts';
import { resolveConfig } from '../../config/load.ts';
import { explainRun } from '../../config/run-config.ts';
import type { Settings } from '../../config/settings.ts';
import { explainShake, explainShakeTable } from '../../config/shake/explain-shake.ts';
import type { CommandContext } from '../command-context.ts';
import { addConfigOptions, configInput, onlyFile } from '../config-options.ts';
import type { CliIo } from '../process-io.ts';

interface ExplainWords {
  readonly json?: boolean;
  readonly strict?: boolean;
  readonly fromEnv?: boolean;
}

const WORDS_AFTER = `
With a file that ends in .toml instead of SOURCE it explains \`godwit run FILE\`: of a shake.toml first what becomes of each key, and what differs.
`;

export function registerExplain(program: Command, context: CommandContext): void {
  const command = program
    .command('explain')
    .summary('show the effective configuration, and where each value came from')
    .description('Shows the effective configuration of `godwit sync` with the same arguments, and where each value came from. Secrets are hidden.');
  addConfigOptions(command)
    .option('--json', 'as JSON: a list of {key, value, raw, from, flag, env}; with a FILE an object that has it as options')
    .option('--strict', 'a key of a shake.toml that is not known is a mistake, not a warning')
    .option('--from-env', "explain `godwit run --from-env`: the variables of RedisShake's container image")
    .addHelpText('after', WORDS_AFTER)
    .action(() => {
      const words = command.opts<ExplainWords>();
      const input = { ...configInput(command, context.io), strict: words.strict, containerVariables: words.fromEnv };
      const isFile = /\.toml$/i.test(input.sourceArgument ?? '') && input.targetArgument === undefined;
      const ofFile = isFile ? { ...input, sourceArgument: undefined, configFile: onlyFile(input.sourceArgument, input) } : input;
      const settings = gatherSettings(ofFile);
      if (isFile || settings.shake) explainFile(ofFile, settings, words, context.io);
      else explain(ofFile, settings, words.json === true, context);
    });
}

/** @throws ConfigError if anything but an address is missing or wrong: what is in force cannot be told then. */
function explain(input: ConfigInput, settings: Settings, json: boolean, { io }: CommandContext): void {
  const { effective, problems, warnings } = resolveConfig(input, settings);
  refuseWrong(problems, ['CONFIG_MISSING']);
  sayWarnings(warnings, io);
  io.stdout.write(json ? `${JSON.stringify(explainValues(effective), null, 2)}\n` : explainTable(effective));
  sayProblems(problems, io);
}

/** What cannot be done yet is told behind what is in force. @throws ConfigError as explain() */
function explainFile(input: ConfigInput, settings: Settings, { json = false }: ExplainWords, io: CliIo): void {
  const { kind, effective, problems, warnings } = explainRun(input, settings);
  refuseWrong(problems, ['CONFIG_MISSING', 'NOT_YET']);
  sayWarnings(warnings, io);
  const outcomes = settings.shake?.outcomes;
  if (json) {
    const document = { kind, shake: outcomes ? explainShake(outcomes) : null, options: explainValues(effective), problems };
    io.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
  } else {
    io.stdout.write(`Kind of job: ${kind}\n\n${outcomes ? `${explainShakeTable(outcomes)}\n` : ''}${explainTable(effective)}`);
  }
  sayProblems(problems, io);
}

function refuseWrong(problems: readonly ConfigProblem[], harmless: readonly string[]): void {
  const wrong = problems.filter(({ code }) => !harmless.includes(code));
  if (wrong.length > 0) throw new ConfigError(wrong);
}

function sayWarnings(warnings: readonly string[], io: CliIo): void {
  for (const warning of warnings) io.stderr.write(`godwit: warning: ${warning}\n`);
}

function sayProblems(problems: readonly ConfigProblem[], io: CliIo): void {
  for (const { message } of problems) io.stderr.write(`godwit: note: ${message}\n`);
}
