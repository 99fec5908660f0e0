/**
 * The keys of one node by SCAN, a page ahead of who takes them. A cursor means something only to the process that gave it: where another one answers, after a
 * restart or a failover, the scan begins anew.
 */
import type { AskedNode, ScannedPage } from './asked-node.ts';
import type { KeyPage, KeyScanner } from './asked-side.ts';
import type { SlabPool } from './key-replies.ts';

export interface ShardScannerOptions {
  readonly pool: SlabPool;
  readonly database: number;
  /** The node to ask now, connected. */
  node(): Promise<AskedNode>;
  /** Until it is answered. */
  again<T>(attempt: () => Promise<T>): Promise<T>;
}

export class ShardScanner implements KeyScanner {
  private readonly options: ShardScannerOptions;
  private cursor = '0';
  private runId = '';
  private ahead: Promise<ScannedPage> | null = null;
  private isOver = false;

  constructor(options: ShardScannerOptions) {
    this.options = options;
  }

  async next(): Promise<KeyPage | null> {
    if (this.isOver) return null;
    const { slab, keys, cursor } = await (this.ahead ?? this.fetch());
    this.cursor = cursor;
    this.isOver = cursor === '0';
    this.ahead = this.isOver ? null : this.fetch();
    this.ahead?.catch(() => {});
    return { keys, release: () => this.options.pool.give(slab) };
  }

  private fetch(): Promise<ScannedPage> {
    const from = this.cursor;
    return this.options.again(async () => {
      const node = await this.options.node();
      const { runId } = node.connection.server;
      const isSame = this.runId === '' || this.runId === runId;
      this.runId = runId;
      return node.scan(this.options.database, isSame ? from : '0');
    });
  }
}
