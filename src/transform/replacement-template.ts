/** What a regular expression puts in the place of what it fits: text with groups, `$1`, `${1}`, `${name}`, and `$$` for a dollar. */
import type { RE2JS } from 're2js';
import { GodwitError } from '../errors/errors.ts';

const TOKEN = /\$(?:(\$)|(\d+)|\{(\w+)\})?/g;

export class ReplacementTemplate {
  /** Text, or the number of a group. */
  private readonly parts: readonly (string | number)[];

  /** @throws GodwitError CONFIG_INVALID for a group that the expression has not, or a lonely dollar */
  constructor(template: string, pattern: RE2JS) {
    const parts: (string | number)[] = [];
    const names = pattern.namedGroups();
    let at = 0;
    for (const found of template.matchAll(TOKEN)) {
      const [token, dollar, digits, word] = found;
      parts.push(template.slice(at, found.index));
      at = found.index + token.length;
      if (dollar !== undefined) parts.push('$');
      else {
        const named = digits ?? word ?? '';
        const group = /^\d+$/.test(named) ? Number(named) : (names[named] ?? -1);
        if (group < 0 || group > pattern.groupCount()) {
          throw new GodwitError('CONFIG_INVALID', `the replacement ${JSON.stringify(template)} has ${token}, which is no group of ${pattern.pattern()}`, {
            fix: 'Write $1, ${1} or ${name} for groups, and $$ for a dollar.',
          });
        }
        parts.push(group);
      }
    }
    this.parts = [...parts, template.slice(at)].filter((part) => part !== '');
  }

  /** @param groups the whole place, then its groups; what took no part is null or undefined */
  fill(groups: readonly (string | null | undefined)[]): string {
    return this.parts.map((part) => (typeof part === 'string' ? part : (groups[part] ?? ''))).join('');
  }
}
