/**
 * Listens to what happens to the keys of one server. Every event says only that a key has changed: what it is now is read. Databases come from the channel's name,
 * so that there is no bound on their number, and keys are bytes.
 *
 *   PSUBSCRIBE __keyevent@*            every event of every database
 *   SUBSCRIBE __redis__:invalidate     with CLIENT TRACKING to this very connection: FLUSHALL and FLUSHDB, which make no event of keys, come as null
 *
 * Whatever was sent while the connection was away is lost (a server ends it, too, when it does not read fast enough: client-output-buffer-limit pubsub): onGap.
 */
import type { OpenConnection } from '../../net/connection-options.ts';
import { type Reply, ReplyError } from '../../resp/reply.ts';
import type { NotifySetting } from './notify-setting.ts';

const PREFIX = '__keyevent@';
const INVALIDATE = '__redis__:invalidate';
/** No key begins so: only what concerns all of them is told. */
const NO_KEY = '\u0000godwit\u0000no key';

export interface KeyEventsOwner {
  onKey(database: number, key: string): void;
  /** Events may have been lost, or all keys are gone at once. */
  onGap(reason: string): void;
  /** It was set at the source. */
  onNotifySet(before: string): void;
}

export class KeyEvents {
  /** Events so far. */
  count = 0;
  /** A flush is told, too. */
  tellsFlushes = false;
  private readonly setting: NotifySetting;
  private readonly owner: KeyEventsOwner;
  private channels = 0;

  constructor(setting: NotifySetting, owner: KeyEventsOwner) {
    this.setting = setting;
    this.owner = owner;
  }

  /** For the connection's onMessage. */
  readonly onMessage = (reply: Reply): boolean => {
    if (!Array.isArray(reply)) return false;
    const kind = String(reply[0]);
    if (kind === 'pmessage') this.event(reply[2] as Buffer, reply[3] as Buffer);
    else if (kind === 'message' && String(reply[1]) === INVALIDATE) {
      if (reply[2] === null) this.owner.onGap('the source was flushed');
    } else return false;
    return true;
  };

  /** For the connection's onRestore. */
  readonly onRestore = async (connection: OpenConnection): Promise<void> => {
    if (await this.setting.ensure(connection)) this.owner.onNotifySet(this.setting.before ?? '');
    const [id] = await connection.callAll([['CLIENT', 'ID']]);
    this.tellsFlushes = typeof id === 'number' && (await this.track(connection, id));
    const replies = await connection.callAll([['PSUBSCRIBE', `${PREFIX}*`], ...(this.tellsFlushes ? [['SUBSCRIBE', INVALIDATE]] : [])]);
    for (const reply of replies) if (reply instanceof ReplyError) throw reply;
    if (this.channels++ > 0) this.owner.onGap('the connection that tells of changes was lost');
  };

  /** Not granted everywhere: counters of commands tell the same, later (flush-watch.ts). */
  private async track(connection: OpenConnection, id: number): Promise<boolean> {
    const [reply] = await connection.callAll([['CLIENT', 'TRACKING', 'ON', 'REDIRECT', id, 'BCAST', 'PREFIX', NO_KEY]]);
    return !(reply instanceof ReplyError);
  }

  private event(channel: Buffer, key: Buffer): void {
    let database = 0;
    let at = PREFIX.length;
    for (; at < channel.length; at++) {
      const digit = channel[at] - 0x30;
      if (digit < 0 || digit > 9) break;
      database = database * 10 + digit;
    }
    if (at === PREFIX.length) return;
    this.count++;
    this.owner.onKey(database, key.toString('latin1'));
  }
}
