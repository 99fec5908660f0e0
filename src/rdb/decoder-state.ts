/** What a decoder has to know to go on in the middle of a file: plain JSON, part of the checkpoint. */
import type { RdbMagic } from './dialect.ts';
import type { HashTemplateState } from './hash-templates.ts';

export interface RdbDecoderState {
  readonly magic: RdbMagic;
  readonly version: number;
  /** Selected at the place where decoding goes on: that of the last row applied, not of the last one decoded. */
  readonly database: number;
  /** Registry of hash templates (Redis 8.10). */
  readonly templates?: readonly HashTemplateState[];
}
