/**
 * Renaming rules backwards: which keys of the source a key of the target can have come from. A rule has up to two answers for a name, the one that it renames to
 * this one and the name itself, if it leaves that alone; each is tried forwards, so that what is answered is true. Expressions and braces cannot be turned around.
 */
import { KeyRename } from './key-rename.ts';
import type { RenameRule } from './transform-rules.ts';

const ORIGINS_MAX = 64;
const TAG = /^([^{]*\{)([^}]+)(\}.*)$/s;

export class KeyOrigins {
  /** False: nothing can be said of any key. */
  readonly canTell: boolean;
  private readonly rules: readonly RenameRule[];
  private readonly forwards: KeyRename;

  constructor(rules: readonly RenameRule[]) {
    this.rules = rules;
    this.canTell = rules.every(({ kind }) => kind === 'prefix' || kind === 'suffix' || kind === 'tag');
    this.forwards = new KeyRename(rules);
  }

  /** Names at the source, each once; empty if no key gets this name. */
  of(target: Uint8Array): Uint8Array[] {
    let names: Buffer[] = [Buffer.from(target)];
    for (const rule of this.rules.toReversed()) names = names.flatMap((name) => origins(rule, name)).slice(0, ORIGINS_MAX);
    const found = new Map(names.map((name) => [name.toString('latin1'), name]));
    return [...found.values()].filter((name) => this.becomes(name, target));
  }

  private becomes(name: Uint8Array, target: Uint8Array): boolean {
    const { forwards } = this;
    forwards.rename(name, 0, name.length);
    return Buffer.compare(forwards.bytes.subarray(forwards.start, forwards.end), target) === 0;
  }
}

function origins(rule: RenameRule, name: Buffer): Buffer[] {
  if (rule.kind === 'tag') {
    const [, before = '', tag, behind = ''] = TAG.exec(name.toString('latin1')) ?? [];
    if (tag === undefined || tag !== latin1(rule.to)) return [name];
    return [name, Buffer.from(before + latin1(rule.from) + behind, 'latin1')];
  }
  if (rule.kind !== 'prefix' && rule.kind !== 'suffix') return [];
  const [from, to] = [latin1(rule.from), latin1(rule.to)];
  const text = name.toString('latin1');
  if (rule.kind === 'prefix') return text.startsWith(to) ? [name, Buffer.from(from + text.slice(to.length), 'latin1')] : [name];
  return text.endsWith(to) ? [name, Buffer.from(text.slice(0, text.length - to.length) + from, 'latin1')] : [name];
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}
