/**
 * A side (source or target) as a verification asks it: keys by the page, commands for many keys at once, and some for one. Whatever its topology, a lost
 * connection is waited for and asked again, since nothing that is asked changes anything. What is asked ends when the side is closed.
 */
import type { ServerVersion } from '../../model/server-version.ts';
import type { CommandArgument } from '../../resp/encode.ts';
import type { Reply } from '../../resp/reply.ts';
import type { KeyColumn } from './key-command.ts';
import type { KeyReplies } from './key-replies.ts';
import type { KeyRows } from './key-rows.ts';

/** What commands the servers of a side take. */
export interface SideAbilities {
  /** PEXPIRETIME (Redis 7.0). */
  readonly expireTime: boolean;
  /** MEMORY USAGE, for which a service may withhold the right. */
  readonly memoryUsage: boolean;
  /** OBJECT ENCODING. */
  readonly encoding: boolean;
  /** SMISMEMBER, ZMSCORE (Redis 6.2). */
  readonly manyMembers: boolean;
  /** HPEXPIRETIME (Redis 7.4, Valkey 9). */
  readonly fieldExpiry: boolean;
}

export interface DatabaseFacts {
  readonly database: number;
  readonly keys: number;
  /** Keys among them that expire; -1 = not known. */
  readonly expires: number;
}

export interface KeyPage {
  readonly keys: KeyRows;
  /** Its bytes are not used any more. */
  release(): void;
}

/** The keys of one node, page by page. A key may come twice. */
export interface KeyScanner {
  /** Null: that was the last one. */
  next(): Promise<KeyPage | null>;
}

export interface AskedSide {
  /** For people: address and version. */
  readonly name: string;
  /** Of the oldest of its servers; undefined where one does not say it. */
  readonly version: ServerVersion | undefined;
  readonly abilities: SideAbilities;
  runIds(): readonly string[];
  /** Those that hold keys, ascending. */
  databases(): Promise<readonly DatabaseFacts[]>;
  scanners(database: number): KeyScanner[];
  /**
   * One command of each column for each key. Keys of a database that the side does not have get null.
   * @param bulkKeepMax longer bulks are kept as their end alone
   * @throws GodwitError PERMISSION_DENIED, that of a connection that is given up, CONNECTION_LOST once it is closed
   */
  ask(database: number, keys: KeyRows, columns: readonly KeyColumn[], bulkKeepMax: number): Promise<KeyReplies>;
  /** How many of the keys are there; one that is named twice counts twice. @throws as ask() */
  existing(database: number, keys: KeyRows): Promise<number>;
  /** Commands that all concern this key, in order. `-` replies are values (ReplyError). @throws as ask() */
  call(database: number, key: Uint8Array, commands: readonly (readonly CommandArgument[])[]): Promise<Reply[]>;
  /** Commands for one of its servers, whichever. `-` replies are values. @throws as ask() */
  callAny(commands: readonly (readonly CommandArgument[])[]): Promise<Reply[]>;
  /** By how much its clock is ahead of ours. */
  clockOffsetMs(): Promise<number>;
  /** What happened that the result should tell: slots that moved. */
  notes(): readonly string[];
  close(): Promise<void>;
}
