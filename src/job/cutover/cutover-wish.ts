/** What a cut-over is asked for with, by the command line or over HTTP. */
import type { SyncConfig } from '../../config/sync-config.ts';
import type { CutoverSettings, SwitchFacts } from '../../observe/cutover-status.ts';

export interface CutoverWish {
  readonly settings: CutoverSettings;
  /** Resolves when the clients are switched, with what to say of it; a rejection undoes the cut-over. */
  switchClients(facts: SwitchFacts, signal: AbortSignal): Promise<string>;
  /** Ends the job, drained, when it was not cut over; else the sync goes on. */
  readonly endsWhenRefused: boolean;
  /** How long the job stays behind the switch, for whoever follows its status; 0 unless told. */
  readonly lingerMs?: number;
  /** The sync that goes on behind the switch, with settings.reverse; that of reverse-config.ts unless told. */
  readonly wayBack?: SyncConfig;
}
