/** Does a type of value pass? Types of modules can be told apart in a snapshot, by the name in their value, but not by the group of a command. */
import { GodwitError } from '../errors/errors.ts';
import { VALUE_KIND_NAMES, ValueKind } from '../model/value-kind.ts';
import { isModuleName } from '../rdb/module-name.ts';
import type { FilterRules } from './filter-rules.ts';
import type { RuleTally } from './rule-tally.ts';
import { KIND_OF_GROUP } from './value-groups.ts';

export class TypeRules {
  readonly isActive: boolean;
  /** Names of modules' types are told apart. */
  readonly asksForModules: boolean;
  /** By ValueKind: 0, or minus the rule that it does not pass; for modules where no name is asked for. */
  private readonly kinds = new Int32Array(VALUE_KIND_NAMES.length);
  private readonly allowsOnly: ReadonlySet<string> | null;
  private readonly blocked = new Map<string, number>();
  private readonly notAllowed: number;

  /** @throws GodwitError CONFIG_INVALID for what is no type */
  constructor({ allow = {}, block = {} }: FilterRules, tally: RuleTally) {
    const [wanted, unwanted] = [(allow.types ?? []).map(typeName), (block.types ?? []).map(typeName)];
    this.isActive = wanted.length + unwanted.length > 0;
    this.asksForModules = [...wanted, ...unwanted].some((name) => kindNamed(name) < 0);
    this.allowsOnly = wanted.length === 0 ? null : new Set(wanted);
    this.notAllowed = wanted.length === 0 ? 0 : tally.add('no type of allow', 'drop');
    for (const name of unwanted) this.blocked.set(name, tally.add(`block type ${name}`, 'drop'));
    VALUE_KIND_NAMES.forEach((name, kind) => (this.kinds[kind] = this.ofName(name)));
    const anyModule = [...wanted].some((name) => kindNamed(name) < 0);
    if (anyModule && this.kinds[ValueKind.Module] === -this.notAllowed) this.kinds[ValueKind.Module] = 0;
  }

  /** 0, or minus the rule that the type does not pass. Of a module whose name is not known: 0 if some might pass. */
  ofKind(kind: ValueKind): number {
    return this.kinds[kind];
  }

  /** As ofKind(), of a module's type by name. */
  ofModule(name: string): number {
    const byName = this.blocked.get(name) ?? this.blocked.get('module');
    if (byName !== undefined) return -byName;
    return this.allowsOnly === null || this.allowsOnly.has(name) || this.allowsOnly.has('module') ? 0 : -this.notAllowed;
  }

  /** As ofKind(), of what the commands of a group work on; 0 for those that work on any type. */
  ofGroup(group: string): number {
    const kind = KIND_OF_GROUP[group];
    return kind === undefined ? 0 : this.kinds[kind];
  }

  private ofName(name: string): number {
    const blocked = this.blocked.get(name);
    if (blocked !== undefined) return -blocked;
    return this.allowsOnly === null || this.allowsOnly.has(name) ? 0 : -this.notAllowed;
  }
}

function kindNamed(name: string): number {
  return VALUE_KIND_NAMES.findIndex((known) => known === name);
}

/** Types are lower case; the names of modules are as the module writes them. */
function typeName(word: string): string {
  const lower = word.toLowerCase();
  if (kindNamed(lower) >= 0) return lower;
  if (isModuleName(word)) return word;
  throw new GodwitError('CONFIG_INVALID', `the filter has ${JSON.stringify(word)}, which is no type`, {
    fix: `Known are ${VALUE_KIND_NAMES.join(', ')}, and the names of modules' types, which have nine characters.`,
  });
}
