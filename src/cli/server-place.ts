/** Where a command is to read from, as a user names it: a running server, or a file of some kind. */
import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { loadSourceConfig, type SourceConfig } from '../config/load-source-config.ts';
import type { Redactor } from '../observe/redaction.ts';
import type { CliIo } from './process-io.ts';
import { sourceInput } from './source-options.ts';

/** A URL of a server; else `host:port`, if no file is called so. */
export function isServerPlace(place: string): boolean {
  if (/^(redis|rediss|valkey|valkeys)(\+(cluster|sentinel))?:\/\//i.test(place)) return true;
  return /^(\[[^\]]+\]|[A-Za-z0-9._-]+):\d{1,5}$/.test(place) && !existsSync(place);
}

/** The server and how to reach it, with the options of addSourceOptions(). Warnings go to stderr. @throws ConfigError */
export function serverConfig(place: string, command: Command, io: CliIo, redactor: Redactor): SourceConfig {
  const config = loadSourceConfig(sourceInput(command, place, io));
  redactor.register(...config.secrets);
  for (const warning of config.warnings) io.stderr.write(`godwit: warning: ${warning}\n`);
  return config;
}
