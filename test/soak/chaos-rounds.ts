/** What `npm run chaos` plays, whatever the topology. */
import type { ReportedRound } from './chaos-report.ts';

export interface ChaosRounds {
  describe(round: number): string;
  /** @throws Error with all that is known when something was lost or done twice */
  play(round: number): Promise<ReportedRound & { readonly details: readonly string[] }>;
  /** Everything, with what the comparison after a round does not cover. @throws Error when something differs */
  compareAll(): Promise<void>;
  /** For the end of the report. */
  summary(): string[];
  /** The last lines of the logs, and where the spool is. */
  evidence(): string | Promise<string>;
  close(options: { readonly keepSpool: boolean }): Promise<void>;
}
