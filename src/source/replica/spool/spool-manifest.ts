/**
 * The manifest of one run's spool folder: whose bytes lie there. `manifest.json`, replaced as a whole (written beside it, synced, renamed), so a
 * reader finds the old one or the new one, never half of one.
 *
 * Trust: segment files are not synced, so their bytes outlive the process but not the machine. The manifest carries the boot id of the kernel; after a
 * restart, or where there is no boot id (not Linux), isTrusted() says no and the run counts as empty: the source's backlog or a new full sync serves instead.
 */
import fs from 'node:fs/promises';
import path from 'node:path';
import * as v from 'valibot';
import { GodwitError } from '../../../errors/errors.ts';
import { errorCode } from './spool-files.ts';

const MANIFEST_FILE = 'manifest.json';
const VERSION = 1;

const offset = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const replicationId = v.pipe(v.string(), v.regex(/^[0-9a-f]{40}$/i, 'a replication id has 40 hex digits'));

const manifestSchema = v.object({
  version: v.literal(VERSION),
  jobId: v.string(),
  epoch: offset,
  /** /proc/sys/kernel/random/boot_id, or ''. */
  bootId: v.string(),
  replicationId,
  /** The history before the last failover of the source (PSYNC2). */
  secondReplicationId: v.optional(replicationId),
  /** The snapshot; its log has offsets 0..length. */
  rdb: v.nullable(
    v.object({
      replicationId,
      /** Replication offset that the snapshot stands for. */
      offset,
      /** -1 while unknown (diskless). */
      length: v.pipe(v.number(), v.safeInteger(), v.minValue(-1)),
      /** All of it was received and is on disk, as far as it was not applied and dropped. */
      complete: v.boolean(),
      checksumOk: v.boolean(),
      /** Unix milliseconds. */
      startedAt: v.number(),
    }),
  ),
  stream: v.nullable(v.object({ replicationId, startOffset: offset })),
});

/** Plain data; made with `version: 1`. */
export type SpoolManifest = Readonly<v.InferOutput<typeof manifestSchema>>;

/** `manifest` is undefined when there is none that can be used; `reason` then says why, for the log. */
export type LoadedManifest = { readonly manifest: SpoolManifest } | { readonly manifest: undefined; readonly reason: string };

/** Reads the manifest of a run. Never throws for what the file says or lacks. */
export async function loadManifest(runDir: string): Promise<LoadedManifest> {
  const file = path.join(runDir, MANIFEST_FILE);
  let text: string;
  try {
    text = await fs.readFile(file, 'utf8');
  } catch (error) {
    return { manifest: undefined, reason: errorCode(error) === 'ENOENT' ? 'there is no manifest' : `the manifest cannot be read: ${String(error)}` };
  }
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    return { manifest: undefined, reason: 'the manifest is not JSON' };
  }
  const parsed = v.safeParse(manifestSchema, data);
  if (parsed.success) return { manifest: parsed.output };
  const [issue] = parsed.issues;
  return { manifest: undefined, reason: `the manifest is not valid at ${v.getDotPath(issue) ?? 'its top'}: ${issue.message}` };
}

/** Replaces the manifest of a run durably. One at a time per folder. @throws SPOOL_FAILED */
export async function writeManifest(runDir: string, manifest: SpoolManifest): Promise<void> {
  const file = path.join(runDir, MANIFEST_FILE);
  const draft = `${file}.tmp`;
  try {
    await fs.mkdir(runDir, { recursive: true, mode: 0o700 });
    await fs.writeFile(draft, `${JSON.stringify(v.parse(manifestSchema, manifest), null, 2)}\n`, { mode: 0o600, flush: true });
    await fs.rename(draft, file);
    const folder = await fs.open(runDir, 'r');
    await folder.sync().finally(() => folder.close());
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new GodwitError('SPOOL_FAILED', `the manifest ${file} cannot be written: ${reason}`, { cause: error, details: { file } });
  }
}

/** The id of this start of the machine; '' where the system has none. */
export async function readBootId(): Promise<string> {
  try {
    return (await fs.readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  } catch {
    return '';
  }
}

/** True if the segment files beside this manifest can be believed: the machine has not been restarted since. */
export function isTrusted(manifest: SpoolManifest, bootId: string): boolean {
  return bootId !== '' && manifest.bootId === bootId;
}
