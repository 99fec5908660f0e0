/**
 * Writes the file of Godwit that says what a shake.toml says: `godwit migrate-config`. Loading it gives the same settings. Each line tells which key it
 * comes from, and what differs. A secret that came from a variable of the environment is left out: Godwit's file expands nothing, and a copy would write it
 * to the disk; the comment names the variable that Godwit reads.
 */
import { originName } from '../origin.ts';
import { findOption, type OptionKey, SECTIONS } from '../schema.ts';
import type { Settings } from '../settings.ts';
import type { NativeSetting } from './shake-key.ts';
import type { ShakeOutcome, ShakeTranslation } from './translate-shake.ts';

/** @param settings with the values that were read of the translation */
export function migratedConfig(translation: ShakeTranslation, settings: Settings, from: string): string {
  const mapped = translation.outcomes.flatMap((outcome) => outcome.settings.map((setting) => ({ setting, outcome })));
  const parts = [head(from)];
  for (const section of Object.keys(SECTIONS)) {
    const lines = mapped
      .filter(({ setting }) => findOption(setting.key)!.section === section)
      .map(({ setting, outcome }) => settingLines(setting, outcome, settings, section));
    if (section === 'run') lines.unshift([`kind = ${JSON.stringify(translation.kind)}`]);
    if (lines.length > 0) parts.push(`[${section}]\n${lines.flat().join('\n')}`);
  }
  const left = translation.outcomes.filter(({ settings: own }) => own.length === 0).map(leftLine);
  if (left.length > 0) parts.push(`# Keys that became no setting:\n${left.join('\n')}`);
  return `${parts.join('\n\n')}\n`;
}

function head(from: string): string {
  return `# Written by \`godwit migrate-config\` from ${from}.\n# \`godwit run\` with this file does what \`godwit\` with that one does.`;
}

function settingLines({ key, raw }: NativeSetting, { row, origin, variables }: ShakeOutcome, settings: Settings, section: string): string[] {
  const option = findOption(key)!;
  const name = key.slice(section.length + 1);
  const was = `${row.section}.${row.key}${origin.kind === 'shake-default' ? ', left out' : ''}`;
  const comment = `# ${was}${row.note === undefined ? '' : `: ${row.note}`}`;
  const ofVariables = variables.length === 0 ? [] : [`# was made of ${variables.map((variable) => `\${${variable}}`).join(', ')}`];
  if (option.type.kind === 'secret' && (variables.length > 0 || origin.kind === 'env')) {
    const names = origin.kind === 'env' ? [origin.name] : variables;
    return [comment, `# ${name} is not copied, since it comes from ${names.join(', ')}: set ${option.env} to it, or write password_file.`];
  }
  // What was refused is written as it came, for it to be seen and mended.
  const value = settings.given(key)?.value ?? raw;
  return [comment, ...ofVariables, `${name} = ${tomlValue(key, value)}`];
}

function leftLine({ row, value, origin, isUnused }: ShakeOutcome): string {
  const shown = row.type === 'secret' && value !== '' ? '****' : JSON.stringify(value);
  const why = isUnused ? 'another section counts before it' : (row.note ?? 'is what Godwit does without it');
  return `#   ${row.section}.${row.key} = ${shown} (${originName(origin)}): ${why}`;
}

/** A value that the file of Godwit takes back. */
function tomlValue(key: OptionKey, value: unknown): string {
  const { type } = findOption(key)!;
  if (typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return `[${value.map((item) => (typeof item === 'string' ? tomlText(item) : String(item))).join(', ')}]`;
  if (type.kind === 'integer' && typeof value === 'number' && /^-?\d+$/.test(type.show(value))) return type.show(value);
  return tomlText(type.kind === 'secret' ? String(value) : typeof value === 'string' ? value : type.show(value));
}

function tomlText(text: string): string {
  return JSON.stringify(text).replaceAll('\u007f', String.raw`\u007f`);
}
