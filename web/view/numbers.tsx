/** The numbers that are asked for first: how far, how long yet, how far behind, how fast. */
import type { JSX } from 'preact';
import { showCount, showPercent } from '../../src/status/format-quantity.ts';
import type { PageStatus } from '../feed/page-status.ts';
import { healthOf } from '../judge/health.ts';
import type { PictureNode } from '../judge/topology.ts';
import type { Words } from '../words/en.ts';
import { useWords } from './page-words.ts';

interface NumbersProps {
  readonly status: PageStatus;
  readonly slowest: PictureNode | null;
  /** Server's time. */
  readonly now: number;
}

export function Numbers({ status, slowest, now }: NumbersProps): JSX.Element {
  const words = useWords();
  const { numbers, duration, bytes } = words;
  const { rate, checkpoint, spool, connections } = status;
  const good = connections.filter((connection) => ['good', 'idle'].includes(healthOf(connection))).length;
  return (
    <section aria-labelledby="numbers-title">
      <h2 id="numbers-title" class="hidden">
        {numbers.title}
      </h2>
      <dl class="tiles">
        <Progress status={status} words={words} />
        {status.load === undefined && <Lag status={status} words={words} />}
        <Tile name={numbers.speed} {...speed(status, words)} hints={[numbers.bytesPerSecond(bytes(Math.max(0, rate.bytesPerSecond)))]} />
        <Tile
          name={numbers.mark}
          value={checkpoint.at > 0 ? numbers.ago(duration(Math.max(0, now - checkpoint.at))) : numbers.markNone}
          hints={[numbers.markHint]}
        />
        <Tile
          name={numbers.connections}
          value={numbers.connectionsOf(good, connections.length)}
          hints={[numbers.connectionsHint]}
          level={good < connections.length ? 'bad' : undefined}
        />
        {status.load === undefined && (
          <Tile
            name={numbers.spool}
            value={bytes(spool.bytesOnDisk + spool.bytesInMemory)}
            hints={[...(spool.bytesMax > 0 ? [numbers.spoolOf(bytes(spool.bytesMax))] : []), numbers.spoolFree(bytes(spool.diskFreeBytes))]}
            level={spool.full === null ? undefined : 'bad'}
          />
        )}
        {slowest !== null && (
          <Tile
            name={numbers.slowest}
            value={slowest.address}
            isLong
            hints={[numbers.slowestHint(duration(slowest.roundTripMs), bytes(slowest.unansweredBytes))]}
          />
        )}
      </dl>
    </section>
  );
}

function speed({ rate, phase, scan }: PageStatus, { numbers }: Words): { value: string; unit: string } {
  const isStream = phase === 'incremental-sync' && scan === undefined;
  const perSecond = isStream ? rate.commandsPerSecond : rate.keysPerSecond;
  return { value: showCount(Math.max(0, perSecond)), unit: isStream ? numbers.commandsPerSecond : numbers.keysPerSecond };
}

function Progress({ status, words }: { readonly status: PageStatus; readonly words: Words }): JSX.Element {
  const { numbers, duration, bytes } = words;
  const { progress, timeLeftMs, bytesTotal, bytesApplied, keysApplied, keysSkipped } = status.fullSync;
  const isDone = progress >= 1;
  const left = timeLeftMs >= 0 ? numbers.left(duration(timeLeftMs)) : numbers.leftUnknown;
  const size = bytesTotal >= 0 ? numbers.ofBytes(bytes(bytesApplied), bytes(bytesTotal)) : numbers.sizeUnknown(bytes(bytesApplied));
  const isScan = status.scan !== undefined;
  return (
    <Tile
      name={numbers.progress}
      value={progress < 0 ? bytes(bytesApplied) : showPercent(progress)}
      hints={[
        ...(isDone ? [] : [left]),
        ...(isScan || (isDone && bytesTotal < 0) ? [] : [size]),
        numbers.keys(showCount(keysApplied)),
        ...(keysSkipped > 0 ? [numbers.skipped(showCount(keysSkipped))] : []),
      ]}
    />
  );
}

function Lag({ status, words }: { readonly status: PageStatus; readonly words: Words }): JSX.Element {
  const { numbers, duration, bytes, facts } = words;
  const { lagMs, lagBytes, scan } = status;
  if (scan !== undefined && lagBytes < 0) {
    return <Tile name={numbers.lag} value={showCount(scan.queued)} hints={[facts.scanFacts.queued]} />;
  }
  return <Tile name={numbers.lag} value={duration(lagMs)} hints={[lagBytes < 0 ? numbers.lagUnknown : bytes(lagBytes)]} />;
}

interface TileProps {
  readonly name: string;
  readonly value: string;
  readonly unit?: string;
  /** The value is a text rather than a number. */
  readonly isLong?: boolean;
  readonly hints: readonly string[];
  readonly level?: 'bad' | undefined;
}

function Tile({ name, value, unit, isLong = false, hints, level }: TileProps): JSX.Element {
  return (
    <div class={`tile ${level ?? ''}`}>
      <dt>{name}</dt>
      <dd class={isLong ? 'value long' : 'value'}>
        {value}
        {unit !== undefined && <small> {unit}</small>}
      </dd>
      <dd class="hint">
        {hints.map((hint) => (
          <span key={hint}>{hint}</span>
        ))}
      </dd>
    </div>
  );
}
