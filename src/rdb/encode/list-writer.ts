/**
 * Lists, as nodes of packed elements, which servers take over as they are:
 *
 *   RDB 9         type 14   count *ziplist-string
 *   RDB 10 and up type 18   count *( %x02 listpack-string / %x01 element )     ; an element that is larger than a node stands alone
 *
 * Redis 7.0 itself packs also large elements, so RDB 10 has them as a listpack of one; from 7.2 on servers write %x01.
 */
import { RdbType } from '../opcodes.ts';
import type { DumpVersion } from './dump-version.ts';
import { ListpackNode } from './listpack-node.ts';
import type { PackedNode } from './packed-node.ts';
import type { PayloadOutput } from './payload-output.ts';
import { ZiplistNode } from './ziplist-node.ts';

const PLAIN = 1;
const PACKED = 2;

export class ListWriter {
  readonly type: number;
  private readonly output: PayloadOutput;
  private readonly node: PackedNode;
  private readonly largeStandsAlone: boolean;
  private nodes = 0;

  constructor(output: PayloadOutput, version: DumpVersion) {
    this.output = output;
    this.type = version === 9 ? RdbType.ListQuicklist : RdbType.ListQuicklist2;
    this.node = version === 9 ? new ZiplistNode() : new ListpackNode();
    this.largeStandsAlone = version > 10;
  }

  begin(): void {
    this.nodes = 0;
    this.node.reset();
    this.output.open(-1);
  }

  element(bytes: Uint8Array, start: number, end: number): void {
    if (this.node.add(bytes, start, end)) return;
    this.writeNode();
    if (this.node.add(bytes, start, end)) return;
    this.nodes++;
    if (this.largeStandsAlone) {
      this.output.length(PLAIN);
      this.output.string(bytes, start, end);
      return;
    }
    this.container();
    this.node.writeSingle(this.output, bytes, start, end);
  }

  end(): void {
    this.writeNode();
    this.output.close(this.nodes);
  }

  private writeNode(): void {
    if (this.node.count === 0) return;
    this.nodes++;
    this.container();
    const length = this.node.close();
    this.output.string(this.node.bytes, 0, length);
    this.node.reset();
  }

  private container(): void {
    if (this.type === RdbType.ListQuicklist2) this.output.length(PACKED);
  }
}
