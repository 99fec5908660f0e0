/**
 * Cuts a chunk into parts whose values fit into memory, before any of them is asked for: a server that is asked for a hundred values of 100 MB has 10 GB of replies
 * in its own memory. Sizes are those of MEMORY USAGE, which looks at a few elements only and is never far below what DUMP makes.
 */
import { ReplyKind, ReplySlab } from '../../resp/reply-slab.ts';
import type { AskLine } from './ask-line.ts';
import type { KeyChunk } from './key-chunk.ts';
import { commandHead, KeyCommands } from './key-commands.ts';
import type { ValuePart } from './value-part.ts';

const PART_BYTES = 256 * 1024;
const PART_KEYS_MAX = 1_024;
/** Where sizes cannot be asked for. */
const BLIND_KEYS_MAX = 32;
const MEMORY_USAGE = commandHead('MEMORY', 'USAGE');
const TYPE = commandHead('TYPE');

export interface SizeSurveyOptions {
  readonly partBytes: number;
  /** '' = all pass. */
  readonly types: readonly string[];
  readonly skipTypes: readonly string[];
}

export class SizeSurvey {
  /** MEMORY USAGE is not granted, or not known there. */
  isBlind = false;
  private readonly line: AskLine;
  private readonly options: SizeSurveyOptions;
  private readonly asksTypes: boolean;

  /** @param asksTypes types have to be looked at (SCAN has not) */
  constructor(line: AskLine, options: SizeSurveyOptions, asksTypes: boolean) {
    this.line = line;
    this.options = options;
    this.asksTypes = asksTypes;
  }

  async parts(chunk: KeyChunk): Promise<ValuePart[]> {
    const asksTypes = this.asksTypes || (chunk.behind === null && this.options.types.length > 0);
    const commands = new KeyCommands(chunk.count * 48 * (asksTypes ? 2 : 1));
    for (let i = 0; i < chunk.count; i++) {
      if (!this.isBlind) commands.add(MEMORY_USAGE, chunk.bytes, chunk.start[i], chunk.end[i]);
      if (asksTypes) commands.add(TYPE, chunk.bytes, chunk.start[i], chunk.end[i]);
    }
    if (commands.count === 0) return this.cut(chunk, undefined, 0, false);
    const slab = new ReplySlab(64, commands.count);
    await this.line.ask(chunk.database, commands, slab);
    if (!this.isBlind && this.isRefused(slab)) {
      this.isBlind = true;
      return this.parts(chunk);
    }
    return this.cut(chunk, slab, commands.count / Math.max(1, chunk.count), asksTypes);
  }

  private isRefused(slab: ReplySlab): boolean {
    for (const item of slab.texts.keys()) if (/^(?:NOPERM|ERR unknown)/.test(slab.errorOf(item) ?? '')) return true;
    return false;
  }

  private cut(chunk: KeyChunk, slab: ReplySlab | undefined, each: number, asksTypes: boolean): ValuePart[] {
    const parts: { keys: number[]; bytes: number; isHuge: boolean }[] = [];
    let open: (typeof parts)[number] | undefined;
    for (let i = 0; i < chunk.count; i++) {
      if (asksTypes && slab !== undefined && !this.wants(slab, i * each + each - 1)) continue;
      const bytes = slab === undefined || this.isBlind || slab.kind[i * each] !== ReplyKind.Integer ? 0 : slab.number[i * each];
      if (bytes >= this.options.partBytes) {
        parts.push({ keys: [i], bytes, isHuge: true });
        open = undefined;
        continue;
      }
      if (open === undefined || open.bytes + bytes > PART_BYTES || open.keys.length >= (this.isBlind ? BLIND_KEYS_MAX : PART_KEYS_MAX)) {
        open = { keys: [], bytes: 0, isHuge: false };
        parts.push(open);
      }
      open.keys.push(i);
      open.bytes += bytes;
    }
    if (parts.length === 0) parts.push({ keys: [], bytes: 0, isHuge: false });
    return parts.map(({ keys, bytes, isHuge }, at) => {
      return { chunk, keys: Uint32Array.from(keys), bytes: this.isBlind ? -1 : bytes, isHuge, isLast: at === parts.length - 1 };
    });
  }

  /** A key that is gone has no type, and no value either. */
  private wants(slab: ReplySlab, item: number): boolean {
    const { types, skipTypes } = this.options;
    const type = slab.text(item);
    return type === 'none' || ((types.length === 0 || types.includes(type)) && !skipTypes.includes(type));
  }
}
