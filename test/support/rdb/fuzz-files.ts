/** What is damaged by fuzzing: the snapshots of real servers, and files with a value of every type and form. */
import { decodableSamples, DECODABLE_TEMPLATES } from './decodable-samples.ts';
import { ownFiles, type RdbFile } from './fixture-files.ts';
import { type Mutated, mutate, type Place } from './mutate.ts';
import { entry, file, length, string } from './rdb-bytes.ts';
import type { Seeded } from './seeded.ts';
import { walkWhole } from './walk.ts';
import { HEADER_BYTES } from '../../../src/rdb/dialect.ts';
import { RdbType } from '../../../src/rdb/opcodes.ts';

/** The sample that no snapshot has: its end is found by decoding alone. */
const NOT_IN_A_FILE = '31 names packed';
/** Long ones would take all of the damage. */
const SAMPLE_BYTES_MAX = 2000;

export interface FuzzFile extends RdbFile {
  /** The file behind its header, and each of its values. */
  readonly places: readonly Place[];
}

export function fuzzFiles(): FuzzFile[] {
  return [...ownFiles(), everyType('REDIS0015'), everyType('VALKEY080')].map(({ name, bytes }) => ({ name, bytes, places: placesOf(bytes) }));
}

/** Damages the file at any byte, or at any of its values, as often: most bytes are in a few large values. */
export function damage({ bytes, places }: FuzzFile, random: Seeded): Mutated {
  const place = random.below(2) === 0 ? places[0] : places[random.below(places.length)];
  return mutate(bytes, random, place);
}

function placesOf(bytes: Uint8Array): Place[] {
  const values = walkWhole(bytes).rows.map(({ endOffset, value }) => ({ start: endOffset - value.length, end: endOffset }));
  return [{ start: HEADER_BYTES, end: bytes.length }, ...values];
}

function everyType(header: string): RdbFile {
  const isValkey = header.startsWith('VALKEY');
  const samples = decodableSamples().filter(({ name, type, dialect, value }) => {
    const isWritten = isValkey ? dialect.magic === 'VALKEY' || type <= RdbType.StreamListpacks3 : dialect.magic === 'REDIS';
    return isWritten && name !== NOT_IN_A_FILE && value.length <= SAMPLE_BYTES_MAX;
  });
  const templates = [...DECODABLE_TEMPLATES].map(([id, names]) =>
    Buffer.concat([Buffer.of(242), length(id), length(names.length), ...names.map((name) => string(name))]),
  );
  const registry = isValkey ? [] : templates;
  return { name: `every type, ${header}`, bytes: file(header, ...registry, ...samples.map(({ type, value }, index) => entry(type, `key${index}`, value))) };
}
