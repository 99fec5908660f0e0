/**
 * What was given for each option, by every layer, already read into its type. The layers stay visible (not only the winner) because an
 * address at one rank must not be mixed with credentials that belong to another address (endpoint-setting.ts).
 */
import type { ConfigProblem } from './config-error.ts';
import { type Origin, originName, originRank } from './origin.ts';
import type { ShakeTranslation } from './shake/translate-shake.ts';
import { findOption, type OptionKey, type OptionValue } from './schema.ts';

export interface Given<T = unknown> {
  readonly value: T;
  readonly origin: Origin;
}

const DEFAULT: Origin = { kind: 'default' };

export class Settings {
  readonly problems: ConfigProblem[] = [];
  readonly warnings: string[] = [];
  /** Where a shake.toml, or the variables of its container image, are one of the layers. */
  shake: ShakeTranslation | undefined;
  readonly #given = new Map<OptionKey, Given[]>();

  /** Records a value that was read; two of the same rank are a problem. */
  add(key: OptionKey, given: Given): void {
    const list = this.#given.get(key) ?? [];
    const twin = list.find((other) => originRank(other.origin) === originRank(given.origin));
    if (twin) {
      const message = `${key} is given twice: ${originName(twin.origin)} and ${originName(given.origin)}`;
      this.problems.push({ code: 'CONFIG_INVALID', message, fix: 'Leave one of them out.' });
      return;
    }
    list.push(given);
    list.sort((a, b) => originRank(b.origin) - originRank(a.origin));
    this.#given.set(key, list);
  }

  /** Of all options that some layer gives. */
  keys(): OptionKey[] {
    return [...this.#given.keys()];
  }

  /** The value that wins, with its origin; undefined if no layer gives one (the default aside). */
  given<Key extends OptionKey>(key: Key): Given<OptionValue<Key>> | undefined {
    return this.#given.get(key)?.[0] as Given<OptionValue<Key>> | undefined;
  }

  /** The value that wins, or the default; undefined for an option without a default that nobody gave. */
  value<Key extends OptionKey>(key: Key): OptionValue<Key> | undefined {
    return (this.given(key)?.value ?? findOption(key)!.fallback) as OptionValue<Key> | undefined;
  }

  /** The value of an option that has a default. */
  required<Key extends OptionKey>(key: Key): OptionValue<Key> {
    const value = this.value(key);
    if (value === undefined) throw new Error(`option ${key} has no default`);
    return value;
  }

  origin(key: OptionKey): Origin {
    return this.given(key)?.origin ?? DEFAULT;
  }

  /** Notes that the value of this option is wrong where it was given. */
  reject(key: OptionKey, what: string, fix?: string): void {
    this.problems.push({ code: 'CONFIG_INVALID', message: `${originName(this.origin(key))}: ${key} ${what}`, fix });
  }
}
