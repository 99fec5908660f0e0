/**
 * `godwit cutover SOURCE TARGET --dry-run`: everything that a cut-over looks at, beside whoever runs the job, and without taking it over. How far the sync is
 * says its mark at the target, which is some tens of milliseconds behind what is applied.
 */
import type { SyncConfig } from '../../config/sync-config.ts';
import { GodwitError } from '../../errors/errors.ts';
import { endpointName } from '../../model/endpoint.ts';
import type { Connection } from '../../net/connection.ts';
import { KeepaliveWheel } from '../../net/keepalive-wheel.ts';
import type { CutoverSettings } from '../../observe/cutover-status.ts';
import type { JobStatus } from '../../observe/job-status.ts';
import type { Logger } from '../../observe/log.ts';
import { connectSource, connectTarget } from '../connect-sides.ts';
import type { JobSource, SourcePlace } from '../job-source.ts';
import type { JobTarget } from '../job-target.ts';
import { planPipelines } from '../plan-pipelines.ts';
import { SourceWatch } from '../source-watch.ts';
import { Cutover } from './cutover.ts';
import type { CutoverShard } from './cutover-shard.ts';
import type { Tell } from './cutover-record.ts';
import { lookingConnect, lookingSides } from './looking-sides.ts';
import { reverseConfig } from './reverse-config.ts';
import { clientSide } from './switch-words.ts';
import { WayBack } from './way-back.ts';

const LOOK_EVERY_MS = 250;

interface LookedAt {
  readonly place: SourcePlace;
  readonly control: Connection;
  readonly watch: SourceWatch;
  name: string;
  close(): Promise<void>;
}

export interface RehearsalOptions {
  readonly config: SyncConfig;
  readonly settings: CutoverSettings;
  readonly wayBack: SyncConfig | undefined;
  readonly log: Logger;
  /** Of a job of the same configuration that does not run. */
  readonly status: JobStatus;
  readonly onEvent: Tell;
}

export class Rehearsal {
  private readonly options: RehearsalOptions;
  private readonly wheel = new KeepaliveWheel();
  private source: JobSource | undefined;
  private target: JobTarget | undefined;
  private places: readonly LookedAt[] = [];
  private seen: readonly CutoverShard[] = [];
  private bytesPerSecond = 0;
  private cutover: Cutover | undefined;

  constructor(options: RehearsalOptions) {
    this.options = options;
  }

  /** @throws GodwitError CUTOVER_REFUSED with what stands in the way; of a side */
  async run(): Promise<void> {
    const { config, settings, log, onEvent, wayBack = reverseConfig(config) } = this.options;
    let looking: NodeJS.Timeout | undefined;
    const back = settings.reverse ? new WayBack(wayBack, { wheel: this.wheel, log, isOwned: () => false }) : undefined;
    try {
      const { source, target } = await this.open();
      await this.look();
      looking = setInterval(() => void this.look().catch(() => {}), LOOK_EVERY_MS);
      this.cutover = new Cutover({
        config,
        settings,
        wheel: this.wheel,
        log,
        status: () => this.status(),
        shards: () => this.seen,
        sourceEndpoints: () => this.places.map(({ control }) => control.endpoint),
        sides: () => ({
          from: clientSide(
            config.sourceSide,
            source.places.map(({ endpoint }) => endpoint),
            source.places[0]?.isClusterNode ?? false,
          ),
          to: clientSide(config.targetSide, target.primaryEndpoints(), target.isCluster),
        }),
        wayBack: back,
        holds: { prepare: async () => {}, unknownForMs: async () => 0, release: async () => 0 },
        endSync: async () => {},
        switchClients: () => Promise.reject(new GodwitError('INTERNAL', 'a rehearsal switches nothing')),
        onEvent,
      });
      const end = await this.cutover.run();
      for (const line of this.cutover.status().instructions) onEvent('info', 'cutover.switch', line);
      if (end.name !== 'rehearsed') throw new GodwitError('CUTOVER_REFUSED', end.reason);
    } finally {
      clearInterval(looking);
      await back?.end(false);
      await this.close();
    }
  }

  status(): JobStatus {
    const { status } = this.options;
    return { ...status, rate: { ...status.rate, bytesPerSecond: this.bytesPerSecond }, cutover: this.cutover?.status() ?? null };
  }

  stop(): void {
    this.cutover?.stop('the rehearsal is to end');
    void this.close();
  }

  private async open(): Promise<{ source: JobSource; target: JobTarget }> {
    const { config, log } = this.options;
    const connect = lookingConnect(lookingSides(config, { name: 'rehearsal', wheel: this.wheel, log }));
    const sides: { source?: JobSource; target?: JobTarget } = {};
    await connectSource(
      connect,
      (source) => (this.source = sides.source = source),
      (source) => (this.places = source.places.map((place) => this.lookedAt(connect.sides.connection('source control', place.endpoint, place.id), place))),
    );
    await connectTarget(connect, (target) => (this.target = sides.target = target));
    const { source, target } = sides;
    if (source === undefined || target === undefined) throw new GodwitError('INTERNAL', 'a side was not opened');
    await target.ready();
    target.check();
    const missing = await target.checkRights();
    if (missing.length > 0) this.options.onEvent('warn', 'rights.missing', `the user at target ${target.address} may not run ${missing.join(', ')}`);
    await planPipelines(this.places, await target.known(), config.rules !== null);
    return { source, target };
  }

  private lookedAt(control: Connection, place: SourcePlace): LookedAt {
    return { place, control, watch: new SourceWatch(control), name: place.id, close: () => control.close() };
  }

  /** What the marks say, beside where the streams are. */
  private async look(): Promise<void> {
    const known = (await this.target?.known()) ?? new Map();
    const before = this.seen;
    this.seen = await Promise.all(
      this.places.map(async ({ name, control }): Promise<CutoverShard> => {
        const info = String(await control.call('INFO', 'replication'));
        const offset = Number(/^(?:master_repl_offset|slave_repl_offset):(\d+)/m.exec(info)?.[1] ?? -1);
        const mark = known.get(name)?.mark;
        const at = mark?.phase === 'incremental-sync' ? mark.offset : -1;
        const isFollowing = at >= 0;
        const lagBytes = isFollowing ? Math.max(0, offset - at) : -1;
        const shared = { name, address: endpointName(control.endpoint), replicationId: mark?.replicationId ?? '', received: at, applied: at, marked: at };
        return { ...shared, isFollowing, lagBytes, lagMs: 0, lagIsCertain: isFollowing };
      }),
    );
    const moved = this.seen.reduce((sum, { applied }, i) => sum + Math.max(0, applied - (before[i]?.applied ?? applied)), 0);
    this.bytesPerSecond = Math.round((moved * 1_000) / LOOK_EVERY_MS);
  }

  private async close(): Promise<void> {
    await Promise.all([...this.places.map((place) => place.close()), this.source?.close(), this.target?.close(), this.cutover?.close()]);
  }
}
