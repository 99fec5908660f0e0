/**
 * The manifest of a multi-part AOF (Redis 7.0, Valkey): which files make the data, in which order.
 *
 *   line = "file" name "seq" number "type" ("b" | "h" | "i") *(key value) LF | "#" comment LF
 *
 * The data is the base, if there is one, and then the incr files by sequence. History files are what a rewrite has replaced and not yet deleted:
 * they are not read. Names may be quoted; keys that are not known (startoffset, endoffset of Redis 8) are passed over. Source: aof.c:
 * aofLoadManifestFromFile.
 */
import { GodwitError } from '../errors/errors.ts';
import { quotedWords } from './quoted-words.ts';

export type AofFileKind = 'base' | 'history' | 'incr';

export interface AofManifestFile {
  readonly kind: AofFileKind;
  /** In the folder of the manifest. */
  readonly name: string;
  readonly sequence: number;
  /** Counted from 1. */
  readonly line: number;
}

export interface AofManifest {
  readonly base: AofManifestFile | null;
  readonly history: readonly AofManifestFile[];
  /** By sequence, rising. */
  readonly incr: readonly AofManifestFile[];
}

const KINDS: Readonly<Record<string, AofFileKind>> = { b: 'base', h: 'history', i: 'incr' };
const LINE_BYTES_MAX = 1024;
const WORDS_MIN = 6;

/** Reads the whole text of a manifest. @throws GodwitError AOF_MANIFEST_INVALID with the line */
export function parseAofManifest(bytes: Uint8Array): AofManifest {
  const lines = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1').split('\n');
  if (lines.at(-1) === '') lines.pop();
  else if (lines.length > 0) throw invalid(lines.length, 'the line does not end: the manifest is cut short');
  if (lines.length === 0) throw invalid(1, 'the manifest is empty');
  const history: AofManifestFile[] = [];
  const incr: AofManifestFile[] = [];
  let base: AofManifestFile | null = null;
  for (const [index, line] of lines.entries()) {
    if (line.startsWith('#')) continue;
    const file = fileOf(line, index + 1);
    if (file.kind === 'history') history.push(file);
    else if (file.kind === 'incr') addIncr(incr, file);
    else if (base === null) base = file;
    else throw invalid(file.line, `there are two base files, "${base.name}" (line ${base.line}) and "${file.name}"`);
  }
  return { base, history, incr };
}

function addIncr(incr: AofManifestFile[], file: AofManifestFile): void {
  const before = incr.at(-1);
  if (before !== undefined && file.sequence <= before.sequence) {
    throw invalid(file.line, `incr files must rise in sequence, and ${file.sequence} ("${file.name}") stands behind ${before.sequence} ("${before.name}")`);
  }
  incr.push(file);
}

function fileOf(line: string, number: number): AofManifestFile {
  if (line.length > LINE_BYTES_MAX) throw invalid(number, `the line is longer than ${LINE_BYTES_MAX} bytes`);
  const words = quotedWords(line);
  if (words === null) throw invalid(number, 'a quote is not closed, or something stands directly behind it');
  if (words.length < WORDS_MIN || words.length % 2 !== 0) throw invalid(number, 'it is not of the form: file <name> seq <number> type <b|h|i>');
  const values = new Map<string, string>();
  for (let i = 0; i < words.length; i += 2) values.set(words[i].toLowerCase(), words[i + 1]);
  const name = Buffer.from(values.get('file') ?? '', 'latin1').toString('utf8');
  const sequence = Number(values.get('seq'));
  const kind = KINDS[values.get('type')?.[0] ?? ''];
  if (name === '') throw invalid(number, 'it names no file');
  if (/[/\\\0]/.test(name) || name === '.' || name === '..')
    throw invalid(number, `"${name}" is a path; only names of files in the same folder may stand here`);
  if (!Number.isSafeInteger(sequence) || sequence < 1) throw invalid(number, `the sequence of "${name}" is no number from 1 on`);
  if (kind === undefined) throw invalid(number, `the type of "${name}" is not b (base), h (history) or i (incr)`);
  return { kind, name, sequence, line: number };
}

function invalid(line: number, what: string): GodwitError {
  return new GodwitError('AOF_MANIFEST_INVALID', `line ${line} of the AOF manifest: ${what}`, { details: { line } });
}
