/**
 * Takes a pair that is in sync through the switch of its clients: checks, stops writes at the source, proves that the target has all, compares, has the clients
 * switched, and lets writes go on. cutover-state.ts has the order; here is what is done in each state.
 *
 * Invariants: writes are let go on, whatever happens (and by the servers themselves when this process dies). Nothing is switched before the target has answered
 * all that the source has written, as of after its writes were stopped. The sync is ended before writes go on behind a switch.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { GodwitError, toGodwitError } from '../../errors/errors.ts';
import type { SyncConfig } from '../../config/sync-config.ts';
import { type Endpoint, endpointName } from '../../model/endpoint.ts';
import type { Connection } from '../../net/connection.ts';
import type { KeepaliveWheel } from '../../net/keepalive-wheel.ts';
import { type CutoverSettings, type CutoverStatus, DEFAULT_CUTOVER, type SwitchFacts } from '../../observe/cutover-status.ts';
import type { JobStatus } from '../../observe/job-status.ts';
import type { Logger } from '../../observe/log.ts';
import { type Check, checkConfig, checkSources, checkStatus } from './cutover-checks.ts';
import { CutoverRecord, type Tell } from './cutover-record.ts';
import { type CutoverShard, untilApplied } from './cutover-shard.ts';
import { type CutoverEvent, type CutoverState, type CutoverStateName, firstState, isEnd, transition } from './cutover-state.ts';
import { notComparable, verifyPair } from './final-verification.ts';
import { openPrimaries } from './open-primaries.ts';
import { QuietSource } from './quiet-source.ts';
import { type ClientSide, readOnlyWords, switchWords } from './switch-words.ts';
import { untilCaughtUp } from './catch-up.ts';
import { clientsOf, streamPlaces, WritePause } from './write-pause.ts';

/** Of the time that is left of the pause: for what comes behind the comparison. */
const COMPARING_SHARE = 0.6;
const STRAGGLERS_NAMED_MAX = 5;
const LAST_BYTES_MS = 2_000;

/** The way back, where one is wanted (way-back.ts). */
export interface ReturnPath {
  /** Before writes are stopped: all that could stand in its way. @throws GodwitError */
  prepare(isRehearsal: boolean): Promise<string[]>;
  /** Both sides are equal, and nobody writes: from here on the new side is followed. @throws GodwitError */
  fix(): Promise<string[]>;
}

/** What a cut-over needs of the job that it is made of. */
export interface CutoverParts {
  readonly config: SyncConfig;
  readonly settings: CutoverSettings;
  readonly wheel: KeepaliveWheel;
  readonly log: Logger;
  status(): JobStatus;
  shards(): readonly CutoverShard[];
  /** Where each shard is read from. */
  sourceEndpoints(): readonly Endpoint[];
  sides(): { readonly from: ClientSide; readonly to: ClientSide };
  readonly wayBack: ReturnPath | undefined;
  /** Keys that the target holds over their expiry, and who gives them their own one back. */
  readonly holds: {
    prepare(): Promise<void>;
    /** How long to wait until all of them are known; 0 = they are. */
    unknownForMs(): Promise<number>;
    release(): Promise<number>;
  };
  /** Ends the sync; resolves when nothing more is sent to the target. */
  endSync(): Promise<void>;
  /** Has the clients switched; a rejection undoes everything. */
  switchClients(facts: SwitchFacts, signal: AbortSignal): Promise<string>;
  readonly onEvent: Tell;
}

export class Cutover {
  private readonly parts: CutoverParts;
  private readonly record: CutoverRecord;
  private readonly cancelled = new AbortController();
  private state: CutoverState;
  private primaries: readonly Connection[] = [];
  private pause: WritePause | undefined;
  private quiet: QuietSource | undefined;
  private stoppedMs: number | undefined;
  private pausedMs = 0;
  private switchDeadlineMs: number | undefined;
  private holdUntilAt = 0;
  /** The clients are switched. */
  private isCommitted = false;
  private instructions: readonly string[] = [];
  private facts: SwitchFacts | null = null;

  constructor(parts: CutoverParts) {
    this.parts = parts;
    this.state = firstState(parts.settings.isRehearsal);
    this.record = new CutoverRecord(parts.onEvent);
  }

  /** Resolves with the end: switched, rolled back, refused or rehearsed. Never rejects. */
  async run(): Promise<CutoverState> {
    while (!isEnd(this.state)) {
      const { name } = this.state;
      this.record.begin(name);
      const event = await this.perform(name);
      this.state = transition(this.state, event);
      this.record.end(name, event);
    }
    const { name, reason } = this.state;
    this.record.conclude(name, this.endWords(), reason);
    return this.state;
  }

  /** Undoes what can be undone: writes go on, and run() resolves. */
  stop(reason: string): void {
    this.cancel({ type: 'stopped', reason });
  }

  async close(): Promise<void> {
    await Promise.all(this.primaries.map((connection) => connection.close()));
  }

  status(): CutoverStatus {
    const { isRehearsal, name, reason } = this.state;
    const pausedMs = this.stoppedMs === undefined ? this.pausedMs : performance.now() - this.stoppedMs;
    const { steps, sinceAt } = this.record;
    const { holdUntilAt, instructions, facts } = this;
    return { state: name, isRehearsal, sinceAt, steps, pausedMs: Math.round(pausedMs), holdUntilAt, instructions, facts, reason };
  }

  /** After a switch: who has not followed. */
  async tellStragglers(): Promise<void> {
    for (const connection of this.primaries) {
      const clients = clientsOf(String(await connection.call('CLIENT', 'LIST').catch(() => '')));
      if (clients.length === 0) continue;
      const named = clients
        .slice(0, STRAGGLERS_NAMED_MAX)
        .map(({ address, name, command }) => `${name === '' ? address : `${name} (${address})`} last ${command}`);
      const message = `clients at the old side ${endpointName(connection.endpoint)} again, ${clients.length}: ${named.join(', ')}. What they write there is there alone`;
      this.parts.onEvent('warn', 'cutover.stragglers', message, { clients: clients.length });
    }
  }

  private async perform(name: CutoverStateName): Promise<CutoverEvent> {
    const isReleasing = name === 'releasing' || name === 'ending-sync';
    const deadlineMs = this.deadlineOf(name);
    const timer = deadlineMs === undefined ? undefined : setTimeout(() => this.cancel(this.lateness(name)), Math.max(0, deadlineMs - performance.now()));
    try {
      const work = this.step(name);
      this.record.found(await (isReleasing ? work : Promise.race([work, this.untilCancelled()])));
      return { type: 'done' };
    } catch (thrown) {
      const reason: unknown = this.cancelled.signal.reason;
      if (!isReleasing && isEvent(reason)) return reason;
      return { type: 'failed', reason: toGodwitError(thrown).message };
    } finally {
      clearTimeout(timer);
    }
  }

  private step(name: CutoverStateName): Promise<readonly string[]> {
    const steps: Partial<Record<CutoverStateName, () => Promise<readonly string[]>>> = {
      checking: () => this.check(),
      'catching-up': () => this.catchUp(),
      comparing: () => this.compare(false, Number.POSITIVE_INFINITY),
      'stopping-writes': () => this.stopWrites(),
      draining: () => this.prove(),
      verifying: () => this.compare(true, this.leftMs() * COMPARING_SHARE),
      switching: () => this.switchClients(),
      'ending-sync': () => this.endSync(),
      releasing: () => this.release(),
    };
    return steps[name]?.() ?? Promise.resolve([]);
  }

  private async check(): Promise<readonly string[]> {
    const { config, settings, wayBack, wheel, log } = this.parts;
    const known = [...checkConfig(config, settings), ...checkStatus(this.parts.status(), this.parts.shards(), settings)];
    this.primaries = await openPrimaries({ config, wheel, log }, this.parts.sourceEndpoints());
    const checks = [...known, ...(await checkSources(this.primaries, settings))];
    for (const { what, outcome } of checks) if (outcome === 'warning') this.parts.onEvent('warn', 'cutover.warning', what);
    const problems = checks.filter(({ outcome }) => outcome === 'problem').map(({ what }) => what);
    if (problems.length > 0) throw new GodwitError('CUTOVER_REFUSED', problems.join('; '));
    if (!settings.isRehearsal) await this.parts.holds.prepare();
    const prepared = (await wayBack?.prepare(settings.isRehearsal)) ?? [];
    const { from, to } = this.parts.sides();
    this.instructions = switchWords(config, from, to, settings.reverse);
    return [...checks.map(words), ...prepared];
  }

  private catchUp(): Promise<readonly string[]> {
    const { settings } = this.parts;
    return untilCaughtUp(
      () => this.parts.shards(),
      () => this.parts.status(),
      settings,
      this.cancelled.signal,
    );
  }

  private async compare(isStill: boolean, budgetMs: number): Promise<readonly string[]> {
    const { config, settings, log } = this.parts;
    const why = notComparable(config);
    if (why !== undefined) return [`not compared: ${why}`];
    if (settings.sample === 0) return ['not compared: --sample 0'];
    const found = await verifyPair(config, { sample: settings.sample, isStill, budgetMs }, this.cancelled.signal, log);
    if (found.difference !== '') throw new GodwitError('CUTOVER_REFUSED', `${found.difference}. godwit verify names all of them`);
    return [found.words];
  }

  private async stopWrites(): Promise<readonly string[]> {
    const { settings, holds } = this.parts;
    const waitMs = await holds.unknownForMs();
    if (waitMs > 0) await sleep(waitMs, undefined, { signal: this.cancelled.signal });
    await this.catchUp();
    if (settings.quietWaitMs > 0) {
      this.quiet = new QuietSource(this.primaries);
      this.parts.onEvent('warn', 'cutover.stop-writers', `stop the writers of the source now; it is watched for ${settings.quietWaitMs} ms at most`);
      await this.quiet.wait(settings.quietMs, settings.quietWaitMs, this.cancelled.signal);
      this.stoppedMs = performance.now();
      return [`no write has come for ${settings.quietMs} ms`];
    }
    this.cancelled.signal.throwIfAborted();
    this.pause = new WritePause(this.primaries, (reason) => this.cancel({ type: 'failed', reason }));
    this.stoppedMs = performance.now();
    const places = await this.pause.begin();
    return places.map(({ offset }, i) => `${endpointName(this.primaries[i].endpoint)} takes no writes from its offset ${offset} on`);
  }

  /** The target has answered all that the source had when its writes were stopped, and since. */
  private async prove(): Promise<readonly string[]> {
    const places = await streamPlaces(this.primaries);
    const proof = await untilApplied(() => this.parts.shards(), places, this.cancelled.signal);
    await this.quiet?.stillQuiet();
    if (this.pause?.isHolding === false)
      throw new GodwitError('CUTOVER_UNDONE', 'writes may have come through at the source: this process was too slow to stop them for longer');
    return proof;
  }

  private async switchClients(): Promise<readonly string[]> {
    const { config, wayBack, onEvent } = this.parts;
    const proof = await this.prove();
    const fixed = (await wayBack?.fix()) ?? [];
    const { from, to } = this.parts.sides();
    const leftMs = (this.deadlineOf('switching') ?? 0) - performance.now();
    this.holdUntilAt = Date.now() + Math.max(0, Math.round(leftMs));
    const { instructions, holdUntilAt: untilAt } = this;
    for (const line of instructions) onEvent('info', 'cutover.switch', line);
    onEvent(
      'info',
      'cutover.switch',
      `both sides are equal, and writes are stopped: switch the clients now; writes go on at the source in ${Math.max(0, Math.round(leftMs))} ms`,
      {
        untilAt,
      },
    );
    this.facts = { job: config.job.name, from: from.addresses, to: to.addresses, toServers: to.servers, toKind: to.kind, instructions, untilAt };
    const said = await this.parts.switchClients(this.facts, this.cancelled.signal).finally(() => (this.facts = null));
    this.isCommitted = true;
    await this.bringStragglers();
    return [...proof, ...fixed, said];
  }

  /** What has come through at the source in the moment of the switch is brought as long as the sync runs, and told. */
  private async bringStragglers(): Promise<void> {
    const { onEvent } = this.parts;
    const wasHolding = this.pause?.isHolding !== false;
    if (!wasHolding) onEvent('warn', 'cutover.writes', 'writes may have come through at the source while the clients were switched: godwit verify tells');
    try {
      await this.quiet?.stillQuiet();
      await untilApplied(() => this.parts.shards(), await streamPlaces(this.primaries), AbortSignal.timeout(LAST_BYTES_MS));
    } catch (error) {
      const { message } = toGodwitError(error);
      onEvent('warn', 'cutover.writes', `while the clients were switched: ${message}. godwit verify tells whether anything is missing`);
    }
  }

  private async endSync(): Promise<readonly string[]> {
    await this.parts.endSync();
    const ended = 'the sync has ended: what comes to the old side from now on is not copied';
    const released = await this.parts.holds.release();
    return released === 0 ? [ended] : [ended, `${released} keys that were about to expire got their own expiry back`];
  }

  private async release(): Promise<readonly string[]> {
    const { isSwitched } = this.state;
    const { quiet, pause } = this;
    if (pause === undefined) {
      this.noteReleased();
      return [quiet === undefined ? 'writes had not been stopped' : 'the writers can go on: nothing was stopped at the source'];
    }
    const { ended, untold } = await pause.release(isSwitched);
    this.noteReleased();
    const told = isSwitched
      ? [`${ended} connections of clients at the old side were ended`, readOnlyWords(this.parts.sides().from, this.parts.settings.reverse)]
      : [];
    if (untold.length > 0) throw new GodwitError('CONNECTION_LOST', `${untold.join(', ')} could not be told to go on, and does so by itself within 2 s`);
    return [`writes go on: they were stopped for ${Math.round(this.pausedMs)} ms`, ...told];
  }

  private noteReleased(): void {
    if (this.stoppedMs !== undefined) this.pausedMs = performance.now() - this.stoppedMs;
    this.stoppedMs = undefined;
    this.holdUntilAt = 0;
  }

  /** performance.now(); undefined = it takes what it takes. */
  private deadlineOf(name: CutoverStateName): number | undefined {
    const { maxPauseMs } = this.parts.settings;
    const holdMs = this.holdMs();
    if (name === 'draining' || name === 'verifying') return (this.stoppedMs ?? 0) + maxPauseMs;
    if (name !== 'switching') return undefined;
    return holdMs > 0 ? (this.switchDeadlineMs ??= performance.now() + holdMs) : (this.stoppedMs ?? 0) + maxPauseMs;
  }

  /** 0 = what is left of the pause. Where nothing is stopped there is none that has to end soon. */
  private holdMs(): number {
    const { holdMs, quietWaitMs } = this.parts.settings;
    return holdMs === 0 && quietWaitMs > 0 ? DEFAULT_CUTOVER.holdMs : holdMs;
  }

  private leftMs(): number {
    return Math.max(0, (this.deadlineOf('verifying') ?? 0) - performance.now());
  }

  private lateness(name: CutoverStateName): CutoverEvent {
    const { maxPauseMs } = this.parts.settings;
    const holdMs = this.holdMs();
    if (name === 'switching' && holdMs > 0) return { type: 'late', reason: `the clients were not switched within ${holdMs} ms (--hold)` };
    const doing =
      { draining: 'the target had not applied all', verifying: 'the comparison was not over', switching: 'the clients were not switched' }[name as string] ??
      name;
    return { type: 'late', reason: `${doing} when writes had been stopped for ${maxPauseMs} ms (--max-pause)` };
  }

  private endWords(): string {
    const { name } = this.state;
    const paused = Math.round(this.pausedMs);
    if (name === 'rehearsed') return 'nothing stands in the way of the cut-over; no writes were stopped, and nothing was switched';
    if (name === 'switched') return `cut over; writes were stopped for ${paused} ms`;
    if (name === 'refused') return 'not cut over; no writes were stopped, and the sync goes on';
    return `not cut over; writes were stopped for ${paused} ms and go on at the source, nothing is lost, and the sync goes on`;
  }

  private cancel(event: CutoverEvent): void {
    if (!this.isCommitted && !this.cancelled.signal.aborted) this.cancelled.abort(event);
  }

  private untilCancelled(): Promise<never> {
    const { signal } = this.cancelled;
    return new Promise((_resolve, reject) => {
      const end = (): void => reject(signal.reason as Error);
      if (signal.aborted) end();
      else signal.addEventListener('abort', end, { once: true });
    });
  }
}

function isEvent(reason: unknown): reason is CutoverEvent {
  return typeof reason === 'object' && reason !== null && 'type' in reason && 'reason' in reason;
}

function words({ what, outcome }: Check): string {
  return outcome === 'fine' ? what : `${outcome}: ${what}`;
}
