/**
 * One connection over which a scan asks the source, many commands at a time. It outlives breaks: reading changes nothing, so whatever was not answered is asked
 * again, and what comes then is only newer. Errors that waiting cures are waited for.
 */
import { encodeCommand } from '../../resp/encode.ts';
import { ReplyError } from '../../resp/reply.ts';
import type { ReplySlab } from '../../resp/reply-slab.ts';
import { GodwitError } from '../../errors/errors.ts';
import type { Connection } from '../../net/connection.ts';
import { PendingCall, type ReplyTaker } from '../../net/reply-collector.ts';
import { isNotReadyReply } from '../../net/reply-errors.ts';
import { Deferred } from '../../async/deferred.ts';
import type { KeyCommands } from './key-commands.ts';

const NOT_READY_PAUSE_MS = 200;

export class AskLine {
  readonly connection: Connection;
  private database = 0;
  private generation = -1;

  constructor(connection: Connection) {
    this.connection = connection;
  }

  /**
   * Adds the replies to what the slab holds. Error replies are items of it; those of a server that is not ready are waited out.
   * @throws CONNECTION_LOST once the connection is closed for good, PERMISSION_DENIED and the like when the database cannot be selected
   */
  async ask(database: number, commands: KeyCommands, slab: ReplySlab): Promise<void> {
    const { length, count } = slab;
    const { connection } = this;
    for (;;) {
      await connection.ready();
      try {
        slab.begin(commands.count, length, count);
        await this.once(database, commands, slab);
      } catch (error) {
        if (error instanceof GodwitError && (error.code === 'CONNECTION_LOST' || error.code === 'CONNECTION_DEAD')) continue;
        throw error;
      }
      if (!this.isNotReady(slab, count)) return;
      await new Promise((resolve) => setTimeout(resolve, NOT_READY_PAUSE_MS));
    }
  }

  private once(database: number, commands: KeyCommands, slab: ReplySlab): Promise<void> {
    const answered = new Deferred<void>();
    const lost = (error: GodwitError): void => answered.reject(error);
    const taker: ReplyTaker = {
      count: commands.count,
      get done() {
        return slab.done;
      },
      feed: (bytes, from, to) => slab.feed(bytes, from, to),
      onDone: () => answered.resolve(),
      onLost: lost,
    };
    const selected = this.select(database, (error) => answered.reject(error));
    const parts = selected === undefined ? [commands.written] : [selected.bytes, commands.written];
    this.connection.send(parts, selected === undefined ? [taker] : [selected.call, taker]);
    return answered.promise;
  }

  private select(database: number, onError: (error: ReplyError) => void): { readonly bytes: Buffer; readonly call: PendingCall } | undefined {
    const { generation } = this.connection;
    if (generation !== this.generation) this.database = 0;
    this.generation = generation;
    if (this.database === database) return undefined;
    this.database = database;
    const call = new PendingCall(
      (reply) => {
        if (reply instanceof ReplyError) onError(reply);
      },
      () => {},
    );
    return { bytes: encodeCommand(['SELECT', database]), call };
  }

  private isNotReady(slab: ReplySlab, from: number): boolean {
    for (const item of slab.texts.keys()) {
      const text = item < from ? undefined : slab.errorOf(item);
      if (text !== undefined && isNotReadyReply(new ReplyError(text))) return true;
    }
    return false;
  }
}
