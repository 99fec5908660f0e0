/** Values of a snapshot to a cluster. They may be applied twice, so they go plain and need no mark of their own; functions and scripts go to every node. */
import { GodwitError } from '../errors/errors.ts';
import { type Batch, EntryKind } from '../model/batch.ts';
import { slotOf } from '../model/slot.ts';
import type { Dialect } from '../rdb/dialect.ts';
import { type LargeEntry, NOTHING_TO_APPLY } from '../rdb/large-entry.ts';
import { RdbType } from '../rdb/opcodes.ts';
import { encodeCommand } from '../resp/encode.ts';
import { BatchBuffer, type RestoreOptions, rowName } from '../target/batch-buffer.ts';
import { holdTime } from '../target/held-expiry.ts';
import { temporaryKey } from '../target/temporary-key.ts';
import type { ClusterLanes } from './cluster-lanes.ts';
import type { ValueForm } from './delivery.ts';
import type { Lane } from './lane.ts';
import { NO_SLOT } from './lane-parcel.ts';
import type { ValueCursor } from '../rdb/value-cursor.ts';
import { LargeValue, tooLarge } from './large-value.ts';
import type { Refusal } from './refusals.ts';
import type { Wave } from './wave-line.ts';

const LARGE_BUFFER_BYTES = 64 * 1024;
const MULTI = encodeCommand(['MULTI']);
const EXEC = encodeCommand(['EXEC']);

export interface ClusterValuesContext {
  readonly lanes: ClusterLanes;
  readonly restore: RestoreOptions;
  /** By slot: entries up to this offset in the snapshot are applied. */
  readonly known: Float64Array;
  readonly databases: number;
  readonly address: string;
}

/** Fills the lanes with the rows of a batch. @throws VALUE_NOT_REPRESENTABLE, DATABASE_MISSING */
export function sendClusterRows(context: ClusterValuesContext & { readonly leftOut: ReadonlySet<string> }, batch: Batch, form: ValueForm, wave: Wave): void {
  const { lanes, restore, known, leftOut } = context;
  begin(restore, form);
  restore.conversion.check(batch);
  const nowMs = holdTime(form.isFinal);
  for (let row = 0; row < batch.count; row++) {
    if (leftOut.size > 0 && leftOut.has(rowName(batch, row))) continue;
    if (batch.kind[row] !== EntryKind.RdbValue) {
      if (restore.conversion.skips(batch, row)) continue;
      for (const lane of lanes.all) lanes.parcelOf(lane, batch, wave).addValue(NO_SLOT, row, restore, nowMs);
      wave.rows++;
      continue;
    }
    checkDatabase(context, batch.database[row]);
    const slot = slotOf(batch.bytes, batch.keyStart[row], batch.keyEnd[row]);
    if (batch.endOffset[row] <= known[slot] || restore.conversion.skips(batch, row)) continue;
    wave.rows++;
    lanes.parcelFor(slot, batch, wave, false).addValue(slot, row, restore, nowMs);
  }
  restore.conversion.losses.flush();
}

/**
 * A value larger than the window, alone; nothing else is under way. Resolves when it is answered.
 * @returns `nothing`: it is none to apply, or left out; `known`: it was applied before
 * @throws VALUE_TOO_LARGE, VALUE_NOT_REPRESENTABLE, TARGET_NOT_READY (its slot is on its way)
 */
export async function sendClusterValue(
  context: ClusterValuesContext & { readonly valueBytesMax: number },
  large: LargeEntry,
  form: ValueForm,
  cursor: ValueCursor,
): Promise<'nothing' | 'known' | 'sent'> {
  const { lanes, restore, known, valueBytesMax } = context;
  const { conversion } = restore;
  begin(restore, form);
  const value = new LargeValue(large, conversion, form.dialect as Dialect, cursor);
  await value.findEnd();
  if (large.kind === NOTHING_TO_APPLY) return 'nothing';
  const slot = slotOf(large.key);
  if (large.valueEnd <= known[slot]) return 'known';
  let isLeftOut = conversion.skipsLarge(large);
  if (!isLeftOut) {
    checkDatabase(context, large.database);
    await value.measure();
    isLeftOut = conversion.isRefused(large, value.lost);
  }
  conversion.losses.flush();
  if (isLeftOut) return 'nothing';
  const lane = lanes.laneOf(slot);
  const nowMs = holdTime(form.isFinal);
  if (valueBytesMax > 0 && value.payloadBytes > valueBytesMax) return sendInCommands(value, large, { ...context, nowMs }, lane);
  if (value.isEncoded) conversion.counts.encoded++;
  const buffer = new BatchBuffer(LARGE_BUFFER_BYTES);
  buffer.begin('plain');
  const at = buffer.addLargeRestore(large, value.payloadBytes, restore, nowMs);
  buffer.endPlain();
  judge(await lane.sendPayload(buffer, at, value.payload()), large, context);
  return 'sent';
}

/** Built piece by piece under a temporary name, begun anew after a break, and renamed at the end. */
async function sendInCommands(
  value: LargeValue,
  large: LargeEntry,
  context: ClusterValuesContext & { readonly valueBytesMax: number; readonly nowMs: number },
  lane: Lane,
): Promise<'nothing' | 'sent'> {
  const { restore, valueBytesMax, nowMs } = context;
  const { conversion } = restore;
  if (large.type === RdbType.String || !conversion.canSayInCommands) throw tooLarge(large.key, value.payloadBytes, valueBytesMax);
  let pieces: { readonly count: number; readonly bytes: Buffer }[] = [];
  const values = conversion.commands(restore.replace, (bytes, start, end, count) => pieces.push({ count, bytes: Buffer.from(bytes.subarray(start, end)) }));
  const buffer = new BatchBuffer(LARGE_BUFFER_BYTES);
  const send = async (fill: () => void): Promise<void> => {
    buffer.begin('plain');
    fill();
    buffer.endPlain();
    judge(await lane.sendBuffer(buffer), large, context);
  };
  values.start(large.key, large.expiryMs, nowMs);
  for await (const _ of value.decodeInto(values)) {
    for (const piece of pieces) await send(() => buffer.addPart(piece, large.database, false));
    pieces = [];
  }
  const { transaction } = values;
  // What the payload would have lost is named already.
  const isLeftOut = conversion.isRefused(
    large,
    values.lost.texts.filter((text) => !value.lost.includes(text)),
  );
  conversion.losses.flush();
  if (isLeftOut) {
    await send(() => buffer.addPart({ count: 1, bytes: encodeCommand(['DEL', temporaryKey(large.key)]) }, large.database, false));
    return 'nothing';
  }
  await send(() => {
    buffer.select(large.database);
    buffer.add(MULTI);
    buffer.addPart({ count: transaction.commands, bytes: transaction.bytes.subarray(0, transaction.length) }, large.database, true);
    buffer.add(EXEC);
  });
  return 'sent';
}

function begin({ conversion }: RestoreOptions, { dialect, templates }: ValueForm): void {
  if (dialect !== null) conversion.begin(dialect);
  conversion.templates = templates;
}

/** @throws DATABASE_MISSING */
function checkDatabase({ databases, address }: ClusterValuesContext, database: number): void {
  if (database < databases) return;
  throw new GodwitError('DATABASE_MISSING', `the source has keys in database ${database}; the cluster ${address} has ${databases} only`, {
    details: { database, databases },
  });
}

function judge(refusals: readonly Refusal[], { key }: LargeEntry, { address, restore }: ClusterValuesContext): void {
  const [first] = refusals.filter(({ text }) => restore.replace || !text.startsWith('BUSYKEY'));
  if (first === undefined) return;
  const name = JSON.stringify(Buffer.from(key).toString('latin1').slice(0, 100));
  const isPassing = /^(?:MOVED|ASK|TRYAGAIN|CLUSTERDOWN|LOADING|READONLY|OOM|MASTERDOWN|NOREPLICAS|MISCONF|BUSY)\b/.test(first.text);
  throw isPassing
    ? new GodwitError('TARGET_NOT_READY', `target ${address} does not take the large value of key ${name} for now: ${first.text}`)
    : new GodwitError('TARGET_REFUSED', `target ${address} refused the value of key ${name}: ${first.text}`);
}
