/** The kind of value that a type byte stands for, whatever its encoding; nothing is decoded. */
import { ValueKind } from '../model/value-kind.ts';
import { RdbType } from './opcodes.ts';

const { String, List, Set, Zset, Hash, Stream, Array, Module } = ValueKind;

const TYPES: ReadonlyArray<readonly [ValueKind, readonly number[]]> = [
  [String, [RdbType.String]],
  [List, [RdbType.List, RdbType.ListZiplist, RdbType.ListQuicklist, RdbType.ListQuicklist2]],
  [Set, [RdbType.Set, RdbType.SetIntset, RdbType.SetListpack]],
  [Zset, [RdbType.Zset, RdbType.Zset2, RdbType.ZsetZiplist, RdbType.ZsetListpack]],
  [Stream, [RdbType.StreamListpacks, RdbType.StreamListpacks2, RdbType.StreamListpacks3, RdbType.StreamListpacks4, RdbType.StreamListpacks5]],
  [Array, [RdbType.Array]],
  [Module, [RdbType.ModulePreGa, RdbType.Module2]],
];

/** Of each type byte; the others are hashes in one of their many forms. */
const KINDS = new Uint8Array(256).fill(Hash);
for (const [kind, types] of TYPES) for (const type of types) KINDS[type] = kind;

/** @param type that the dialect of its file has */
export function kindOfType(type: number): ValueKind {
  return KINDS[type] as ValueKind;
}
