/**
 * What the source says of itself over its control connection while a sync runs: how far it is, and whether it is saving.
 *
 * The second one matters for silence. A source that saves without a disk sends nothing at all on the replication link until its buffer of 16 KiB is full for the
 * first time, not even newlines (replication.c: replicationCron skips replicas that the child feeds itself). With few keys and a slow save that takes longer than
 * repl-timeout, so silence on the link proves nothing as long as the source answers here that it still saves.
 */
import type { Connection } from '../net/connection.ts';
import type { ReplicaLinkState } from '../source/replica/replica-link-state.ts';

const REPL_TIMEOUT_DEFAULT_MS = 60_000;
const ASK_EVERY_MS = 1_000;
const RATE_SPAN_MS = 30_000;

export class SourceWatch {
  /** Of the source's stream; -1 = unknown. */
  offset = -1;
  /** The history that it belongs to. */
  replicationId = '';
  /** When both were heard, Unix ms. */
  heardAt = 0;
  private backlogBytesMax = -1;
  /** Bytes that it writes in a second, over the last minute or so; -1 = unknown. */
  private bytesPerSecond = -1;
  private readonly source: Connection;
  private replTimeoutMs = REPL_TIMEOUT_DEFAULT_MS;
  private savingSeenMs = Number.NEGATIVE_INFINITY;
  private askedAtMs = Number.NEGATIVE_INFINITY;
  private asking = false;

  constructor(source: Connection) {
    this.source = source;
  }

  /** Reads `repl-timeout`; where CONFIG is refused the default counts. */
  async begin(): Promise<void> {
    const reply = await this.source.call('CONFIG', 'GET', 'repl-timeout').catch(() => null);
    const seconds = Array.isArray(reply) ? Number(String(reply[1])) : 0;
    if (seconds > 0) this.replTimeoutMs = seconds * 1_000;
  }

  /** The replication id, and the one before the last failover; none where it cannot be asked. */
  async histories(): Promise<string[]> {
    const info = String(await this.source.call('INFO', 'replication').catch(() => ''));
    return [...info.matchAll(/^master_replid2?:([0-9a-f]{40})/gm)].map((match) => match[1]).filter((id) => !/^0+$/.test(id));
  }

  /** Asks anew, once a second at most. Resolves when the answer is there, or will not come. */
  async ask(link: ReplicaLinkState): Promise<void> {
    const now = performance.now();
    if (this.asking || !this.source.isReady || now - this.askedAtMs < ASK_EVERY_MS) return;
    this.asking = true;
    this.askedAtMs = now;
    await this.read(link)
      .catch(() => {})
      .finally(() => (this.asking = false));
  }

  /**
   * Silence on the replication link after which the source is taken for dead: its repl-timeout, counted from when it was last seen saving.
   * @param receivedMs when the link received its last byte (performance.now)
   */
  silenceMaxMs(receivedMs: number): number {
    return this.replTimeoutMs + Math.max(0, Math.round(this.savingSeenMs - receivedMs));
  }

  /** @param received offset behind the last byte that is in the spool; -1 = there is no stream yet */
  backlog(received: number): { readonly bytesMax: number; readonly bytesLeft: number; readonly timeLeftMs: number } {
    const bytesMax = this.backlogBytesMax;
    if (received < 0 || bytesMax < 0 || this.offset < 0) return { bytesMax, bytesLeft: -1, timeLeftMs: -1 };
    const bytesLeft = Math.max(0, bytesMax - Math.max(0, this.offset - received));
    return { bytesMax, bytesLeft, timeLeftMs: this.bytesPerSecond > 0 ? Math.round((bytesLeft * 1000) / this.bytesPerSecond) : -1 };
  }

  private noteRate(offset: number, atMs: number): void {
    if (this.offset < 0 || offset < this.offset || atMs <= this.heardAt) return;
    const now = ((offset - this.offset) * 1000) / (atMs - this.heardAt);
    const weight = Math.min(1, (atMs - this.heardAt) / RATE_SPAN_MS);
    this.bytesPerSecond = this.bytesPerSecond < 0 ? now : this.bytesPerSecond + (now - this.bytesPerSecond) * weight;
  }

  private async read(link: ReplicaLinkState): Promise<void> {
    const askedAt = Date.now();
    const info = String(await this.source.call('INFO', 'replication'));
    const offset = /^(?:master_repl_offset|slave_repl_offset):(\d+)/m.exec(info)?.[1];
    if (offset !== undefined) {
      this.noteRate(Number(offset), askedAt);
      this.offset = Number(offset);
      this.replicationId = /^master_replid:(\w+)/m.exec(info)?.[1] ?? '';
      this.backlogBytesMax = Number(/^repl_backlog_size:(\d+)/m.exec(info)?.[1] ?? -1);
      this.heardAt = askedAt;
    }
    if (link !== 'waiting-for-rdb' && link !== 'receiving-rdb') return;
    const isSaving = /^rdb_bgsave_in_progress:1/m.test(String(await this.source.call('INFO', 'persistence')));
    if (isSaving) this.savingSeenMs = performance.now();
  }
}
