/** `godwit alert-test`: sends one alert and its end to each webhook of the configuration, and says what became of it. */
import type { Command } from 'commander';
import { alertsConfig } from '../../config/alerts-config.ts';
import { ConfigError } from '../../config/config-error.ts';
import { type FlagValue, gatherSettings } from '../../config/gather-settings.ts';
import { CONFIG_FILE_ENV, findOption } from '../../config/schema.ts';
import { webhookName } from '../../config/webhook-type.ts';
import { GodwitError } from '../../errors/errors.ts';
import { VERSION } from '../../job/version.ts';
import type { Notice } from '../../status/alerts/alert-engine.ts';
import { WebhookLine } from '../../status/alerts/webhook-line.ts';
import type { CommandContext } from '../command-context.ts';
import { commandOptions } from '../config-options.ts';
import type { CliIo } from '../process-io.ts';

const EXAMPLES = `
Examples:
  godwit alert-test --config godwit.toml                                     all webhooks of [alerts]
  GODWIT_ALERTS_WEBHOOKS='slack https://hooks.slack.com/...' godwit alert-test

Kinds are generic, slack, dingtalk, feishu and wecom. Exit codes: 0 all have taken it, 2 configuration, 3 one or more have not.
`;

export function registerAlertTest(program: Command, context: CommandContext): void {
  const command = program
    .command('alert-test')
    .summary('send a test alert to each webhook of the configuration')
    .description('Sends one alert and its end to each webhook of the configuration, and says what became of it.')
    .option('--config <file>', `TOML file whose [alerts] are used (${CONFIG_FILE_ENV})`);
  for (const key of ['alerts.webhooks', 'alerts.webhooks_file'] as const) for (const made of commandOptions(findOption(key)!)) command.addOption(made);
  command.addHelpText('after', EXAMPLES).action(async () => test(command, context.io));
}

/** @throws GodwitError ALERT_NOT_SENT when one or more have not taken it */
async function test(command: Command, io: CliIo): Promise<void> {
  const words = command.opts<{ config?: string; alertsWebhooks?: FlagValue; alertsWebhooksFile?: FlagValue }>();
  const flags = { 'alerts.webhooks': words.alertsWebhooks, 'alerts.webhooks_file': words.alertsWebhooksFile };
  const given = Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined));
  const settings = gatherSettings({ flags: given, configFile: words.config, env: io.env, cwd: io.cwd });
  const { webhooks } = alertsConfig(settings);
  if (webhooks.length === 0 && settings.problems.length === 0) {
    settings.problems.push({ code: 'CONFIG_MISSING', message: 'no webhook was given', fix: 'Give alerts.webhooks in the file, or GODWIT_ALERTS_WEBHOOKS.' });
  }
  if (settings.problems.length > 0) throw new ConfigError(settings.problems);
  const at = Date.now();
  const what = 'this is a test of the alerts of Godwit: nothing is wrong';
  const notices: readonly Notice[] = [
    { state: 'firing', id: 'alert-test', severity: 'warning', what, sinceAt: at, at },
    { state: 'resolved', id: 'alert-test', severity: 'warning', what, sinceAt: at, at },
  ];
  const origin = { job: 'alert-test', source: 'source', target: 'target', version: VERSION };
  const failed: string[] = [];
  for (const hook of webhooks) {
    const line = new WebhookLine({ hook, origin: () => origin, onTrouble: () => {} });
    let trouble = '';
    for (const notice of notices) trouble ||= await line.attempt(notice);
    io.stdout.write(`${webhookName(hook)}: ${trouble === '' ? 'taken' : trouble}\n`);
    if (trouble !== '') failed.push(webhookName(hook));
  }
  if (failed.length > 0)
    throw new GodwitError('ALERT_NOT_SENT', `${failed.length} of ${webhooks.length} webhooks have not taken the alert: ${failed.join(', ')}`);
}
