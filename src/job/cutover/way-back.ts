/**
 * The way back of a cut-over: what is written to the new side from the switch on goes to the old one too, so that going back loses nothing.
 *
 * Why no full sync is needed, and nothing goes round in circles: when writes are stopped and the target has everything, both sides are equal. The offset at which
 * the target's own stream stands then is the exact place to begin: what stands before it is what we have brought, what comes behind it are the clients' writes. The
 * marks of the sync that ends are left out as all keys of Godwit are.
 *
 * The database that is selected at that place cannot be asked. So a key of Godwit's own is written twice in database 0: when the stream has grown by exactly the
 * second call, that is where the stream is, and nothing else came between.
 */
import { slotTags } from '../../checkpoint/slot-tags.ts';
import type { BeginPlace, SyncConfig } from '../../config/sync-config.ts';
import { GodwitError } from '../../errors/errors.ts';
import { SLOT_COUNT } from '../../model/slot.ts';
import { endpointName } from '../../model/endpoint.ts';
import type { Connection } from '../../net/connection.ts';
import type { KeepaliveWheel } from '../../net/keepalive-wheel.ts';
import type { Logger } from '../../observe/log.ts';
import { encodeCommand } from '../../resp/encode.ts';
import { ReplyError } from '../../resp/reply.ts';
import { psyncNames } from '../../source/replica/psync-names.ts';
import { SpoolBudget } from '../../source/replica/spool/disk-space.ts';
import { newestEpoch, removeJobSpool, spoolJobDir } from '../../source/replica/spool/spool-runs.ts';
import { checkSourceRights } from '../check-rights.ts';
import { type ConnectOptions, connectSource, connectTarget } from '../connect-sides.ts';
import type { JobSource, SourcePlace } from '../job-source.ts';
import type { JobTarget } from '../job-target.ts';
import type { SidesOptions } from '../open-sides.ts';
import { removeBegin, writeBegin } from './begin-file.ts';
import type { ReturnPath } from './cutover.ts';
import { lookingConnect, lookingSides } from './looking-sides.ts';
import { StandbyLink } from './standby-link.ts';

const TRIES_MAX = 20;

export class WayBack implements ReturnPath {
  private readonly config: SyncConfig;
  private readonly sides: SidesOptions;
  /** All that the new side holds is what the sync has brought. */
  private readonly isOwned: () => boolean;
  private source: JobSource | undefined;
  private links: readonly StandbyLink[] = [];
  private controls: readonly { readonly place: SourcePlace; readonly control: Connection }[] = [];

  /** @param config of the sync that goes back (reverse-config.ts) */
  constructor(config: SyncConfig, { wheel, log, isOwned }: { readonly wheel: KeepaliveWheel; readonly log: Logger; isOwned(): boolean }) {
    this.config = config;
    this.isOwned = isOwned;
    this.sides = lookingSides(config, { name: 'way-back', wheel, log });
  }

  async prepare(isRehearsal: boolean): Promise<string[]> {
    const { config } = this;
    const connect = lookingConnect(this.sides);
    await this.checkOldSide(connect);
    await connectSource(
      connect,
      (source) => (this.source = source),
      (source) => (this.controls = source.places.map((place) => this.controlled(place))),
    );
    const psyncName = psyncNames(config.psyncCommands);
    await Promise.all(this.controls.map(({ control }) => checkSourceRights(control, control.endpoint, psyncName(control.endpoint))));
    if (isRehearsal) return ['the way back: both users have the rights that it takes'];
    const jobDir = spoolJobDir(config.spool.dir, config.job.name);
    await removeJobSpool(jobDir);
    await removeBegin(config.spool.dir, config.job.name);
    const epoch = (await newestEpoch(jobDir)) + 1;
    const budget = new SpoolBudget({ dir: jobDir, maxBytes: config.spool.maxBytes, log: this.sides.log });
    this.links = this.controls.map(({ place, control }) => new StandbyLink({ config, place, control, epoch, budget, log: this.sides.log }));
    await Promise.all(this.links.map((link) => link.begin()));
    return this.controls.map(({ control }) => `the way back: ${endpointName(control.endpoint)} is followed`);
  }

  async fix(): Promise<string[]> {
    const owned = this.isOwned();
    const places = await Promise.all(
      this.controls.map(async ({ place, control }): Promise<BeginPlace> => ({ pipeline: place.id, owned, ...(await this.placeOf(place, control)) })),
    );
    const { spool, job } = this.config;
    await writeBegin(spool.dir, job.name, places);
    return places.map(({ offset, replicationId }, i) => {
      const name = endpointName(this.controls[i].control.endpoint);
      return `the way back: begins at ${name} behind its offset ${offset} of ${replicationId.slice(0, 8)}`;
    });
  }

  /** Leaves what has come to the sync that goes on with it, or removes it. */
  async end(isSwitched: boolean): Promise<void> {
    const { spool, job } = this.config;
    await Promise.all(this.links.map((link) => link.end()));
    if (!isSwitched && this.links.length > 0) {
      await removeBegin(spool.dir, job.name);
      await removeJobSpool(spoolJobDir(spool.dir, job.name));
    }
    await Promise.all(this.controls.map(({ place, control }) => this.removeKey(place, control).finally(() => control.close())));
    await this.source?.close();
  }

  /** What writes there later must be able to, and have nothing left of an earlier time. */
  private async checkOldSide(connect: ConnectOptions): Promise<void> {
    const { job, target } = this.config;
    let opened: JobTarget | undefined;
    try {
      await connectTarget(connect, (side) => (opened = side));
      const side = opened as unknown as JobTarget;
      await side.ready();
      side.check();
      await side.checkRights();
      if ((await side.known()).size > 0) {
        throw new GodwitError('CUTOVER_REFUSED', `${endpointName(target)} has marks of an earlier sync back, ${job.name}: end that with --finish first`);
      }
    } finally {
      await opened?.close();
    }
  }

  private controlled(place: SourcePlace): { place: SourcePlace; control: Connection; close(): Promise<void> } {
    const control = this.sides.connection('source control', place.endpoint, place.id);
    return { place, control, close: () => control.close() };
  }

  private async placeOf(place: SourcePlace, control: Connection): Promise<{ replicationId: string; offset: number }> {
    const key = this.keyOf(place);
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const [first, second] = [`${tries}a`, `${tries}b`].map((value) => ['SET', key, value]);
      const replies = await control.callAll([['SELECT', 0], first, ['INFO', 'replication'], second, ['INFO', 'replication']]);
      const refusal = replies.find((reply) => reply instanceof ReplyError);
      if (refusal instanceof ReplyError) throw new GodwitError('CUTOVER_UNDONE', `${endpointName(control.endpoint)}, for the way back: ${refusal.text}`);
      const [before, after] = [offsetIn(replies[2]), offsetIn(replies[4])];
      if (after.offset - before.offset === encodeCommand(second).length && after.replicationId === before.replicationId) return after;
    }
    throw new GodwitError(
      'CUTOVER_UNDONE',
      `${endpointName(control.endpoint)} has other writes of its own all the time; the way back has no place to begin at`,
    );
  }

  private async removeKey(place: SourcePlace, control: Connection): Promise<void> {
    if (control.isReady)
      await control
        .callAll([
          ['SELECT', 0],
          ['DEL', this.keyOf(place)],
        ])
        .catch(() => {});
  }

  /** In a cluster, one that lies at the node. */
  private keyOf({ share }: SourcePlace): string {
    const key = `${this.config.checkpoint.prefix}:${this.config.job.name}:begin`;
    if (share.kind !== 'slots') return key;
    const slot = Array.from({ length: SLOT_COUNT }, (_, n) => n).find((n) => share.owns(n)) ?? 0;
    return `${key}:{${slotTags()[slot]}}`;
  }
}

function offsetIn(info: unknown): { replicationId: string; offset: number } {
  const text = String(info);
  return { replicationId: /^master_replid:(\w+)/m.exec(text)?.[1] ?? '', offset: Number(/^master_repl_offset:(\d+)/m.exec(text)?.[1] ?? -1) };
}
