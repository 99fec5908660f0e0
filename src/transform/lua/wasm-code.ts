/**
 * Walks over WebAssembly code without understanding it: where each instruction begins and ends, and the numbers of the format. Knows the instructions of
 * version 1 with sign extension, saturating truncation and bulk memory, which is what compilers emit by default for a target without threads and vectors.
 *
 *   code     = body*           body = size locals instruction* 0x0b
 *   locals   = count (count type)*
 *   numbers  = LEB128
 */
export const Op = {
  Unreachable: 0x00,
  Block: 0x02,
  Loop: 0x03,
  If: 0x04,
  End: 0x0b,
  Br: 0x0c,
  BrIf: 0x0d,
  BrTable: 0x0e,
  Return: 0x0f,
  Call: 0x10,
  CallIndirect: 0x11,
  LocalGet: 0x20,
  LocalSet: 0x21,
  GlobalGet: 0x23,
  GlobalSet: 0x24,
  LastVariable: 0x26,
  I32Load: 0x28,
  I32Store: 0x36,
  LastStore: 0x3e,
  MemorySize: 0x3f,
  MemoryGrow: 0x40,
  I32Const: 0x41,
  I64Const: 0x42,
  F32Const: 0x43,
  F64Const: 0x44,
  I32Eqz: 0x45,
  I32Eq: 0x46,
  I32GeU: 0x4f,
  I32Add: 0x6a,
  I32Sub: 0x6b,
  LastSimple: 0xc4,
  Prefixed: 0xfc,
} as const;

const LAST_TRUNCATION = 7;
/** How many numbers follow memory.init, data.drop, memory.copy, memory.fill, table.init, elem.drop, table.copy, table.grow, table.size, table.fill. */
const NUMBERS_BEHIND_PREFIXED = [2, 1, 2, 1, 2, 1, 2, 1, 1, 1];

/** A place in the bytes of a module that moves forward as numbers and instructions are read. */
export class WasmCursor {
  readonly bytes: Uint8Array;
  at: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  byte(): number {
    return this.bytes[this.at++];
  }

  /** An unsigned number up to 2^32 - 1. */
  number(): number {
    let value = 0;
    let shift = 0;
    for (;;) {
      const byte = this.byte();
      value |= (byte & 0x7f) << shift;
      if ((byte & 0x80) === 0) return value >>> 0;
      shift += 7;
    }
  }

  /** Passes over a number of any size and sign. */
  skipNumber(): void {
    while ((this.byte() & 0x80) !== 0);
  }

  name(): string {
    const length = this.number();
    const start = this.at;
    this.at += length;
    return Buffer.from(this.bytes.subarray(start, this.at)).toString('utf8');
  }

  /** Passes over one instruction. @returns its opcode @throws Error for an instruction of no known form */
  instruction(): number {
    const op = this.byte();
    if (op === Op.Block || op === Op.Loop || op === Op.If) this.skipNumber();
    else if (op >= Op.I32Load && op <= Op.LastStore) this.skipNumbers(2);
    else if (op === Op.F32Const) this.at += 4;
    else if (op === Op.F64Const) this.at += 8;
    else if (op === Op.BrTable) this.skipNumbers(this.number() + 1);
    else if (op === Op.CallIndirect) this.skipNumbers(2);
    else if (op === Op.Prefixed) this.skipPrefixed();
    else if (op === Op.Br || op === Op.BrIf || op === Op.Call || (op >= Op.LocalGet && op <= Op.LastVariable)) this.skipNumber();
    else if (op >= Op.MemorySize && op <= Op.I64Const) this.skipNumber();
    else if (op > Op.LastSimple) throw new Error(`the instruction ${op} is not known`);
    return op;
  }

  private skipNumbers(count: number): void {
    for (let i = 0; i < count; i++) this.skipNumber();
  }

  private skipPrefixed(): void {
    const op = this.number();
    if (op <= LAST_TRUNCATION) return;
    const numbers = NUMBERS_BEHIND_PREFIXED[op - LAST_TRUNCATION - 1];
    if (numbers === undefined) throw new Error(`the instruction 0xfc ${op} is not known`);
    this.skipNumbers(numbers);
  }
}

/** LEB128 of an unsigned number. */
export function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest & 0x7f;
    rest >>>= 7;
    bytes.push(rest === 0 ? low : low | 0x80);
  } while (rest !== 0);
  return bytes;
}

/** LEB128 of a signed number of 32 bits. */
export function signed(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (;;) {
    const low = rest & 0x7f;
    rest >>= 7;
    if ((rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0)) return [...bytes, low];
    bytes.push(low | 0x80);
  }
}
