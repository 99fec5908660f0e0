/**
 * How many snapshots of one host are made at a time: each is a fork of its server, and those of all shards at once can take all of its memory. Who asks for
 * one waits until it is its turn, in the order of asking.
 */
import { Deferred } from '../../async/deferred.ts';

export interface SnapshotTurn {
  /** Never rejects. */
  readonly granted: Promise<void>;
  readonly isGranted: boolean;
  /** It is not needed (any more). */
  end(): void;
}

class Turn implements SnapshotTurn {
  isGranted = false;
  private readonly deferred = new Deferred<void>();
  private readonly onEnd: (turn: Turn) => void;

  constructor(onEnd: (turn: Turn) => void) {
    this.onEnd = onEnd;
  }

  get granted(): Promise<void> {
    return this.deferred.promise;
  }

  grant(): void {
    this.isGranted = true;
    this.deferred.resolve();
  }

  end(): void {
    this.onEnd(this);
  }
}

export class SnapshotTurns {
  private readonly max: number;
  private readonly hosts = new Map<string, Turn[]>();

  /** @param max at a time, of each host */
  constructor(max: number) {
    this.max = max;
  }

  /** A snapshot is wanted. */
  ask(host: string): SnapshotTurn {
    const turn = this.add(host, false);
    this.grant(host);
    return turn;
  }

  /** A snapshot is being made that nobody has asked for: it counts, and waits for nobody. */
  take(host: string): SnapshotTurn {
    return this.add(host, true);
  }

  private add(host: string, first: boolean): SnapshotTurn {
    const turn = new Turn((one) => {
      const turns = this.hosts.get(host) ?? [];
      const at = turns.indexOf(one);
      if (at >= 0) turns.splice(at, 1);
      this.grant(host);
    });
    const turns = this.hosts.get(host) ?? [];
    this.hosts.set(host, turns);
    if (first) turns.unshift(turn);
    else turns.push(turn);
    if (first) turn.grant();
    return turn;
  }

  private grant(host: string): void {
    const turns = this.hosts.get(host) ?? [];
    const granted = turns.filter((turn) => turn.isGranted).length;
    for (const turn of turns.filter(({ isGranted }) => !isGranted).slice(0, Math.max(0, this.max - granted))) turn.grant();
  }
}
