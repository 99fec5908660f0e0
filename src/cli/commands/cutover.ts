/** `godwit cutover`: takes a sync over from whoever runs it, goes on with it, and has the clients switched to the target without a write lost. */
import type { Command } from 'commander';
import { type LoadedConfig, loadConfig } from '../../config/load.ts';
import type { SyncConfig } from '../../config/sync-config.ts';
import { reverseConfig } from '../../job/cutover/reverse-config.ts';
import { SwitchingJob } from '../../job/cutover/switching-job.ts';
import type { CommandContext } from '../command-context.ts';
import { addConfigOptions, configInput } from '../config-options.ts';
import { addCutoverOptions, cutoverSettings, type CutoverWords } from '../cutover-options.ts';
import { seeJobThrough } from '../see-job-through.ts';
import { switchByCommand, switchByWord } from '../switch-clients.ts';

const EXAMPLES = `
Examples:
  godwit cutover 10.0.0.1 10.0.0.2 --dry-run                            would it go, and how long would writes be stopped; changes nothing
  godwit cutover 10.0.0.1 10.0.0.2                                      stops writes, proves that the target has all, waits for your word
  godwit cutover 10.0.0.1 10.0.0.2 --switch-command ./point-dns.sh      your command switches the clients
  godwit cutover 10.0.0.1 10.0.0.2 --reverse --switch-command ./to-new.sh         with a sync back, so that
  godwit cutover 10.0.0.1 10.0.0.2 --back --switch-command ./to-old.sh            going back loses nothing
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
  addConfigOptions(command);
  addCutoverOptions(command);
  command.addHelpText('after', EXAMPLES).action(async () => context.exitWith(await runCutover(command, context)));
}

/** Resolves with the exit code. @throws GodwitError */
function runCutover(command: Command, context: CommandContext): Promise<number> {
  const { io } = context;
  const words = command.opts<CutoverWords>();
  const loaded = forCutover(loadConfig(configInput(command, io)), io.stdout.isTTY === true);
  const settings = cutoverSettings(words, loaded.config.sync.dryRun);
  const switchClients = words.switchCommand === undefined ? switchByWord(io) : switchByCommand(words.switchCommand, io);
  const there = loaded.config;
  const back = reverseConfig(there);
  const wish = { settings, switchClients, endsWhenRefused: words.onRefusal === 'stop', wayBack: words.back ? there : back };
  return seeJobThrough({ ...loaded, config: words.back ? back : there }, (config, dependencies) => new SwitchingJob(config, dependencies, wish), context);
}

/** Steps are lines, and a question may stand among them: there is no live view. */
function forCutover(loaded: LoadedConfig, isTerminal: boolean): LoadedConfig {
  const { log } = loaded.config;
  const config: SyncConfig = { ...loaded.config, log: { ...log, format: log.format === 'auto' && isTerminal ? 'pretty' : log.format } };
  return { ...loaded, config };
}
