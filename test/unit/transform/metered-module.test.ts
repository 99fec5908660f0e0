import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { Batch, EntryKind } from '../../../src/model/batch.ts';
import { encodeCommand } from '../../../src/resp/encode.ts';
import { LuaTransform } from '../../../src/transform/lua/lua-transform.ts';
import { meteredModule } from '../../../src/transform/lua/metered-module.ts';
import { Op, WasmCursor, signed, unsigned } from '../../../src/transform/lua/wasm-code.ts';
import { WasmModule } from '../../../src/bytes/web-assembly.ts';
import { runEngine } from '../../support/transform/transform-run.ts';

const file = readFileSync(createRequire(import.meta.url).resolve('wasmoon-lua5.1/dist/liblua5.1.wasm'));

test('the module compiles after it was changed, and is larger by its meters', () => {
  const changed = meteredModule(file);
  expect(() => new WasmModule(changed)).not.toThrow();
  expect(changed.length).toBeGreaterThan(file.length + 489 * 10);
});

test('a module of another version is refused', () => {
  const other = Buffer.from(file);
  other[other.length - 1] ^= 1;
  expect(() => meteredModule(other)).toThrow('not the one of wasmoon-lua5.1 1.18.10');
});

test('numbers of the format are written and read', () => {
  for (const value of [0, 1, 63, 64, 127, 128, 3715, 2 ** 31 - 1, 2 ** 32 - 1]) {
    const cursor = new WasmCursor(Uint8Array.from(unsigned(value)));
    expect(cursor.number()).toBe(value);
    expect(cursor.at).toBe(cursor.bytes.length);
  }
  expect(signed(-1)).toEqual([0x7f]);
  expect(signed(64)).toEqual([0xc0, 0]);
  expect(signed(-64)).toEqual([0x40]);
});

test('instructions are passed over whole, and unknown ones refused', () => {
  const code = [Op.I32Const, 0x80, 1, Op.BrTable, 1, 0, 1, Op.F64Const, 1, 2, 3, 4, 5, 6, 7, 8, Op.I32Load, 2, 0x80, 1, Op.Prefixed, 10, 0, 0, Op.End];
  const cursor = new WasmCursor(Uint8Array.from(code));
  const ops: number[] = [];
  while (cursor.at < code.length) ops.push(cursor.instruction());
  expect(ops).toEqual([Op.I32Const, Op.BrTable, Op.F64Const, Op.I32Load, Op.Prefixed, Op.End]);
  expect(() => new WasmCursor(Uint8Array.of(0xfd)).instruction()).toThrow('the instruction 253 is not known');
});

test('a batch of the stream goes through as it is', () => {
  const command = encodeCommand(['SET', 'a', '1']);
  const batch = new Batch(4, Buffer.concat([command, command]));
  for (let row = 0; row < 2; row++) {
    batch.kind[row] = EntryKind.Command;
    batch.start[row] = row * command.length;
    batch.end[row] = (row + 1) * command.length;
    batch.database[row] = row;
    batch.count++;
  }
  expect(runEngine(new LuaTransform({ source: 'shake.call(DB + 1, ARGV)' }), batch).commands).toEqual([
    [1, 'SET', 'a', '1'],
    [2, 'SET', 'a', '1'],
  ]);
});
