/** A shake.toml, or the variables of RedisShake's container image, as a layer of the settings. */
import { existsSync } from 'node:fs';
import { parseConfigText } from '../read-config-file.ts';
import { readSetting } from '../read-setting.ts';
import { type Origin, originName } from '../origin.ts';
import { findOption } from '../schema.ts';
import type { Settings } from '../settings.ts';
import { TomlLines } from '../toml-lines.ts';
import { readContainerVariables } from './container-variables.ts';
import { readShakeDocument, type ShakeDocument } from './shake-document.ts';
import { substituteVariables } from './substitute-variables.ts';
import { translateShake } from './translate-shake.ts';

interface ShakeInput {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly strict?: boolean;
}

/** @param file its path as it was given. @throws ConfigError if it is no TOML */
export function readShakeFile(settings: Settings, written: string, file: string, input: ShakeInput): void {
  const { text, replaced, missing, bare, unfit } = substituteVariables(written, input.env);
  const at = (line: number): Origin => ({ kind: 'file', path: file, line });
  for (const { name, line } of missing) settings.warnings.push(`${originName(at(line))}: the variable ${name} is not set; \${${name}} stays as it is written`);
  for (const { name, line } of bare)
    settings.warnings.push(`${originName(at(line))}: $${name} is no variable here and stays as it is; \${${name}} would be one`);
  for (const { name, line, why } of unfit) {
    settings.problems.push({ code: 'CONFIG_INVALID', message: `${originName(at(line))}: the value of the variable ${name} cannot stand here: ${why}` });
  }
  const parsed = parseConfigText(text, file);
  const lines = new TomlLines(text);
  const document = readShakeDocument(parsed, (path) => at(lines.lineOf(path) ?? lines.lineOf(path.slice(0, path.lastIndexOf('.'))) ?? 1));
  for (const [line, names] of replaced) document.variables.set(originName(at(line)), names);
  apply(settings, document, input);
}

export function readShakeVariables(settings: Settings, input: ShakeInput): void {
  apply(settings, readContainerVariables(input.env), input);
}

function apply(settings: Settings, document: ShakeDocument, { cwd, env, strict = false }: ShakeInput): void {
  const translation = translateShake(document, { cwd, exists: existsSync, strict });
  settings.shake = translation;
  settings.warnings.push(...translation.warnings);
  settings.problems.push(...translation.problems);
  for (const { key, raw, origin } of translation.settings) readSetting(settings, findOption(key)!, raw, origin, { dir: cwd, home: env.HOME });
}
