/**
 * Where the items end that are more than one length or string: elements of arrays, items of module values, scores as text. Each is taken
 * whole or not at all (NEED_MORE); as with strings, the end may lie behind the window.
 */
import { corruptAt, lengthAt, lengthEnd, NEED_MORE, stringEnd } from './rdb-length.ts';

const DOUBLE_BYTES = 8;
const FLOAT_BYTES = 4;
/** First byte of a score that is nan (253), inf or -inf: nothing follows. */
const SPECIAL_DOUBLE_MIN = 253;

/** A score as text: `length text`. */
export function textDoubleEnd(bytes: Uint8Array, pos: number, end: number): number {
  if (pos >= end) return NEED_MORE;
  return bytes[pos] >= SPECIAL_DOUBLE_MIN ? pos + 1 : pos + 1 + bytes[pos];
}

/** `opcode operand` of a module value; opcode 0 has none and ends the value. */
export function moduleItemEnd(bytes: Uint8Array, pos: number, end: number): number {
  const operand = lengthEnd(bytes, pos, end);
  if (operand < 0) return NEED_MORE;
  switch (lengthAt(bytes, pos)) {
    case 0:
      return operand;
    case 1:
    case 2:
      return lengthEnd(bytes, operand, end);
    case 3:
      return operand + FLOAT_BYTES;
    case 4:
      return operand + DOUBLE_BYTES;
    case 5:
      return stringEnd(bytes, operand, end);
    default:
      throw corruptAt(pos, `a module value cannot have an item of kind ${lengthAt(bytes, pos)}`);
  }
}

/** The insert cursor of an array: `0`, or `1 index`. */
export function arrayCursorEnd(bytes: Uint8Array, pos: number, end: number): number {
  const index = lengthEnd(bytes, pos, end);
  if (index < 0) return NEED_MORE;
  const flag = lengthAt(bytes, pos);
  if (flag > 1) throw corruptAt(pos, `an array cannot have the cursor flag ${flag}`);
  return flag === 0 ? index : lengthEnd(bytes, index, end);
}

/** `index tag value` of an array. */
export function arrayElementEnd(bytes: Uint8Array, pos: number, end: number): number {
  const tagAt = lengthEnd(bytes, pos, end);
  if (tagAt < 0) return NEED_MORE;
  const value = lengthEnd(bytes, tagAt, end);
  if (value < 0) return NEED_MORE;
  const tag = lengthAt(bytes, tagAt);
  if (tag > 3) throw corruptAt(tagAt, `an array cannot have an element of kind ${tag}`);
  return tag === 0 || tag === 3 ? stringEnd(bytes, value, end) : value + DOUBLE_BYTES;
}
