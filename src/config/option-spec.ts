/** One row of the table of options (schema.ts and options/): what an option takes, its default, and its words. */
import type { OptionType } from './option-type.ts';

export interface OptionSpec<T> {
  readonly type: OptionType<T>;
  /** Undefined: not given unless the user gives it. */
  readonly fallback?: T;
  /** What the documents and the help say of a default that is worked out. */
  readonly fallbackText?: string;
  readonly help: string;
  /** Where flag or variable do not follow from the key. */
  readonly flag?: string;
  readonly env?: string;
}

export const option = <T>(type: OptionType<T>, fallback: T, help: string): OptionSpec<T> => ({ type, fallback, help });
/** Without a default, or with one that is worked out. */
export const optional = <T>(type: OptionType<T>, fallbackText: string, help: string): OptionSpec<T> => ({ type, fallbackText, help });
