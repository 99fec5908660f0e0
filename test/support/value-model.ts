/**
 * Values as tests think of them: a small tree that can be fed to a ValueVisitor, as a decoder would do it, and read back from a server with plain
 * commands. Independent of decoders. Texts are latin1 strings: one character per byte.
 */
import { ValueKind } from '../../src/model/value-kind.ts';
import type { ValueVisitor } from '../../src/rdb/values/value-visitor.ts';
import { type StreamModel, feedStream } from './stream-model.ts';

export type ValueModel =
  | { readonly kind: 'string'; readonly text: string }
  | { readonly kind: 'list' | 'set'; readonly elements: readonly string[] }
  | { readonly kind: 'zset'; readonly members: ReadonlyArray<readonly [member: string, score: number]> }
  | { readonly kind: 'hash'; readonly fields: ReadonlyArray<readonly [field: string, value: string, expiryMs: number]> }
  | { readonly kind: 'stream'; readonly stream: StreamModel };

export interface FeedOptions {
  /** Announce no count, as some encodings do; or a wrong one. */
  readonly count?: number;
  /** Bytes of a string at once. */
  readonly textBytes?: number;
}

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');

/** Calls the visitor as a decoder would; ranges begin behind some other bytes, so that an index is never 0 by chance. */
export function feedValue(value: ValueModel, visitor: ValueVisitor, options: FeedOptions = {}): void {
  const count = (actual: number): number => options.count ?? actual;
  switch (value.kind) {
    case 'string':
      visitor.begin(ValueKind.String, count(value.text.length));
      feedText(latin1(`..${value.text}`), visitor, options.textBytes ?? value.text.length);
      break;
    case 'list':
    case 'set':
      visitor.begin(value.kind === 'list' ? ValueKind.List : ValueKind.Set, count(value.elements.length));
      for (const element of value.elements) visitor.element(latin1(`.${element}.`), 1, 1 + element.length);
      break;
    case 'zset':
      visitor.begin(ValueKind.Zset, count(value.members.length));
      for (const [member, score] of value.members) visitor.member(latin1(`...${member}.`), 3, 3 + member.length, score);
      break;
    case 'hash':
      visitor.begin(ValueKind.Hash, count(value.fields.length));
      for (const [field, text, expiryMs] of value.fields) {
        visitor.field(latin1(`.${field}`), 1, 1 + field.length, latin1(`${text}.`), 0, text.length, expiryMs);
      }
      break;
    case 'stream':
      visitor.begin(ValueKind.Stream, count(-1));
      feedStream(value.stream, visitor);
      break;
  }
  visitor.end();
}

function feedText(bytes: Buffer, visitor: ValueVisitor, step: number): void {
  for (let at = 2; at < bytes.length; at += Math.max(1, step)) visitor.text(bytes, at, Math.min(bytes.length, at + Math.max(1, step)));
}
