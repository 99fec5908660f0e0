/** Module values: handed on as they stand in the file, module id and items; where they end is known by the skipper. */
import { ValueKind } from '../../model/value-kind.ts';
import type { ValueProgram } from '../value-program.ts';
import { ValueSkipper } from '../value-skipper.ts';
import type { ItemWindow } from './item-window.ts';
import type { ValueReader } from './value-reader.ts';
import type { ValueVisitor } from './value-visitor.ts';

export class ModuleReader implements ValueReader {
  private readonly window: ItemWindow;
  private readonly skipper = new ValueSkipper();
  private values!: ValueVisitor;
  /** Bytes that the skipper has jumped over, and that are still to be handed on. */
  private jumped = 0;

  constructor(window: ItemWindow) {
    this.window = window;
  }

  get done(): boolean {
    return this.skipper.done && this.jumped === 0;
  }

  begin(values: ValueVisitor, program: ValueProgram, bytesLeftMax: number): this {
    this.values = values;
    this.jumped = 0;
    this.skipper.beginProgram(program, bytesLeftMax);
    values.begin(ValueKind.Module, -1);
    return this;
  }

  read(at: number): number {
    const { window, skipper } = this;
    let from = this.passJumped(at);
    if (this.jumped > 0 || skipper.done) return from;
    const next = skipper.skip(window.bytes, from, window.end);
    if (next > from) this.values.raw(window.bytes, from, next);
    from = next;
    this.jumped = skipper.seek;
    return from;
  }

  private passJumped(at: number): number {
    const next = Math.min(this.window.end, at + this.jumped);
    if (next > at) this.values.raw(this.window.bytes, at, next);
    this.jumped -= next - at;
    return next;
  }
}
