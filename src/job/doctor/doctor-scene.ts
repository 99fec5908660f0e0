/** What the checks look at. The light one is what a running job has too: the checks that are repeated get no more. */
import type { KnownPipeline } from '../../checkpoint/job-marks.ts';
import type { LoadConfig, SyncConfig } from '../../config/sync-config.ts';
import type { GodwitError } from '../../errors/errors.ts';
import type { Finding } from '../../observe/finding.ts';
import type { ScanOptions } from '../../source/scan/scan-options.ts';
import type { ClusterMap } from '../../topology/cluster-map.ts';
import type { JobTarget } from '../job-target.ts';
import type { JobRules } from '../open-edits.ts';
import type { NodeSurvey } from './node-survey.ts';

export type DoctorKind = 'sync' | 'scan' | 'load';

export interface LightScene {
  readonly kind: DoctorKind;
  /** Of a load: what is said of the source is that of the target, and means nothing. */
  readonly config: SyncConfig;
  /** Servers that were reached: one for each place that the source is read from, and each primary of the target. */
  readonly sources: readonly NodeSurvey[];
  readonly targets: readonly NodeSurvey[];
  /** The target has some of the data already: the job has begun. */
  readonly hasBegun: boolean;
  /** Free on the disk of the spool; -1 = unknown. */
  readonly diskFreeBytes: number;
  /** What the spool has on disk already. */
  readonly spoolBytes: number;
}

export interface SideFailure {
  readonly side: 'source' | 'target';
  readonly address: string;
  readonly error: GodwitError;
}

/** A cluster as one of its nodes sees it. */
export interface SurveyedCluster {
  readonly side: 'source' | 'target';
  readonly map: ClusterMap;
  /** From the nodes that were connected; `host:port`. */
  readonly askedAt: string;
  readonly version: NodeSurvey['version'];
}

export interface SampledKey {
  readonly source: NodeSurvey;
  readonly database: number;
  readonly key: Buffer;
  readonly type: string;
  /** As MEMORY USAGE says; -1 = unknown. */
  readonly bytes: number;
}

export interface DoctorScene extends LightScene {
  readonly load: { readonly config: LoadConfig; readonly name: string; readonly kind: string; readonly error: GodwitError | null } | null;
  readonly scan: Partial<ScanOptions>;
  /** null: it could not be reached. */
  readonly target: JobTarget | null;
  /** What earlier runs of the job have left at the target; an error where that is no mark of such a job. */
  readonly known: ReadonlyMap<string, KnownPipeline> | GodwitError;
  readonly failures: readonly SideFailure[];
  readonly clusters: readonly SurveyedCluster[];
  readonly rules: JobRules;
  /** Why the rules of the job cannot be read; null = they can. */
  readonly rulesError: GodwitError | null;
  /** Some keys of the source by chance; empty where RANDOMKEY is refused too. */
  readonly sample: readonly SampledKey[];
  /** Why the sample is not what it should be; '' = it is. */
  readonly sampleTrouble: string;
  /** Whether the user may hear of changes of keys. @returns the refusal, '' = it may */
  tryListening(node: NodeSurvey): Promise<string>;
  readonly eventLoop: { readonly delayMaxMs: number; readonly loadAverage: number; readonly cpus: number };
}

/** What a check says; the runner adds which check it was. */
export type Said = Omit<Finding, 'check'>;

export interface Check<Scene extends LightScene = DoctorScene> {
  /** Stable; events and JSON name it. */
  readonly id: string;
  readonly title: string;
  readonly group: 'Ways' | 'Servers' | 'Rights' | 'Connections' | 'Room' | 'Data' | 'Here';
  /** For the documents: what is measured, when it is more than all right, and what is said then. */
  readonly looksAt: string;
  readonly severities: string;
  readonly mends: string;
  readonly kinds: readonly DoctorKind[];
  /** @returns at least one, or none where there is nothing to look at. May throw what a server answers: that is said then. */
  look(scene: Scene): readonly Said[] | Promise<readonly Said[]>;
}

export const EVERY_KIND: readonly DoctorKind[] = ['sync', 'scan', 'load'];

export function fine(where: string, measured: string): Said {
  return { severity: 'ok', where, measured, why: '', mends: [] };
}
