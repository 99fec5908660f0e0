/**
 * `godwit verify`: compares a source with a target, key by key and both ways, and reports what differs.
 *
 * Exit codes: 0 equal, 8 there are differences, 130/143 stopped by a signal (what is known is reported), else that of the error (errors/codes.ts).
 */
import { existsSync } from 'node:fs';
import type { Readable } from 'node:stream';
import type { Command } from 'commander';
import { loadSidesConfig, type SidesConfig } from '../../config/load-sides-config.ts';
import { GodwitError } from '../../errors/errors.ts';
import type { RepairConfig } from '../../job/repair-run.ts';
import { type VerifyConfig, VerifyJob } from '../../job/verify-job.ts';
import type { SideSetting } from '../../model/side-topology.ts';
import { createLogger } from '../../observe/create-logger.ts';
import { Redactor } from '../../observe/redaction.ts';
import type { VerifyResult } from '../../pipeline/verify/verify-result.ts';
import { verifyPage } from '../../status/verify/verify-page.ts';
import { verdictLine } from '../../status/verify/verify-sections.ts';
import { verifyText } from '../../status/verify/verify-text.ts';
import type { CommandContext } from '../command-context.ts';
import { addFilterOptions, filterRules } from '../filter-options.ts';
import type { CliIo, StopSignal } from '../process-io.ts';
import { addSideOptions, addVerifyOptions, sidesInput, transformOf, type VerifyWords } from '../verify-options.ts';
import { startVerifyProgress } from '../verify-progress.ts';
import { writeReport } from '../write-report.ts';

const TEXT_WIDTH = 160;
const TEXT_WIDTH_MIN = 60;
const SIGNAL_EXIT_CODES: Readonly<Record<StopSignal, number>> = { SIGINT: 130, SIGTERM: 143 };

const EXAMPLES = `
Examples:
  godwit verify redis://10.0.0.1 redis://10.0.0.2                        all keys, while the sync goes on
  godwit verify 10.0.0.1 10.0.0.2 --sample 1% --rate 5000                a hundredth of them, slowly
  godwit verify 10.0.0.1 10.0.0.2 --quick                                types, lengths and expiries
  godwit verify 10.0.0.1 10.0.0.2 --format html --to report.html
  godwit verify 10.0.0.1 10.0.0.2 --prefix user: --rename-prefix user:=app:user: --db-map 0=3
  godwit verify dump.rdb 10.0.0.2                                        a file with a server
  godwit verify 10.0.0.1 10.0.0.2 --repair --repair-log mended.jsonl     bring what differs anew, while the sync goes on
With --config its filter, renames and database map are those that the job had; flags of these kinds ask for a part, or say otherwise.
Nothing is written to either side without --repair. They are servers, sentinels or clusters, of any versions; SOURCE can be an RDB file or an export as JSON too.
Exit codes: 0 equal, 8 differences, 2 configuration, 3 connection, 4 protocol, 70 defect, 130/143 stopped by a signal (what is known is reported).
`;

export function registerVerify(program: Command, context: CommandContext): void {
  const command = program
    .command('verify')
    .summary('compare a source with a target, key by key, and report what differs')
    .description('Compares all keys of a source with those of a target, both ways: type, value, expiry, expiry of fields, all of streams.')
    .argument('[SOURCE]', 'redis://user:password@host:port, rediss:// for TLS, redis+sentinel://, redis+cluster://, host:port, or a file')
    .argument('[TARGET]', 'the same for the target');
  addVerifyOptions(command);
  addFilterOptions(command, { policies: false });
  addSideOptions(command);
  command
    .addHelpText('after', EXAMPLES)
    .action(async (source?: string, target?: string) => context.exitWith(await runVerify(source, target, command, context.io)));
}

/** Resolves with the exit code. @throws GodwitError VERIFY_DIFFERENCES once the report is written */
async function runVerify(source: string | undefined, target: string | undefined, command: Command, io: CliIo): Promise<number> {
  const words = command.opts<VerifyWords>();
  const redactor = new Redactor();
  const config = verifyConfig(source, target, command, io, redactor);
  const job = new VerifyJob(config, createLogger('warn', { write: (line) => void io.stderr.write(line) }, redactor));
  let stopped: StopSignal | undefined;
  const undo = (['SIGINT', 'SIGTERM'] as const).map((signal) =>
    io.onSignal(signal, () => {
      stopped ??= signal;
      job.stop();
    }),
  );
  const endProgress = startVerifyProgress(io.stderr, () => job.progress);
  try {
    const result = await job.run();
    endProgress();
    await writeReport(rendered(result, words, io), words.to, io);
    if (words.repairLog !== undefined) await writeReport((result.repair?.log ?? []).map((one) => `${JSON.stringify(one)}\n`).join(''), words.repairLog, io);
    return conclude(result, stopped, words, io);
  } catch (error) {
    if (stopped === undefined) throw error;
    io.stderr.write(`godwit: stopped by ${stopped}; nothing is known yet\n`);
    return SIGNAL_EXIT_CODES[stopped];
  } finally {
    endProgress();
    for (const remove of undo) remove();
  }
}

/** @throws GodwitError CONFIG_INVALID, ConfigError */
function verifyConfig(source: string | undefined, target: string | undefined, command: Command, io: CliIo, redactor: Redactor): VerifyConfig {
  const words = command.opts<VerifyWords>();
  const file = source !== undefined && isFilePlace(source) ? source : undefined;
  const input = sidesInput(command, file === undefined ? source : undefined, target, io);
  const sides = loadSidesConfig(input, file === undefined ? ['source', 'target'] : ['target']);
  redactor.register(...sides.secrets);
  for (const warning of sides.warnings) io.stderr.write(`godwit: warning: ${warning}\n`);
  return {
    source: file === undefined ? { kind: 'server', side: sides.source as SideSetting } : fileSource(file, words, io),
    target: sides.target,
    preferReplica: sides.preferReplica,
    keepalive: sides.keepalive,
    reconnect: sides.reconnect,
    ownPrefix: sides.ownPrefix,
    filters: [sides.rules?.filter ?? {}, filterRules(command.opts())],
    transform: transformOf(words, sides.rules),
    hasFunction: (sides.rules?.function ?? null) !== null,
    onUnsupported: words.onUnsupported ?? sides.onUnsupported,
    quick: words.quick,
    sample: words.sample,
    bothWays: !words.oneWay,
    settleMs: words.settle,
    ttlToleranceMs: words.ttlTolerance,
    keysPerSecond: words.rate,
    largeBytes: words.largeAbove,
    differencesMax: words.list,
    repair: repairConfig(words, sides, file !== undefined),
  };
}

/** @throws GodwitError CONFIG_INVALID */
function repairConfig(words: VerifyWords, { job }: SidesConfig, isFile: boolean): RepairConfig | null {
  const { repair, dryRun, repairMax, repairWithoutJob } = words;
  if (!repair) return null;
  if (isFile)
    throw new GodwitError('CONFIG_INVALID', '--repair reads keys from a running source', { fix: 'Give a server as SOURCE, or load the file: godwit load.' });
  return { dryRun, keysMax: repairMax, withoutJob: repairWithoutJob, job };
}

/** What exists as a file, is a URL of the web, or standard input. */
function isFilePlace(place: string): boolean {
  return place === '-' || /^https?:\/\//i.test(place) || existsSync(place);
}

/** @throws GodwitError CONFIG_INVALID */
function fileSource(place: string, { quick }: VerifyWords, io: CliIo): VerifyConfig['source'] {
  if (quick) throw new GodwitError('CONFIG_INVALID', '--quick is for two servers; a file is read whole in any case', { fix: 'Leave it out.' });
  return { kind: 'file', place, options: { stdin: io.stdin as Readable } };
}

function rendered(result: VerifyResult, { format, to }: VerifyWords, io: CliIo): string {
  if (format === 'json') return `${JSON.stringify(result, null, 2)}\n`;
  if (format === 'html') return verifyPage(result);
  if (format === 'jsonl') {
    const { differences, repair, ...rest } = result;
    const summary = repair === undefined ? rest : { ...rest, repair: { ...repair, log: [] } };
    return [...differences.map((one) => ({ difference: one })), ...(repair?.log ?? []).map((one) => ({ repaired: one })), { summary }]
      .map((line) => `${JSON.stringify(line)}\n`)
      .join('');
  }
  const width = to === undefined && io.stdout.isTTY === true ? Math.max(TEXT_WIDTH_MIN, io.stdout.columns ?? TEXT_WIDTH) : TEXT_WIDTH;
  return verifyText(result, width);
}

function conclude(result: VerifyResult, stopped: StopSignal | undefined, { to, format }: VerifyWords, io: CliIo): number {
  if (stopped !== undefined) {
    io.stderr.write(`godwit: stopped by ${stopped}: ${verdictLine(result)}\n`);
    return SIGNAL_EXIT_CODES[stopped];
  }
  const { repair } = result;
  const differences = repair?.remaining ?? result.counts.differences;
  if (repair?.how === 'refused') io.stderr.write(`godwit: nothing was repaired: ${repair.why}\n`);
  if (differences > 0) {
    const keys = differences === 1 ? '1 key differs' : `${differences} keys differ`;
    throw new GodwitError(
      'VERIFY_DIFFERENCES',
      `${keys}${repair === undefined || repair.how === 'refused' || repair.how === 'dry-run' ? '' : ' still'} between source ${result.source} and target ${result.target}`,
    );
  }
  if (to !== undefined || format !== 'table') io.stderr.write(`godwit: ${verdictLine(result)}\n`);
  return 0;
}
