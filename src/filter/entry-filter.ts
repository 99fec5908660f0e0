/**
 * The rules on values of a snapshot. A value is judged by the columns of its row alone: what it holds is never decoded, so that a value that does not pass
 * need not be readable. Database, type, command and group are one look into a table each; then size, time to live, key and slot.
 *
 * Function libraries and scripts answer as FUNCTION LOAD and SCRIPT LOAD: by command and group, and as what has no key.
 */
import { GodwitError } from '../errors/errors.ts';
import { type Batch, EntryKind } from '../model/batch.ts';
import { ValueKind } from '../model/value-kind.ts';
import { kindOfType } from '../rdb/kind-of-type.ts';
import { type LargeEntryHead, NOTHING_TO_APPLY } from '../rdb/large-entry.ts';
import { moduleName } from '../rdb/module-name.ts';
import type { CompiledRules } from './compiled-rules.ts';

const NO_BYTES = new Uint8Array(0);
const SCRIPTING = 'scripting';

export class EntryFilter {
  private readonly rules: CompiledRules;
  /** By RDB type: 0, or minus the rule on types, commands or groups that it does not pass. */
  private readonly types = new Int32Array(256);
  private readonly library: number;
  private readonly script: number;

  constructor(rules: CompiledRules) {
    this.rules = rules;
    for (let type = 0; type < 256; type++) this.types[type] = rules.types.ofKind(kindOfType(type)) || rules.commands.ofKind(kindOfType(type));
    this.library = rules.commands.ofCommand({ name: 'function|load', group: SCRIPTING });
    this.script = rules.commands.ofCommand({ name: 'script|load', group: SCRIPTING });
  }

  /** Takes out the rows of values, libraries and scripts that do not pass; commands stay. @param nowMs what times to live count from, Unix ms */
  apply(batch: Batch, nowMs: number): void {
    if (this.rules.isActive) batch.keepRows((row) => batch.kind[row] === EntryKind.Command || this.wants(batch, row, nowMs));
  }

  /** Of one row that is no command. Counts it. @throws GodwitError COMMAND_UNDECIDED for a library, where the rules say stop */
  wants(batch: Batch, row: number, nowMs: number): boolean {
    const { bytes, start, end } = batch;
    const kind = batch.kind[row];
    if (kind !== EntryKind.RdbValue) return this.wantsCode(kind);
    const type = batch.type[row];
    let rule = this.refusal(type, batch.database[row], batch.expiryMs[row], end[row] - start[row], nowMs);
    if (rule === 0 && this.rules.types.asksForModules) rule = this.ofModule(type, bytes, start[row], end[row]);
    return this.decided(rule, bytes, batch.keyStart[row], batch.keyEnd[row]);
  }

  /**
   * Of one value that is larger than the window.
   * @param valueBytes of all of it; @param head its first bytes, nine at least, if moduleNamesMatter
   */
  wantsLarge(entry: LargeEntryHead, valueBytes: number, nowMs: number, head: Uint8Array = NO_BYTES): boolean {
    const { kind, type, key } = entry;
    if (kind !== EntryKind.RdbValue) return kind === NOTHING_TO_APPLY || this.wantsCode(kind);
    let rule = this.refusal(type, entry.database, entry.expiryMs, valueBytes, nowMs);
    if (rule === 0 && head.length > 0) rule = this.ofModule(type, head, 0, head.length);
    return this.decided(rule, key, 0, key.length);
  }

  /** By database, name and slot alone, for who has not looked at the value yet. Counts nothing. */
  passesName(database: number, bytes: Uint8Array, start: number, end: number): boolean {
    const { databases, keys } = this.rules;
    return databases.check(database) === 0 && keys.check(bytes, start, end) >= 0;
  }

  /** By database alone. Counts nothing. */
  passesDatabase(database: number): boolean {
    return this.rules.databases.check(database) === 0;
  }

  /** True: wantsLarge() wants the head of a value of this type. */
  moduleNameMatters(type: number): boolean {
    return this.rules.types.asksForModules && kindOfType(type) === ValueKind.Module;
  }

  /** By type and size of a serialized value alone, as for the payload of a RESTORE: 0, or minus the rule that it does not pass. */
  ofPayload(type: number, valueBytes: number): number {
    return this.types[type] || this.ofSize(valueBytes);
  }

  private refusal(type: number, database: number, expiryMs: number, valueBytes: number, nowMs: number): number {
    return this.rules.databases.check(database) || this.types[type] || this.ofSize(valueBytes) || this.ofTimeToLive(expiryMs, nowMs);
  }

  private decided(refusal: number, bytes: Uint8Array, keyStart: number, keyEnd: number): boolean {
    const { tally, keys } = this.rules;
    const rule = refusal === 0 ? keys.check(bytes, keyStart, keyEnd) : refusal;
    if (rule >= 0) {
      if (rule > 0) tally.countKey(rule, bytes, keyStart, keyEnd);
      return true;
    }
    tally.countKey(-rule, bytes, keyStart, keyEnd);
    return false;
  }

  private ofSize(bytes: number): number {
    const { valueBytesMin, valueBytesMax, tooSmall, tooLarge } = this.rules.limits;
    return bytes < valueBytesMin ? -tooSmall : bytes > valueBytesMax ? -tooLarge : 0;
  }

  private ofTimeToLive(expiryMs: number, nowMs: number): number {
    const { expiring, wrongExpiry, ttlMinMs, ttlMaxMs, tooShort, tooLong } = this.rules.limits;
    if (expiryMs < 0) return expiring === 'only' ? -wrongExpiry : ttlMaxMs === Number.POSITIVE_INFINITY ? 0 : -tooLong;
    if (expiring === 'none') return -wrongExpiry;
    const leftMs = expiryMs - nowMs;
    return leftMs < ttlMinMs ? -tooShort : leftMs > ttlMaxMs ? -tooLong : 0;
  }

  private ofModule(type: number, bytes: Uint8Array, start: number, end: number): number {
    return kindOfType(type) === ValueKind.Module ? this.rules.types.ofModule(moduleName(bytes, start, end)) : 0;
  }

  private wantsCode(kind: number): boolean {
    const { tally, asksForKeys, policies, policyRules } = this.rules;
    const rule = kind === EntryKind.RdbFunction ? this.library : this.script;
    if (rule < 0) {
      tally.count(-rule);
      return false;
    }
    if (!asksForKeys) return true;
    tally.count(policyRules.onKeyless);
    if (policies.onKeyless === 'stop') {
      throw new GodwitError('COMMAND_UNDECIDED', 'the snapshot has a function library or script, which has no key for the rules of the filter to decide on');
    }
    return policies.onKeyless === 'pass';
  }
}
