/**
 * Makes a stream with commands, in this order, because each step hides what the next would otherwise disturb:
 *
 *   XADD             every entry, and in place of each deleted one that a node still names a placeholder: an entry can only be claimed while it
 *                    exists, and pending entries can outlive theirs
 *   XGROUP           CREATE with the id and entries read, CREATECONSUMER (before 6.2: a read of the consumer's own history)
 *   XCLAIM           each pending entry, with time and number of its deliveries
 *   XTRIM, XDEL      the placeholders: those before the first entry as if trimmed, which leaves the max deleted id alone, and the others
 *   XSETID           last id, and from 7.0 on entries added and max deleted id, which all of this has moved
 *
 * An empty stream is made by a group that is destroyed again, so that nothing was ever added to it. Not kept: when consumers were seen and active
 * (now), and pending entries whose entries have left their node (`pendingLost`).
 */
import { type ServerVersion, atLeast } from '../model/server-version.ts';
import { RETURNED_CONSUMER } from '../rdb/encode/stream-writer.ts';
import { STREAM_ID_BYTES, StreamNode } from '../rdb/encodings/stream-node.ts';
import type { StreamFacts, StreamGroup } from '../rdb/values/value-visitor.ts';
import { ArgumentBuffer } from './argument-buffer.ts';
import { IdList, compareIds, idText } from './id-list.ts';
import { KEY, type KeyCommands, type Word } from './key-commands.ts';
import { PendingEntries } from './pending-entries.ts';

/** Deleted entries that are remembered; of those behind no pending entries can be claimed. */
const PLACEHOLDERS_MAX = 1_000_000;
const IDS_MAX = 1000;
const PLACEHOLDER: readonly Word[] = ['-', '-'];

export class StreamCommands {
  pendingLost = 0;
  private readonly commands: KeyCommands;
  private readonly commandBytesMax: number;
  private readonly isSeven: boolean;
  private readonly canCreateConsumer: boolean;
  private readonly nodes = new StreamNode();
  private readonly args = new ArgumentBuffer();
  private readonly placeholders = new IdList();
  private readonly pendings = new PendingEntries();
  private readonly lowestId = new Uint8Array(STREAM_ID_BYTES);
  private entries = 0;
  private live = 0;
  /** Placeholders before the first live entry. */
  private leading = 0;
  private readonly firstLiveId = new Uint8Array(STREAM_ID_BYTES);
  private known: StreamFacts | null = null;
  private groupName: Uint8Array = new Uint8Array(0);
  private consumerName: Uint8Array = new Uint8Array(0);
  /** Of the claims that are collected. */
  private claimedMs = -1;
  private claimedDeliveries = -1;

  constructor(commands: KeyCommands, target: ServerVersion, commandBytesMax: number) {
    this.commands = commands;
    this.commandBytesMax = commandBytesMax;
    this.isSeven = atLeast(target, 7);
    this.canCreateConsumer = atLeast(target, 6, 2);
  }

  begin(): void {
    this.entries = 0;
    this.live = 0;
    this.leading = 0;
    this.known = null;
    this.args.clear();
    this.placeholders.clear();
    this.pendings.clear();
  }

  node(id: Uint8Array, idStart: number, bytes: Uint8Array, start: number, end: number): void {
    const { nodes: node, commands, args } = this;
    node.open(id, idStart, bytes, start, end);
    while (node.next()) {
      if (node.isDeleted && this.placeholders.count >= PLACEHOLDERS_MAX) continue;
      const text = idText(node.id, 0);
      if (this.entries++ === 0) this.lowestId.set(node.id);
      if (node.isDeleted) {
        if (this.live === 0) this.leading++;
        else this.placeholders.add(node.id, 0);
        commands.add(['XADD', KEY, text, ...PLACEHOLDER]);
        continue;
      }
      if (this.live++ === 0) this.firstLiveId.set(node.id);
      while (node.nextField()) {
        args.add(node.name, node.nameStart, node.nameEnd);
        args.add(node.value, node.valueStart, node.valueEnd);
      }
      commands.add(['XADD', KEY, text], args);
    }
  }

  facts(facts: StreamFacts): void {
    this.known = facts;
    if (this.entries > 0) return;
    this.commands.add(['XGROUP', 'CREATE', KEY, 'godwit', '0', 'MKSTREAM']);
    this.commands.add(['XGROUP', 'DESTROY', KEY, 'godwit']);
  }

  group(group: StreamGroup): void {
    this.claim();
    this.groupName = group.name;
    this.pendings.clear();
    const entriesRead = this.isSeven ? this.entriesRead(group) : -1;
    const counter: readonly Word[] = entriesRead < 0 ? [] : ['ENTRIESREAD', entriesRead];
    this.commands.add(['XGROUP', 'CREATE', KEY, group.name, idText(group.lastId, 0), ...counter]);
  }

  pending(id: Uint8Array, idStart: number, deliveredMs: number, deliveries: number): void {
    if (this.entries === 0 || compareIds(id, idStart, this.lowestId, 0) < 0) this.pendingLost++;
    this.pendings.add(id, idStart, deliveredMs, deliveries);
  }

  consumer(name: Uint8Array): void {
    this.claim();
    this.consumerName = name;
    if (this.canCreateConsumer) this.commands.add(['XGROUP', 'CREATECONSUMER', KEY, this.groupName, name]);
    else this.commands.add(['XREADGROUP', 'GROUP', this.groupName, name, 'COUNT', 1, 'STREAMS', KEY, '0']);
  }

  consumerPending(id: Uint8Array, idStart: number): void {
    const place = this.pendings.find(id, idStart);
    if (place < 0) return;
    const deliveredMs = this.pendings.deliveredMsOf(place);
    const deliveries = this.pendings.deliveriesOf(place);
    const isOther = deliveredMs !== this.claimedMs || deliveries !== this.claimedDeliveries;
    if (isOther || this.args.count >= IDS_MAX || this.args.length >= this.commandBytesMax) this.claim();
    this.claimedMs = deliveredMs;
    this.claimedDeliveries = deliveries;
    this.args.addText(idText(id, idStart));
  }

  returned(id: Uint8Array, idStart: number): void {
    if (this.consumerName !== RETURNED_CONSUMER) this.claim();
    this.consumerName = RETURNED_CONSUMER;
    this.consumerPending(id, idStart);
  }

  end(): void {
    this.claim();
    this.deletePlaceholders();
    const { lastId, maxDeletedId, entriesAdded } = this.known!;
    const counters: Word[] = [];
    if (this.isSeven) {
      counters.push('ENTRIESADDED', entriesAdded < 0 ? this.live : entriesAdded);
      if (maxDeletedId) counters.push('MAXDELETEDID', idText(maxDeletedId, 0));
    }
    this.commands.add(['XSETID', KEY, idText(lastId, 0), ...counters]);
  }

  private claim(): void {
    const { args } = this;
    if (args.count === 0) return;
    for (const word of ['TIME', String(this.claimedMs), 'RETRYCOUNT', String(this.claimedDeliveries), 'FORCE', 'JUSTID']) args.addText(word);
    this.commands.add(['XCLAIM', KEY, this.groupName, this.consumerName, '0'], args);
  }

  private deletePlaceholders(): void {
    const { placeholders, args, commands } = this;
    if (this.leading > 0) commands.add(['XTRIM', KEY, 'MAXLEN', this.live + placeholders.count]);
    for (let i = 0; i < placeholders.count; i++) {
      args.addText(placeholders.textOf(i));
      if (args.count === IDS_MAX || i === placeholders.count - 1) commands.add(['XDEL', KEY], args);
    }
  }

  /** What is not known (the stream comes from before 7.0) is guessed as servers do when they load one: at its ends only. */
  private entriesRead(group: StreamGroup): number {
    const { known: facts, live } = this;
    if (facts!.entriesAdded >= 0) return group.entriesRead;
    if (live === 0) return 0;
    if (compareIds(group.lastId, 0, facts!.lastId, 0) === 0) return live;
    const order = compareIds(group.lastId, 0, this.firstLiveId, 0);
    return order < 0 ? 0 : order === 0 ? 1 : -1;
  }
}
