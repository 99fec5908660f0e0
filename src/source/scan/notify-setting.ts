/**
 * `notify-keyspace-events` of the source: looked at, set where it lacks something and that is allowed, and set back at the end unless somebody else has changed it.
 * What it was is noted in the mark, so that a run after a kill can set it back.
 */
import { GodwitError } from '../../errors/errors.ts';
import type { OpenConnection } from '../../net/connection-options.ts';
import { ReplyError } from '../../resp/reply.ts';

const SETTING = 'notify-keyspace-events';
/** All kinds that change a key; `A` stands for them. */
const KINDS = ['g', '$', 'l', 's', 'h', 'z', 'x', 'e', 't', 'd'];

export class NotifySetting {
  /** What it was before it was set; null = it was not set by this job. */
  before: string | null;
  private readonly maySet: boolean;
  private readonly address: string;
  private ours: string | undefined;

  /** @param noted by the run before */
  constructor(options: { readonly maySet: boolean; readonly address: string; readonly noted: string | null }) {
    this.maySet = options.maySet;
    this.address = options.address;
    this.before = options.noted;
  }

  /** Makes sure that all events are told; asked on each new connection, since a server that was restarted has forgotten. @returns true: it was set */
  async ensure(connection: OpenConnection): Promise<boolean> {
    const [found] = await connection.callAll([['CONFIG', 'GET', SETTING]]);
    if (!Array.isArray(found) || found.length < 2) return false;
    const now = String(found[1]);
    if (lacks(now) === '') return false;
    const fix = `Set it at the source: CONFIG SET ${SETTING} AE (with what it has now: "${now}").`;
    if (!this.maySet)
      throw new GodwitError('CONFIG_INVALID', `source ${this.address}: ${SETTING} is "${now}", which does not tell all changes of keys`, { fix });
    const [reply] = await connection.callAll([['CONFIG', 'SET', SETTING, `${now}AE`]]);
    if (reply instanceof ReplyError) {
      throw new GodwitError('PERMISSION_DENIED', `source ${this.address}: ${SETTING} is "${now}" and cannot be set (${reply.text})`, { fix });
    }
    this.before ??= now;
    this.ours = String(((await connection.callAll([['CONFIG', 'GET', SETTING]]))[0] as unknown[])[1]);
    return true;
  }

  /** @returns false: somebody else has changed it, or it was not set */
  async restore(connection: OpenConnection): Promise<boolean> {
    const { before } = this;
    if (before === null) return false;
    const [found] = await connection.callAll([['CONFIG', 'GET', SETTING]]);
    const now = Array.isArray(found) ? String(found[1]) : '';
    if (lacks(now) !== '' || (this.ours !== undefined && now !== this.ours)) return false;
    const [reply] = await connection.callAll([['CONFIG', 'SET', SETTING, before]]);
    if (reply instanceof ReplyError) return false;
    this.before = null;
    return true;
  }
}

/** Letters that are missing; '' = none. */
function lacks(setting: string): string {
  const kinds = setting.includes('A') ? '' : KINDS.filter((kind) => !setting.includes(kind)).join('');
  return kinds + (setting.includes('E') ? '' : 'E');
}
