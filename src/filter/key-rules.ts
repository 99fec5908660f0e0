/**
 * Does a key pass by its name and slot? Looks at the bytes in place and allocates nothing, but for regular expressions.
 *
 * Answers are numbers of rules (rule-tally.ts): a rule that lets it pass or 0, negative for one that does not. First the patterns of `allow`, then those of
 * `block`, then slots.
 */
import { GodwitError } from '../errors/errors.ts';
import { SLOT_COUNT, slotOf } from '../model/slot.ts';
import type { FilterRules, SlotRange } from './filter-rules.ts';
import { PatternSet } from './pattern-set.ts';
import type { RuleTally } from './rule-tally.ts';

export class KeyRules {
  private readonly allow: PatternSet | null;
  private readonly block: PatternSet | null;
  /** Per slot: 0, or the rule that it does not pass. */
  private readonly slots: Int32Array | null;
  private readonly notAllowed: number;

  /** @throws GodwitError CONFIG_INVALID for a pattern or slot that cannot be */
  constructor({ allow = {}, block = {} }: FilterRules, tally: RuleTally) {
    const allowed = new PatternSet(allow, (words) => tally.add(`allow ${words}`, 'pass'));
    const blocked = new PatternSet(block, (words) => tally.add(`block ${words}`, 'drop'));
    this.allow = allowed.isEmpty ? null : allowed;
    this.block = blocked.isEmpty ? null : blocked;
    this.notAllowed = this.allow === null ? 0 : tally.add('no key pattern of allow', 'drop');
    this.slots = slotRules(allow.slots ?? [], block.slots ?? [], tally);
  }

  /** False: every key passes. */
  get isActive(): boolean {
    return this.allow !== null || this.block !== null || this.slots !== null;
  }

  /** @param bytes bytes[start, end) is the key. @returns the rule that lets it pass, or 0; negative: the rule that does not */
  check(bytes: Uint8Array, start: number, end: number): number {
    let rule = 0;
    if (this.allow !== null) {
      rule = this.allow.find(bytes, start, end);
      if (rule === 0) return -this.notAllowed;
    }
    if (this.block !== null) {
      const blocked = this.block.find(bytes, start, end);
      if (blocked !== 0) return -blocked;
    }
    if (this.slots === null) return rule;
    const refused = this.slots[slotOf(bytes, start, end)];
    return refused === 0 ? rule : -refused;
  }
}

function slotRules(allow: readonly SlotRange[], block: readonly SlotRange[], tally: RuleTally): Int32Array | null {
  if (allow.length === 0 && block.length === 0) return null;
  for (const range of [...allow, ...block]) checkRange(range);
  const rules = new Int32Array(SLOT_COUNT);
  if (allow.length > 0) {
    rules.fill(tally.add('no slot of allow', 'drop'));
    for (const { first, last } of allow) rules.fill(0, first, last + 1);
  }
  for (const { first, last } of block) rules.fill(tally.add(`block slots ${first}-${last}`, 'drop'), first, last + 1);
  return rules;
}

function checkRange({ first, last }: SlotRange): void {
  if (Number.isInteger(first) && Number.isInteger(last) && first >= 0 && first <= last && last < SLOT_COUNT) return;
  throw new GodwitError('CONFIG_INVALID', `the filter's slots ${first}-${last} are no range of slots`, { fix: `Slots are 0 to ${SLOT_COUNT - 1}.` });
}
