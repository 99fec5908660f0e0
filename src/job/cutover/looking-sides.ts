/** Sides of a job as somebody sees them who only looks: connections with names of their own, and nothing that is written. */
import type { SyncConfig } from '../../config/sync-config.ts';
import { Connection } from '../../net/connection.ts';
import type { KeepaliveWheel } from '../../net/keepalive-wheel.ts';
import type { Logger } from '../../observe/log.ts';
import { Pace } from '../../pipeline/pace.ts';
import { DeadLetterFile } from '../../target/dead-letter.ts';
import { LossReport } from '../../target/loss-report.ts';
import type { ConnectOptions } from '../connect-sides.ts';
import type { SidesOptions } from '../open-sides.ts';

const ATTEMPTS = 2;

export interface LookingOptions {
  /** Begins the names of the connections, and is said of them in messages. */
  readonly name: string;
  readonly wheel: KeepaliveWheel;
  readonly log: Logger;
}

export function lookingSides(config: SyncConfig, { name, wheel, log }: LookingOptions): SidesOptions {
  const { keepalive, reconnect, job } = config;
  // Not one of the job's own, which a run that takes it over ends.
  const runName = `godwit:${name}:${job.name}`;
  return {
    config,
    pace: new Pace(config.rate),
    runName,
    deadLetters: new DeadLetterFile(''),
    losses: new LossReport(''),
    wheel,
    log,
    connection: (role, endpoint) => new Connection({ role: `${name}: ${role}`, endpoint, clientName: runName, keepalive, reconnect, wheel, log }),
    onEvent: () => {},
  };
}

export function lookingConnect(sides: SidesOptions): ConnectOptions {
  return { sides, first: { attemptsMax: ATTEMPTS, patient: false }, unlessStopped: (work) => work };
}
