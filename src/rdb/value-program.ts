/**
 * What a value of each type is made of, as small programs that ValueSkipper follows. One grammar serves both ways through a value: at one go
 * when it is whole in the window, and piece by piece when it is not.
 *
 * A program is a row of [operation, argument] pairs. `Count` opens a loop that `Next` closes; `CountRun` and `Run` are a loop over strings
 * alone, which is what most large values are.
 *
 * Facts: redis rdb.c (rdbSaveObject, rdbLoadObject), valkey rdb.c (hash type 2, slot imports), keymeta.c (key metadata), and the tests of
 * Redis 8.10 for hash templates, which show their bytes.
 */
import { GodwitError } from '../errors/errors.ts';
import { type Dialect, hasOpcode, hasType } from './dialect.ts';
import { RdbOpcode, RdbType } from './opcodes.ts';

export const Op = {
  /** The value ends here. */
  Done: 0,
  String: 1,
  /** A length that is skipped unread: it may be any 64-bit number. */
  Scalar: 2,
  /** `argument` bytes. */
  Fixed: 3,
  /** A score as text: one byte of length (253 to 255 stand for nan, inf, -inf). */
  TextDouble: 4,
  /** A length: so often comes what follows, up to `Next`. Argument: where the program goes on behind the loop. */
  Count: 5,
  /** Argument: begin of the loop's body. */
  Next: 6,
  /** A length: so many times `argument` strings make the run. */
  CountRun: 7,
  Run: 8,
  /** Items of a module value (1, 2 number; 3 float; 4 double; 5 string) up to a 0. */
  ModuleItems: 9,
  /** 0, or 1 and an index. */
  ArrayCursor: 10,
  /** The run, but of: index, tag (0, 3 string; 1 integer; 2 double), 8 bytes or a string. */
  ArrayRun: 11,
  /**
   * Field names of a template that stands alone: 0 and one listpack, or 1, count and names. Argument 1: they make the run; 2: they and a value for each.
   */
  TemplateFields: 12,
  /** Id of a template of the registry: its fields make the run. */
  TemplateId: 13,
} as const;

/** A loop as [Count, body, Next]; anything else is an operation with its argument. */
type Step = readonly [op: number, argument?: number] | { readonly loop: readonly Step[] };

export type ValueProgram = Int32Array;

const STRING: Step = [Op.String];
const SCALAR: Step = [Op.Scalar];
const RUN: Step = [Op.Run];
const fixed = (bytes: number): Step => [Op.Fixed, bytes];
const loop = (...body: Step[]): Step => ({ loop: body });
const scalars = (count: number): Step[] => Array.from({ length: count }, () => SCALAR);

function assemble(...steps: readonly Step[]): ValueProgram {
  const code: number[] = [];
  const add = (step: Step): void => {
    if (!('loop' in step)) {
      code.push(step[0], step[1] ?? 0);
      return;
    }
    const opening = code.length;
    code.push(Op.Count, 0);
    step.loop.forEach(add);
    code.push(Op.Next, opening + 2);
    code[opening + 1] = code.length;
  };
  steps.forEach(add);
  return Int32Array.from([...code, Op.Done, 0]);
}

/** A value that is one string; the decoder has a short way for these. */
export const SINGLE_STRING = assemble(STRING);

interface StreamForm {
  /** First id, max deleted id, entries added; entries read of each group. */
  readonly counters?: boolean;
  /** Active time of each consumer. */
  readonly activeTime?: boolean;
  /** Idempotent producers. */
  readonly producers?: boolean;
  /** Ids that were given back, of each group. */
  readonly nacks?: boolean;
}

function streamProgram({ counters, activeTime, producers, nacks }: StreamForm): ValueProgram {
  const pending = loop(fixed(16 + 8), SCALAR);
  const consumer = loop(STRING, fixed(activeTime ? 16 : 8), loop(fixed(16)));
  const group = loop(STRING, ...scalars(counters ? 3 : 2), pending, consumer, ...(nacks ? [loop(fixed(16))] : []));
  const producer = loop(STRING, loop(STRING, SCALAR, SCALAR));
  const idempotence = producers ? [SCALAR, SCALAR, producer, SCALAR, SCALAR] : [];
  return assemble([Op.CountRun, 2], RUN, ...scalars(counters ? 8 : 3), group, ...idempotence);
}

const COMMON: ReadonlyArray<readonly [type: number, program: ValueProgram]> = [
  ...[RdbType.String, RdbType.HashZipmap, RdbType.ListZiplist, RdbType.SetIntset, RdbType.ZsetZiplist, RdbType.HashZiplist].map(
    (type) => [type, SINGLE_STRING] as const,
  ),
  ...[RdbType.HashListpack, RdbType.ZsetListpack, RdbType.SetListpack].map((type) => [type, SINGLE_STRING] as const),
  ...[RdbType.List, RdbType.Set, RdbType.ListQuicklist].map((type) => [type, assemble([Op.CountRun, 1], RUN)] as const),
  [RdbType.Hash, assemble([Op.CountRun, 2], RUN)],
  [RdbType.Zset, assemble(loop(STRING, [Op.TextDouble]))],
  [RdbType.Zset2, assemble(loop(STRING, fixed(8)))],
  [RdbType.ListQuicklist2, assemble(loop(SCALAR, STRING))],
  [RdbType.Module2, assemble(SCALAR, [Op.ModuleItems])],
  [RdbType.StreamListpacks, streamProgram({})],
  [RdbType.StreamListpacks2, streamProgram({ counters: true })],
  [RdbType.StreamListpacks3, streamProgram({ counters: true, activeTime: true })],
];

const REDIS: typeof COMMON = [
  [RdbType.HashMetadataPreGa, assemble(loop(SCALAR, STRING, STRING))],
  [RdbType.HashListpackExPreGa, SINGLE_STRING],
  [RdbType.HashMetadata, assemble(fixed(8), loop(SCALAR, STRING, STRING))],
  [RdbType.HashListpackEx, assemble(fixed(8), STRING)],
  [RdbType.StreamListpacks4, streamProgram({ counters: true, activeTime: true, producers: true })],
  [RdbType.StreamListpacks5, streamProgram({ counters: true, activeTime: true, producers: true, nacks: true })],
  [RdbType.Array, assemble([Op.CountRun, 1], [Op.ArrayCursor], [Op.ArrayRun])],
  [RdbType.HashTemplateListpack, assemble([Op.TemplateFields, 1], RUN, STRING)],
  [RdbType.HashTemplateListpackRef, SINGLE_STRING],
  [RdbType.HashTemplateArray, assemble([Op.TemplateFields, 2], RUN)],
  [RdbType.HashTemplateArrayRef, assemble([Op.TemplateId], RUN)],
];

const VALKEY: typeof COMMON = [[RdbType.ValkeyHash2, assemble(loop(STRING, STRING, fixed(8)))]];

/** Operands of the opcodes. */
const RECORDS: ReadonlyMap<number, ValueProgram> = new Map([
  [RdbOpcode.RamLru, assemble(SCALAR)],
  [RdbOpcode.SlotInfo, assemble(SCALAR, SCALAR, SCALAR)],
  [RdbOpcode.Function2, SINGLE_STRING],
  [RdbOpcode.ModuleAux, assemble(SCALAR, SCALAR, SCALAR, [Op.ModuleItems])],
  [RdbOpcode.Idle, assemble(SCALAR)],
  [RdbOpcode.Freq, assemble(fixed(1))],
  [RdbOpcode.Aux, assemble(STRING, STRING)],
  [RdbOpcode.ResizeDb, assemble(SCALAR, SCALAR)],
  [RdbOpcode.ExpireTimeMs, assemble(fixed(8))],
  [RdbOpcode.ExpireTime, assemble(fixed(4))],
  [RdbOpcode.SelectDb, assemble(SCALAR)],
  [RdbOpcode.Eof, assemble()],
]);
const HASH_TEMPLATE = assemble(SCALAR, [Op.CountRun, 1], RUN);
const KEY_META = assemble(loop(fixed(4), [Op.ModuleItems]));
const SLOT_IMPORT = assemble(STRING, loop(SCALAR, SCALAR));

const tables = new Map<string, ReadonlyArray<ValueProgram | null>>();

/** Programs of all type bytes of the dialect, by type byte; null where it has no such type, or its end cannot be known. */
export function valuePrograms(dialect: Dialect): ReadonlyArray<ValueProgram | null> {
  const name = `${dialect.magic}${dialect.version}`;
  const known = tables.get(name);
  if (known) return known;
  const table: (ValueProgram | null)[] = Array.from({ length: 256 }, () => null);
  for (const [type, program] of [...COMMON, ...(dialect.magic === 'VALKEY' ? VALKEY : REDIS)]) {
    if (hasType(dialect, type)) table[type] = program;
  }
  tables.set(name, table);
  return table;
}

/** Why there is no program for the type byte. */
export function unknownType(dialect: Dialect, type: number): GodwitError {
  const snapshot = `${dialect.magic} RDB version ${dialect.version}`;
  const details = { type, magic: dialect.magic, version: dialect.version };
  if (type === RdbType.ModulePreGa) {
    return new GodwitError(
      'RDB_UNSUPPORTED',
      'a module value in the old form (type 6, Redis 4.0 release candidates) has no end that can be found without the module',
      {
        fix: 'Save the snapshot again with a newer version of the source, or delete the key there.',
        details,
      },
    );
  }
  if (dialect.magic === 'VALKEY' && type === RdbType.ValkeyPathHash && hasType(dialect, type)) {
    return new GodwitError('RDB_UNSUPPORTED', `a path hash (type 23), which Godwit cannot read yet, in ${snapshot}`, {
      fix: 'Copy it to a plain hash at the source and delete it there, or leave the key out of the snapshot.',
      details,
    });
  }
  const what = hasType(dialect, type) ? 'a value of a type that Godwit cannot read yet' : 'a type byte that is not known';
  return new GodwitError('RDB_UNSUPPORTED', `${what}: ${type}, in ${snapshot}`, { details });
}

/** Operands of an opcode in this dialect. @throws GodwitError RDB_UNSUPPORTED if it has no such opcode, or Godwit cannot follow it. */
export function recordProgram(dialect: Dialect, opcode: number): ValueProgram {
  const common = RECORDS.get(opcode);
  if (common) return common;
  const valkey = dialect.magic === 'VALKEY';
  if (hasOpcode(dialect, opcode)) {
    if (opcode === RdbOpcode.KeyMeta) return valkey ? SLOT_IMPORT : KEY_META;
    if (opcode === RdbOpcode.HashTemplate && !valkey) return HASH_TEMPLATE;
  }
  const details = { opcode, magic: dialect.magic, version: dialect.version };
  if (opcode === RdbOpcode.FunctionPreGa) {
    return refuse(
      'functions in the form of the release candidates of Redis 7.0 (opcode 246)',
      'Load them again as a library (FUNCTION LOAD) at a 7.0 or newer source.',
      details,
    );
  }
  if (valkey && opcode === RdbOpcode.ValkeyUpdate && hasOpcode(dialect, opcode)) {
    return refuse(
      'commands inside of the snapshot (opcode 242, forkless save)',
      'Save without it at the source: CONFIG SET bgsave-default-method fork, then BGSAVE.',
      details,
    );
  }
  return refuse(`opcode ${opcode}, which ${dialect.magic} RDB version ${dialect.version} does not have`, undefined, details);
}

function refuse(what: string, fix: string | undefined, details: Record<string, string | number>): never {
  throw new GodwitError('RDB_UNSUPPORTED', `the snapshot has ${what}`, fix === undefined ? { details } : { fix, details });
}
