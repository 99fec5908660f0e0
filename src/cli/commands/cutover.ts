/** `godwit cutover`: takes a sync over from whoever runs it, goes on with it, and has the clients switched to the target without a write lost. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { fileErrorText } from '../../config/file-error-text.ts';
import { type LoadedConfig, loadConfig } from '../../config/load.ts';
import type { SyncConfig } from '../../config/sync-config.ts';
import { GodwitError } from '../../errors/errors.ts';
import { reverseConfig } from '../../job/cutover/reverse-config.ts';
import { SwitchingJob } from '../../job/cutover/switching-job.ts';
import type { CommandContext } from '../command-context.ts';
import { addConfigOptions, configInput } from '../config-options.ts';
import { addCutoverOptions, cutoverSettings, type CutoverWords } from '../cutover-options.ts';
import type { CliIo } from '../process-io.ts';
import { seeJobThrough } from '../see-job-through.ts';
import { steerCutover } from '../steer-cutover.ts';
import { switchByCommand, switchByWord } from '../switch-clients.ts';

const EXAMPLES = `
Examples:
  godwit cutover 10.0.0.1 10.0.0.2 --dry-run                            would it go, and how long would writes be stopped; changes nothing
  godwit cutover 10.0.0.1 10.0.0.2                                      stops writes, proves that the target has all, waits for your word
  godwit cutover 10.0.0.1 10.0.0.2 --switch-command ./point-dns.sh      your command switches the clients
  godwit cutover 10.0.0.1 10.0.0.2 --reverse --switch-command ./to-new.sh         with a sync back, so that
  godwit cutover 10.0.0.1 10.0.0.2 --back --switch-command ./to-old.sh            going back loses nothing
  godwit cutover http://10.0.0.9:8080 --status-token-file token         the same, of the job that runs there
  godwit cutover 10.0.0.1 10.0.0.2 --wait-for-quiet                     where CLIENT PAUSE is not allowed: you stop the application

Give the command line of the running sync, with cutover for sync: this process takes the job over, and the one that ran it ends (FENCED).
Until the switch everything is undone by itself when it does not work out: writes go on at the source, and so does the sync (--on-refusal).
Exit codes: 0 cut over, 9 refused or undone, 130/143 stopped by a signal, else as those of a sync. docs/cutover.md goes through it step by step.
`;

export function registerCutover(program: Command, context: CommandContext): void {
  const command = program
    .command('cutover')
    .summary('switch the clients of a sync from the source to the target, without a write lost')
    .description('Checks a running sync, stops writes at the source for a moment, proves that the target has everything, and has the clients switched.');
  addCutoverOptions(command);
  addConfigOptions(command);
  command.addHelpText('after', EXAMPLES).action(async () => context.exitWith(await runCutover(command, context)));
}

/** Resolves with the exit code. @throws GodwitError */
function runCutover(command: Command, context: CommandContext): Promise<number> {
  const { io } = context;
  const words = command.opts<CutoverWords>();
  const [first = ''] = command.args;
  if (/^https?:\/\//i.test(first)) return steer(first, command, io);
  const loaded = forCutover(loadConfig(configInput(command, io)), io.stdout.isTTY === true);
  const settings = cutoverSettings(words, loaded.config.sync.dryRun);
  const switchClients = words.switchCommand === undefined ? switchByWord(io) : switchByCommand(words.switchCommand, io);
  const there = loaded.config;
  const back = reverseConfig(there);
  const wish = { settings, switchClients, endsWhenRefused: words.onRefusal === 'stop', wayBack: words.back ? there : back };
  return seeJobThrough({ ...loaded, config: words.back ? back : there }, (config, dependencies) => new SwitchingJob(config, dependencies, wish), context);
}

/** @throws GodwitError CONFIG_INVALID, and as steerCutover() */
function steer(url: string, command: Command, io: CliIo): Promise<number> {
  const words = command.opts<CutoverWords & { readonly statusToken?: string; readonly statusTokenFile?: string; readonly dryRun?: boolean }>();
  if (words.back)
    throw new GodwitError('CONFIG_INVALID', '--back is for a command line with both sides', {
      fix: 'The job at the status server goes back by itself: it is the sync back.',
    });
  const file = words.statusTokenFile ?? io.env['GODWIT_STATUS_TOKEN_FILE'];
  const token = words.statusToken ?? (file === undefined ? io.env['GODWIT_STATUS_TOKEN'] : tokenIn(path.resolve(io.cwd, file)));
  if (token === undefined || token === '') {
    throw new GodwitError('CONFIG_MISSING', `the token of the job at ${url} is not given`, {
      fix: 'Give --status-token-file (its log names the file), or GODWIT_STATUS_TOKEN.',
    });
  }
  const settings = cutoverSettings(words, words.dryRun === true);
  const switchClients = words.switchCommand === undefined ? switchByWord(io) : switchByCommand(words.switchCommand, io);
  return steerCutover({ url, token, settings, switchClients, io });
}

/** @throws GodwitError CONFIG_INVALID */
function tokenIn(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (cause) {
    throw new GodwitError('CONFIG_INVALID', `the token file ${file} cannot be read: ${fileErrorText(cause)}`);
  }
}

/** Steps are lines, and a question may stand among them: there is no live view. */
function forCutover(loaded: LoadedConfig, isTerminal: boolean): LoadedConfig {
  const { log } = loaded.config;
  const config: SyncConfig = { ...loaded.config, log: { ...log, format: log.format === 'auto' && isTerminal ? 'pretty' : log.format } };
  return { ...loaded, config };
}
