/**
 * The shape that the radix tree of a server has for ids of 16 bytes, which come in ascending order: how many nodes it takes. Nothing is kept but the last id
 * and the branches on the way to it.
 *
 * A branch is a depth at which ids part; what lies between two branches, and behind the last one, is one compressed node if it is not empty. Facts: rax.c.
 */
const ID_BYTES = 16;

export class RaxShape {
  count = 0;
  branches = 0;
  /** Compressed nodes. */
  segments = 0;
  private readonly last = new Uint8Array(ID_BYTES);
  /** Depths of the branches on the way to the last id, ascending. */
  private readonly open: number[] = [];

  /** An empty tree has its root. */
  get nodes(): number {
    return Math.max(1, this.count + this.branches + this.segments);
  }

  reset(): void {
    this.count = 0;
    this.branches = 0;
    this.segments = 0;
    this.open.length = 0;
  }

  add(id: Uint8Array, at: number): void {
    const { last, open } = this;
    if (this.count++ === 0) this.segments = 1;
    else {
      let depth = 0;
      while (depth < ID_BYTES - 1 && id[at + depth] === last[depth]) depth++;
      let below = ID_BYTES;
      while (open.length > 0 && open[open.length - 1] > depth) below = open.pop() as number;
      if (open[open.length - 1] !== depth) this.split(depth, below);
      if (depth < ID_BYTES - 1) this.segments++;
    }
    for (let i = 0; i < ID_BYTES; i++) last[i] = id[at + i];
  }

  /** Cuts the compressed node that `depth` lies in and that ends at `below`: what is left before and behind is one each. */
  private split(depth: number, below: number): void {
    const from = this.open.length === 0 ? 0 : this.open[this.open.length - 1] + 1;
    this.branches++;
    this.segments += (depth > from ? 1 : 0) + (depth + 1 < below ? 1 : 0) - 1;
    this.open.push(depth);
  }
}
