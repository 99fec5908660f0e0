/** What a SpoolLog is told and what it says of itself. Sizes and offsets are bytes. */
import type { Clock } from '../../../async/clock.ts';
import type { Logger } from '../../../observe/log.ts';
import type { SpoolBudget } from './disk-space.ts';
import type { SpoolLogName } from './segment-survey.ts';
import type { SpoolFiles } from './spool-files.ts';

export interface SpoolLogOptions {
  /** The folder of this run (spool-runs.ts); it is made if absent. */
  readonly dir: string;
  readonly name: SpoolLogName;
  readonly startOffset: number;
  readonly mode: 'always' | 'when-behind';
  /** Default 16 MiB. A receiver that heeds `congested` stays below this plus one slab. */
  readonly memoryBytesMax?: number;
  /** Default 64 MiB; made smaller when the budget is small, because only whole segments are deleted. */
  readonly segmentBytes?: number;
  /** Default 256 KiB: what a kill of this process may lose at most in mode `when-behind`. */
  readonly spillThresholdBytes?: number;
  /** Default 512 KiB. */
  readonly slabBytes?: number;
  /** Default 60 s, 256 MiB; whichever holds less; Infinity keeps all. At most a quarter of the budget's bound. */
  readonly retain?: { readonly ms: number; readonly bytes: number };
  readonly budget: SpoolBudget;
  readonly log: Logger;
  readonly clock?: Clock;
  readonly files?: SpoolFiles;
}

export interface SpoolLogStatus {
  readonly name: SpoolLogName;
  readonly startOffset: number;
  readonly endOffset: number;
  readonly acknowledgedOffset: number;
  /** Everything below it is on disk or no longer needed there. */
  readonly writtenOffset: number;
  readonly bytesOnDisk: number;
  readonly bytesInMemory: number;
  readonly segments: number;
  readonly congested: boolean;
  readonly diskFull: boolean;
  readonly finished: boolean;
}
