/** What passes and what is made of it, as plain data: leaves of a job's configuration. The engines take the first two as they are (filter/filter-rules.ts, transform/transform-rules.ts). */
import type { RenameSetting } from './renames-type.ts';
import type { OptionValue } from './schema.ts';
import type { Settings } from './settings.ts';

type Choice = OptionValue<'filter.on_mixed'>;

interface FilterSideConfig {
  readonly keys: readonly Uint8Array[];
  readonly prefixes: readonly Uint8Array[];
  readonly suffixes: readonly Uint8Array[];
  readonly globs: readonly Uint8Array[];
  readonly regexes: readonly string[];
  readonly databases: readonly number[];
  readonly slots: readonly { readonly first: number; readonly last: number }[];
  readonly types: readonly string[];
  readonly commands: readonly string[];
  readonly groups: readonly string[];
}

export interface FilterConfig {
  readonly allow: FilterSideConfig;
  readonly block: FilterSideConfig;
  readonly valueBytesMin?: number;
  readonly valueBytesMax?: number;
  readonly ttlMinMs?: number;
  readonly ttlMaxMs?: number;
  readonly expiring: 'any' | 'only' | 'none';
  readonly policies: { readonly onMixed: Choice; readonly onUnknown: Choice; readonly onFlush: Choice; readonly onKeyless: Choice };
}

export interface TtlConfig {
  readonly persist?: boolean;
  readonly setMs?: number;
  readonly scale?: number;
  readonly addMs?: number;
  readonly jitterMs?: number;
  readonly minMs?: number;
  readonly maxMs?: number;
}

export interface RulesConfig {
  readonly filter: FilterConfig;
  readonly rename: readonly RenameSetting[];
  /** '' = as they are. */
  readonly databaseMap: string;
  readonly ttl: TtlConfig;
  readonly onUntold: Choice;
  /** Text of Lua, a file of it, or a module; null = none. */
  readonly function: { readonly kind: 'text' | 'file' | 'module'; readonly from: string } | null;
  readonly expand: 'auto' | 'on' | 'off';
}

/** Null: everything passes as it is. */
export function rulesConfig(settings: Settings): RulesConfig | null {
  const isGiven = settings.keys().some((key) => /^(?:filter|transform)\./.test(key) && !isEmpty(settings.value(key)));
  if (!isGiven) return null;
  return {
    filter: filterConfig(settings),
    rename: settings.required('transform.rename'),
    databaseMap: settings.value('transform.db_map') ?? '',
    ttl: ttlConfig(settings),
    onUntold: settings.required('transform.on_untold'),
    function: functionConfig(settings),
    expand: settings.required('transform.expand'),
  };
}

export function filterConfig(settings: Settings): FilterConfig {
  return {
    allow: sideConfig(settings, 'allow'),
    block: sideConfig(settings, 'block'),
    ...defined({
      valueBytesMin: settings.value('filter.size_min'),
      valueBytesMax: settings.value('filter.size_max'),
      ttlMinMs: settings.value('filter.ttl_min'),
      ttlMaxMs: settings.value('filter.ttl_max'),
    }),
    expiring: settings.required('filter.expiring'),
    policies: {
      onMixed: settings.required('filter.on_mixed'),
      onUnknown: settings.required('filter.on_unknown'),
      onFlush: settings.required('filter.on_flush'),
      onKeyless: settings.required('filter.on_keyless'),
    },
  };
}

/** Rules between options of transforms, which no type of a single one can know. */
export function checkRules(settings: Settings): void {
  const given = (['transform.function', 'transform.function_file', 'transform.module'] as const).filter((key) => settings.given(key));
  if (given.length > 1) settings.reject(given[1], `and ${given[0]} exclude each other`, 'Give one function: a text, a file of Lua, or a module.');
  if (given.length === 0 && settings.given('transform.expand')) {
    settings.reject('transform.expand', 'has no meaning without a function', 'Leave it out, or give --function, --function-file or --module.');
  }
}

function sideConfig(settings: Settings, side: 'allow' | 'block'): FilterSideConfig {
  const bytes = (texts: readonly string[]): Uint8Array[] => texts.map((text) => Buffer.from(text));
  return {
    keys: bytes(settings.required(`filter.${side}_keys`)),
    prefixes: bytes(settings.required(`filter.${side}_key_prefix`)),
    suffixes: bytes(settings.required(`filter.${side}_key_suffix`)),
    globs: bytes(settings.required(`filter.${side}_key_glob`)),
    regexes: settings.required(`filter.${side}_key_regex`),
    databases: settings.required(`filter.${side}_db`),
    slots: settings.required(`filter.${side}_slots`).map((text) => {
      const [first, last = first] = text.split('-').map(Number);
      return { first, last };
    }),
    types: settings.required(`filter.${side}_type`),
    commands: settings.required(`filter.${side}_command`),
    groups: settings.required(`filter.${side}_command_group`),
  };
}

function ttlConfig(settings: Settings): TtlConfig {
  return defined({
    persist: settings.required('transform.ttl_persist') || undefined,
    setMs: settings.value('transform.ttl_set'),
    scale: settings.value('transform.ttl_scale'),
    addMs: settings.value('transform.ttl_add'),
    jitterMs: settings.value('transform.ttl_jitter'),
    minMs: settings.value('transform.ttl_min'),
    maxMs: settings.value('transform.ttl_max'),
  });
}

function functionConfig(settings: Settings): RulesConfig['function'] {
  const [text, file, module] = [settings.value('transform.function'), settings.value('transform.function_file'), settings.value('transform.module')];
  if (text !== undefined) return { kind: 'text', from: text };
  if (file !== undefined) return { kind: 'file', from: file };
  return module === undefined ? null : { kind: 'module', from: module };
}

function isEmpty(value: unknown): boolean {
  return value === undefined || (Array.isArray(value) && value.length === 0);
}

/** Without the members that are not there. */
function defined<T extends object>(members: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as { [Key in keyof T]?: Exclude<T[Key], undefined> };
}
