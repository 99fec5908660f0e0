/**
 * The bytes that stand at the begin of each thing in an RDB file: a type byte (a key with its value follows) or an opcode.
 *
 *   file     = magic version *( prefix / record ) EOF [ crc64 ]          ; magic and version are 9 bytes, crc64 from version 5 on
 *   record   = AUX string string / SELECTDB len / RESIZEDB len len / SLOT_INFO len len len / FUNCTION2 string
 *            / MODULE_AUX id len len module-value / entry
 *   entry    = *prefix type key value                                     ; key = string
 *   prefix   = EXPIRETIME_MS int64le / EXPIRETIME int32le / IDLE len / FREQ OCTET / KEY_META ... / RAM_LRU len
 *
 * What 22, 23, 242 and 243 mean depends on the vendor: see dialect.ts. When you add a type, also give it a program in value-program.ts.
 */
export const RdbType = {
  String: 0,
  List: 1,
  Set: 2,
  Zset: 3,
  Hash: 4,
  Zset2: 5,
  /** Module value of the 4.0 release candidates: its end is known to the module alone. */
  ModulePreGa: 6,
  Module2: 7,
  HashZipmap: 9,
  ListZiplist: 10,
  SetIntset: 11,
  ZsetZiplist: 12,
  HashZiplist: 13,
  ListQuicklist: 14,
  StreamListpacks: 15,
  HashListpack: 16,
  ZsetListpack: 17,
  ListQuicklist2: 18,
  StreamListpacks2: 19,
  SetListpack: 20,
  StreamListpacks3: 21,
  /** Redis, only in release candidates of 7.4. */
  HashMetadataPreGa: 22,
  HashListpackExPreGa: 23,
  /** Valkey 9.0: hash with field expiry. */
  ValkeyHash2: 22,
  /** Valkey 9.2. */
  ValkeyPathHash: 23,
  HashMetadata: 24,
  HashListpackEx: 25,
  StreamListpacks4: 26,
  StreamListpacks5: 27,
  Array: 28,
  /** Hash templates of Redis 8.10: 29 and 31 stand alone (DUMP), 30 and 32 refer to the registry of their file. */
  HashTemplateListpack: 29,
  HashTemplateListpackRef: 30,
  HashTemplateArray: 31,
  HashTemplateArrayRef: 32,
} as const;

export const RdbOpcode = {
  /** Redis Enterprise: a hint before a key. */
  RamLru: 107,
  /** Redis 8.10: one record of the hash template registry. Valkey 9.2: a command inside of the snapshot. */
  HashTemplate: 242,
  ValkeyUpdate: 242,
  /** Redis 8.6: metadata that modules keep for the key that follows. Valkey 9.0: state of a slot import. */
  KeyMeta: 243,
  ValkeySlotImport: 243,
  SlotInfo: 244,
  Function2: 245,
  FunctionPreGa: 246,
  ModuleAux: 247,
  Idle: 248,
  Freq: 249,
  Aux: 250,
  ResizeDb: 251,
  ExpireTimeMs: 252,
  ExpireTime: 253,
  SelectDb: 254,
  Eof: 255,
} as const;

/** Bytes from here on are opcodes, whatever the dialect; RamLru is the one exception. */
export const OPCODE_MIN = 242;
