/** Pages of keys of all nodes of a side, for several takers: nodes take turns, and each is asked for one page at a time. */
import type { KeyPage, KeyScanner } from './asked-side.ts';

interface Open {
  readonly scanner: KeyScanner;
  /** The page that was asked for last. */
  last: Promise<unknown>;
}

export class PageQueue {
  private readonly open: Open[];
  private turn = 0;

  constructor(scanners: readonly KeyScanner[]) {
    this.open = scanners.map((scanner) => ({ scanner, last: Promise.resolve() }));
  }

  /** Null: there are no more. */
  async next(): Promise<KeyPage | null> {
    while (this.open.length > 0) {
      const from = this.open[this.turn++ % this.open.length];
      const page = from.last.then(() => from.scanner.next());
      from.last = page.catch(() => {});
      const taken = await page;
      if (taken !== null) return taken;
      const at = this.open.indexOf(from);
      if (at >= 0) this.open.splice(at, 1);
    }
    return null;
  }
}
