/**
 * Encodes decoded values as DUMP payloads (type byte, value, version, checksum) that servers of another vendor or an older version take with RESTORE.
 * A value that fits into memory is encoded whole, into a buffer that is used again:
 *
 *   decode into encoder             ->  encoder.bytes[0, length)
 *
 * A large one takes two passes over its source and no memory:
 *
 *   encoder.measureNext();          decode into encoder   ->  plan = encoder.plan()       ; plan.bytes is the length of the payload
 *   encoder.piecesNext(plan, take); decode into encoder   ->  take(bytes, start, end) in pieces of 256 KiB at most
 *
 * Lists are packed (list-writer.ts). Hashes, sets and sorted sets are written in their plain forms, which servers of all versions take and pack by
 * their own limits; small ones of values that are encoded whole also in their packed form, which is then preferred (small-form.ts). Nothing is
 * allocated per element, but for the text of a score in a small sorted set.
 */
import { GodwitError } from '../../errors/errors.ts';
import { VALUE_KIND_NAMES, ValueKind } from '../../model/value-kind.ts';
import { RdbType } from '../opcodes.ts';
import type { StreamConsumer, StreamFacts, StreamGroup, StreamIdempotence, ValueVisitor } from '../values/value-visitor.ts';
import type { DumpVersion } from './dump-version.ts';
import { HashWriter } from './hash-writer.ts';
import { ListWriter } from './list-writer.ts';
import { LostDetails } from './lost-details.ts';
import { type PayloadPlan, PayloadOutput, type PieceReceiver } from './payload-output.ts';
import { SmallForm } from './small-form.ts';
import { StreamWriter } from './stream-writer.ts';

const BYTES_INITIAL = 64 * 1024;
/** Tag of an element of an array. */
const ARRAY_STRING = 0;
const LOW_HALF = 0xffff_ffffn;

export interface DumpEncoderOptions {
  readonly version: DumpVersion;
  /** Leave out what the version cannot say (representable() names it); without it a field expiry that is lost is an error. */
  readonly degrade?: boolean;
}

export class DumpEncoder implements ValueVisitor {
  /** Of the value that was encoded, or measured, last. */
  readonly lost: LostDetails;
  private readonly version: DumpVersion;
  private readonly degrade: boolean;
  private readonly output = new PayloadOutput(BYTES_INITIAL);
  private readonly list: ListWriter;
  private readonly hash: HashWriter;
  private readonly streams: StreamWriter;
  private readonly small: SmallForm;
  private kind: ValueKind = ValueKind.String;
  private type = 0;
  private items = 0;
  private next: 'whole' | 'measure' | PayloadPlan = 'whole';
  private receive: PieceReceiver | null = null;

  constructor({ version, degrade = false }: DumpEncoderOptions) {
    this.version = version;
    this.degrade = degrade;
    this.lost = new LostDetails({ fieldExpiry: version >= 12, streamCounters: version >= 10, activeTime: version >= 11, idempotence: version === 14 });
    this.list = new ListWriter(this.output, version);
    this.hash = new HashWriter(this.output, version);
    this.streams = new StreamWriter(this.output, version);
    this.small = new SmallForm(version);
  }

  /** Holds the payload of a value that was encoded whole, up to the next begin(). */
  get bytes(): Uint8Array {
    return this.output.bytes;
  }

  get length(): number {
    return this.output.total;
  }

  measureNext(): void {
    this.next = 'measure';
  }

  /** Takes measureNext() back, where no value came. */
  wholeNext(): void {
    this.next = 'whole';
  }

  /** Of the value that was measured last. */
  plan(): PayloadPlan {
    return this.output.planOf(this.type);
  }

  /** The next value, the one that was measured, goes to `receive` in pieces. */
  piecesNext(plan: PayloadPlan, receive: PieceReceiver): void {
    this.next = plan;
    this.receive = receive;
  }

  /** @throws GodwitError VALUE_NOT_REPRESENTABLE for a kind that the version does not have */
  begin(kind: ValueKind, count: number): void {
    const { next, output } = this;
    this.next = 'whole';
    this.lost.begin();
    this.kind = kind;
    this.items = 0;
    this.type = typeof next === 'string' ? this.usualType(kind) : next.type;
    if (typeof next === 'string') output.begin(next, this.type);
    else output.beginPieces(next, this.receive!);
    this.small.begin(kind, next === 'whole' ? count : Number.POSITIVE_INFINITY);
    if (kind === ValueKind.List) this.list.begin();
    else if (kind === ValueKind.Hash) this.hash.begin(count, this.type);
    else if (kind === ValueKind.Stream) this.streams.begin();
    else if (kind !== ValueKind.Module) output.open(count);
  }

  text(bytes: Uint8Array, start: number, end: number): void {
    this.items += end - start;
    this.output.raw(bytes, start, end);
  }

  element(bytes: Uint8Array, start: number, end: number): void {
    if (this.kind === ValueKind.List) {
      this.list.element(bytes, start, end);
      return;
    }
    this.items++;
    if (this.small.fits) this.small.element(bytes, start, end);
    this.output.string(bytes, start, end);
  }

  member(bytes: Uint8Array, start: number, end: number, score: number): void {
    this.items++;
    if (this.small.fits) this.small.member(bytes, start, end, score);
    this.output.string(bytes, start, end);
    this.output.double(score);
  }

  /** @throws GodwitError VALUE_NOT_REPRESENTABLE if the field expires, the version cannot say it, and that was not allowed */
  field(bytes: Uint8Array, start: number, end: number, value: Uint8Array, valueStart: number, valueEnd: number, expiryMs: number): void {
    const canExpire = this.version >= 12;
    if (expiryMs >= 0 && !canExpire && !this.degrade) throw this.refusal('a hash whose fields expire');
    this.lost.field(expiryMs);
    const kept = canExpire ? expiryMs : -1;
    if (this.small.fits) this.small.field(bytes, start, end, value, valueStart, valueEnd, kept);
    this.hash.field(bytes, start, end, value, valueStart, valueEnd, kept);
  }

  /** As a string, whatever the server makes of it. */
  arrayElement(index: bigint, bytes: Uint8Array, start: number, end: number): void {
    this.items++;
    this.output.length64(Number(index >> 32n), Number(index & LOW_HALF));
    this.output.length(ARRAY_STRING);
    this.output.string(bytes, start, end);
  }

  arrayCursor(index: bigint | null): void {
    this.output.length(index === null ? 0 : 1);
    if (index !== null) this.output.length64(Number(index >> 32n), Number(index & LOW_HALF));
  }

  raw(bytes: Uint8Array, start: number, end: number): void {
    this.output.raw(bytes, start, end);
  }

  streamNode(id: Uint8Array, idStart: number, bytes: Uint8Array, start: number, end: number): void {
    this.streams.node(id, idStart, bytes, start, end);
  }

  stream(facts: StreamFacts): void {
    this.lost.stream(facts);
    this.streams.facts(facts);
  }

  streamGroup(group: StreamGroup): void {
    this.lost.group(group);
    this.streams.group(group);
  }

  streamPending(id: Uint8Array, idStart: number, deliveredMs: number, deliveries: number): void {
    this.streams.pending(id, idStart, deliveredMs, deliveries);
  }

  streamConsumers(count: number): void {
    this.streams.consumersFollow(count);
  }

  streamConsumer(consumer: StreamConsumer): void {
    this.lost.consumer(consumer);
    this.streams.consumer(consumer);
  }

  streamConsumerPending(id: Uint8Array, idStart: number): void {
    this.streams.consumerPending(id, idStart);
  }

  streamReturned(id: Uint8Array, idStart: number): void {
    this.lost.returned();
    this.streams.returned(id, idStart);
  }

  /** Idempotent producers are left out, but for version 14. */
  streamIdempotence(facts: StreamIdempotence): void {
    this.lost.idempotence(facts);
    this.streams.idempotence(facts);
  }

  streamProducer(name: Uint8Array): void {
    this.lost.producer();
    this.streams.producer(name);
  }

  streamProducerId(key: Uint8Array, id: Uint8Array, idStart: number): void {
    this.streams.producerId(key, id, idStart);
  }

  streamIdempotenceTotals(added: number, duplicates: number): void {
    this.streams.idempotenceTotals(added, duplicates);
  }

  end(): void {
    const { kind, output } = this;
    if (kind === ValueKind.List) this.list.end();
    else if (kind === ValueKind.Hash) this.hash.end();
    else if (kind === ValueKind.Stream) this.streams.end();
    else if (kind !== ValueKind.Module) output.close(this.items);
    if (kind === ValueKind.Hash) this.type = this.hash.type;
    if (kind === ValueKind.Stream) this.type = this.streams.type;
    if (this.small.isBetter) this.replaceBySmallForm();
    if (output.mode === 'whole') output.bytes[0] = this.type;
    output.end(this.version);
  }

  private replaceBySmallForm(): void {
    const { output, small } = this;
    this.type = small.type;
    output.at = 1;
    output.string(small.bytes, 0, small.close());
  }

  private usualType(kind: ValueKind): number {
    if (kind === ValueKind.Array && this.version !== 14) throw this.refusal('an array');
    return [RdbType.String, this.list.type, RdbType.Set, RdbType.Zset2, RdbType.Hash, RdbType.StreamListpacks, RdbType.Array, RdbType.Module2][kind];
  }

  private refusal(what: string): GodwitError {
    return new GodwitError('VALUE_NOT_REPRESENTABLE', `${what} cannot be said in a DUMP payload of version ${this.version}`, {
      details: { kind: VALUE_KIND_NAMES[this.kind], version: this.version },
    });
  }
}
