/**
 * `godwit doctor`: looks at both sides before a job, and tells what would go wrong, why, and the command that mends it.
 *
 * Exit codes: 0 nothing to mend, 1 warnings, 9 errors; 2 the configuration cannot be read.
 */
import { existsSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { resolveDoctorConfig } from '../../config/doctor-config.ts';
import { parseDuration } from '../../config/quantity.ts';
import type { ConfigInput } from '../../config/gather-settings.ts';
import { Doctor } from '../../job/doctor/doctor.ts';
import { createLogger } from '../../observe/create-logger.ts';
import type { Severity } from '../../observe/finding.ts';
import { Redactor } from '../../observe/redaction.ts';
import { doctorText } from '../../status/doctor/doctor-text.ts';
import type { CommandContext } from '../command-context.ts';
import { addDoctorOptions, doctorInput, onlyFile } from '../config-options.ts';

const WATCH_MS = 1_000;
const WATCH_MIN_MS = 100;
const WATCH_MAX_MS = 3_600_000;
const WIDTH = 160;
const WIDTH_MIN = 60;
const EXIT_CODES: Readonly<Record<Severity, number>> = { ok: 0, info: 0, warn: 1, error: 9 };

interface DoctorWords {
  readonly json?: boolean;
  readonly scan?: boolean;
  readonly watch: number;
}

const EXAMPLES = `
Examples:
  godwit doctor redis://10.0.0.1 redis://10.0.0.2            before godwit sync with the same words
  godwit doctor 10.0.0.1 10.0.0.2 --scan --notifications     before godwit scan
  godwit doctor dump.rdb 10.0.0.2                            before godwit load
  godwit doctor --config godwit.toml
  godwit doctor shake.toml                                   before godwit run shake.toml
  godwit doctor 10.0.0.1 10.0.0.2 --json
Nothing is written to either side; it takes about two seconds. docs/doctor.md has every check.
Exit codes: 0 nothing to mend, 1 warnings, 9 errors, 2 the configuration is wrong, 70 defect.
`;

export function registerDoctor(program: Command, context: CommandContext): void {
  const command = program
    .command('doctor')
    .summary('look at both sides before a job: what would go wrong, why, and what mends it')
    .description(
      'Looks at both sides before a job, measures what matters for it, and tells for each finding what it is, why it matters and the command that mends it.',
    )
    .argument('[SOURCE]', 'as for sync, scan or load: an address, a file, or a .toml that describes the job')
    .argument('[TARGET]', 'the address of the target');
  addDoctorOptions(command);
  for (const option of ownOptions()) command.addOption(option.helpGroup('Doctor:'));
  command
    .addHelpText('after', EXAMPLES)
    .action(async (source?: string, target?: string) => context.exitWith(await seeDoctor(source, target, command, context)));
}

function ownOptions(): Option[] {
  return [
    new Option('--json', 'the report as one JSON document'),
    new Option('--watch <duration>', 'how long the servers are watched, to see how much is written').argParser(durationOf).default(WATCH_MS, '1s'),
    new Option('--scan', 'the job is to be a godwit scan'),
  ];
}

/** Resolves with the exit code. @throws GodwitError of the configuration */
async function seeDoctor(source: string | undefined, target: string | undefined, command: Command, { io }: CommandContext): Promise<number> {
  const words = command.opts<DoctorWords>();
  const { kind, config, load, scan, warnings, secrets } = resolveDoctorConfig(placed(doctorInput(command, io), source, target), words.scan === true);
  const redactor = new Redactor();
  redactor.register(...secrets);
  for (const warning of warnings) io.stderr.write(`godwit: warning: ${warning}\n`);
  const log = createLogger('error', { write: (line) => void io.stderr.write(line) }, redactor);
  const report = await new Doctor({ kind, config, load, scan, stdin: io.stdin as Readable, watchMs: words.watch }, log).run();
  const width = io.stdout.isTTY === true ? Math.max(WIDTH_MIN, io.stdout.columns ?? WIDTH) : WIDTH;
  io.stdout.write(redactor.text(words.json === true ? `${JSON.stringify(report, null, 2)}\n` : doctorText(report, width)));
  return EXIT_CODES[report.severity];
}

function durationOf(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined || ms < WATCH_MIN_MS || ms > WATCH_MAX_MS) throw new InvalidArgumentError('Give a duration from 100ms to 1h.');
  return ms;
}

/** SOURCE alone that ends in .toml is a configuration; one that exists as a file, or `-` or a URL of the web, is what a load reads. */
function placed(input: ConfigInput, source: string | undefined, target: string | undefined): ConfigInput {
  if (source === undefined) return input;
  if (/\.toml$/i.test(source) && target === undefined) return { ...input, configFile: onlyFile(source, input) };
  const isFile = source === '-' || /^https?:\/\//i.test(source) || existsSync(source);
  return isFile ? { ...input, fileArgument: source, targetArgument: target } : { ...input, sourceArgument: source, targetArgument: target };
}
