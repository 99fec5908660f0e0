/**
 * Writes a decoded value as the plain commands that make it, for targets that take no payload: RESTORE is forbidden, or the payload is larger than
 * the target accepts. How the commands of one key are kept together is key-commands.ts. Commands are bounded: elements are collected up to
 * `commandBytesMax`, and a longer string comes as SET and APPENDs; only a single longer element makes a longer command.
 *
 *   commands.start(key, expiryMs, nowMs);  decode into commands   ->  pieces of the build to options.build, if any; then
 *                                                                    commands.transaction: bytes[0, length)
 *
 * An expiry that is past or about to be is put off as for whole keys (heldExpiry): the source's own deletion, or renewal, is still to come.
 */
import { GodwitError } from '../errors/errors.ts';
import { type ServerVersion, atLeast, versionName } from '../model/server-version.ts';
import { VALUE_KIND_NAMES, ValueKind } from '../model/value-kind.ts';
import { LostDetails } from '../rdb/encode/lost-details.ts';
import { scoreText } from '../rdb/encode/small-form.ts';
import type { StreamConsumer, StreamFacts, StreamGroup, StreamIdempotence, ValueVisitor } from '../rdb/values/value-visitor.ts';
import { ArgumentBuffer } from './argument-buffer.ts';
import { type BuildReceiver, KEY, KeyCommands, type Word } from './key-commands.ts';
import { StreamCommands } from './stream-commands.ts';
import { heldExpiry } from './held-expiry.ts';

export interface ValueCommandsOptions {
  readonly target: ServerVersion;
  /** 64 KiB unless told. */
  readonly commandBytesMax?: number;
  /** What may go in one transaction; 1 MiB unless told. */
  readonly transactionBytesMax?: number;
  /** False: the commands are put into a transaction of the caller's; true unless told. */
  readonly ownTransaction?: boolean;
  /** An existing key is replaced; else it is left. True unless told. */
  readonly replace?: boolean;
  /** Leave out what the target cannot say; without it a field expiry that is lost is an error. */
  readonly degrade?: boolean;
  readonly build: BuildReceiver;
}

const COMMANDS: readonly string[] = ['', 'RPUSH', 'SADD', 'ZADD', 'HSET'];

export class ValueCommands implements ValueVisitor {
  readonly transaction: KeyCommands;
  /** Of the value that was written last. */
  readonly lost: LostDetails;
  private readonly target: ServerVersion;
  private readonly commandBytesMax: number;
  private readonly degrade: boolean;
  private readonly canExpireFields: boolean;
  private readonly canSetExpiring: boolean;
  private readonly streams: StreamCommands;
  private readonly args = new ArgumentBuffer();
  private readonly names = new ArgumentBuffer();
  private kind: ValueKind = ValueKind.String;
  private expiryMs = -1;
  private nowMs = 0;
  /** Of the fields that are collected. */
  private fieldExpiryMs = -1;
  private textParts: Uint8Array[] = [];
  private textBytes = 0;
  private isAppending = false;
  /** pendingLost before the value. */
  private pendingLostBefore = 0;

  constructor(options: ValueCommandsOptions) {
    const { target, commandBytesMax = 64 * 1024, transactionBytesMax = 1024 * 1024 } = options;
    this.target = target;
    this.commandBytesMax = commandBytesMax;
    this.degrade = options.degrade ?? false;
    const isRedis = target.product === 'redis';
    this.canExpireFields = isRedis ? atLeast(target, 7, 4) : atLeast(target, 9);
    this.canSetExpiring = isRedis ? atLeast(target, 8) : atLeast(target, 9);
    this.lost = new LostDetails({ fieldExpiry: this.canExpireFields, streamCounters: atLeast(target, 7), activeTime: false, consumerTimes: false });
    this.transaction = new KeyCommands({
      transactionBytesMax,
      ownTransaction: options.ownTransaction ?? true,
      replace: options.replace ?? true,
      canUnlink: atLeast(target, 4),
      build: options.build,
    });
    this.streams = new StreamCommands(this.transaction, target, commandBytesMax);
  }

  /** Before the value. @param expiryMs of the key, Unix ms; -1 = none. @param nowMs of the target's clock, as near as known */
  start(key: Uint8Array, expiryMs: number, nowMs: number): void {
    this.expiryMs = heldExpiry(expiryMs, nowMs);
    this.nowMs = nowMs;
    this.transaction.begin(key);
  }

  /** Pending entries of the streams so far that the target cannot be given, since their entries are gone without a trace. */
  get pendingLost(): number {
    return this.streams.pendingLost;
  }

  /** @throws GodwitError VALUE_NOT_REPRESENTABLE for arrays, modules, and streams before Redis 5.0 */
  begin(kind: ValueKind): void {
    this.kind = kind;
    this.args.clear();
    this.names.clear();
    this.fieldExpiryMs = -1;
    this.textParts = [];
    this.textBytes = 0;
    this.isAppending = false;
    this.lost.begin();
    this.pendingLostBefore = this.pendingLost;
    if (kind > ValueKind.Stream || (kind === ValueKind.Stream && !atLeast(this.target, 5))) throw this.refusal(`a value of type ${VALUE_KIND_NAMES[kind]}`);
    if (kind === ValueKind.Stream) this.streams.begin();
  }

  text(bytes: Uint8Array, start: number, end: number): void {
    for (let at = start; at < end;) {
      const part = Math.min(end - at, this.commandBytesMax - this.textBytes);
      // A copy: slice() of a Buffer would be none.
      this.textParts.push(new Uint8Array(bytes.subarray(at, at + part)));
      this.textBytes += part;
      at += part;
      if (this.textBytes === this.commandBytesMax) this.flushText();
    }
  }

  element(bytes: Uint8Array, start: number, end: number): void {
    this.flushBefore(end - start);
    this.args.add(bytes, start, end);
  }

  member(bytes: Uint8Array, start: number, end: number, score: number): void {
    this.flushBefore(end - start);
    this.args.addText(scoreText(score));
    this.args.add(bytes, start, end);
  }

  /** @throws GodwitError VALUE_NOT_REPRESENTABLE if the field expires, the target cannot say it, and that was not allowed */
  field(bytes: Uint8Array, start: number, end: number, value: Uint8Array, valueStart: number, valueEnd: number, expiryMs: number): void {
    if (expiryMs >= 0 && !this.canExpireFields && !this.degrade) throw this.refusal('a hash whose fields expire');
    this.lost.field(expiryMs);
    const kept = this.canExpireFields ? heldExpiry(expiryMs, this.nowMs) : -1;
    if (kept !== this.fieldExpiryMs) this.flush();
    this.flushBefore(end - start + valueEnd - valueStart);
    this.fieldExpiryMs = kept;
    this.args.add(bytes, start, end);
    this.args.add(value, valueStart, valueEnd);
    if (kept >= 0 && !this.canSetExpiring) this.names.add(bytes, start, end);
  }

  arrayElement(): void {}

  arrayCursor(): void {}

  raw(): void {}

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

  streamConsumer(consumer: StreamConsumer): void {
    this.lost.consumer(consumer);
    this.streams.consumer(consumer.name);
  }

  streamConsumerPending(id: Uint8Array, idStart: number): void {
    this.streams.consumerPending(id, idStart);
  }

  streamReturned(id: Uint8Array, idStart: number): void {
    this.lost.returned();
    this.streams.returned(id, idStart);
  }

  streamIdempotence(facts: StreamIdempotence): void {
    this.lost.idempotence(facts);
  }

  streamProducer(): void {
    this.lost.producer();
  }

  streamProducerId(): void {}

  end(): void {
    if (this.kind === ValueKind.String) this.flushText();
    else if (this.kind === ValueKind.Stream) this.streams.end();
    else this.flush();
    if (this.pendingLost > this.pendingLostBefore) this.lost.add('pending');
    this.transaction.end(this.expiryMs);
  }

  private flushBefore(bytes: number): void {
    if (this.args.count > 0 && this.args.length + bytes > this.commandBytesMax) this.flush();
  }

  private flush(): void {
    const { args, transaction, fieldExpiryMs } = this;
    if (args.count === 0) return;
    const head: Word[] = [COMMANDS[this.kind], KEY];
    if (fieldExpiryMs >= 0 && this.canSetExpiring) transaction.add(['HSETEX', KEY, 'PXAT', fieldExpiryMs, 'FIELDS', args.count / 2], args);
    else transaction.add(head, args);
    if (this.names.count > 0) transaction.add(['HPEXPIREAT', KEY, fieldExpiryMs, 'FIELDS', this.names.count], this.names);
  }

  private flushText(): void {
    if (this.textBytes === 0 && this.isAppending) return;
    this.transaction.add([this.isAppending ? 'APPEND' : 'SET', KEY, this.textParts.length === 1 ? this.textParts[0] : Buffer.concat(this.textParts)]);
    this.isAppending = true;
    this.textParts = [];
    this.textBytes = 0;
  }

  private refusal(what: string): GodwitError {
    return new GodwitError('VALUE_NOT_REPRESENTABLE', `${what} cannot be made with commands at ${versionName(this.target)}`, {
      details: { kind: VALUE_KIND_NAMES[this.kind], target: versionName(this.target) },
    });
  }
}
