/**
 * The transform of a module of the user's: `transform(entry)` or `transformBatch(entries)`. The module runs in this process with all its rights and without
 * limits: it is the user's own code. Within one process entries come in the order of the source, and nothing else of the module runs between them.
 */
import type { CommandRows, Expansion, TransformEngine, TransformFailure } from '../transform-engine.ts';
import type { TransformOutput } from '../transform-output.ts';
import { EntryView } from './entry-view.ts';
import { writeResult } from './result-writer.ts';
import type { TransformModule, TransformResult } from './transform-types.ts';

export class JavaScriptTransform implements TransformEngine {
  readonly expansion: Expansion;
  private readonly module: TransformModule;
  private readonly places: readonly string[];

  /** @param places the module's file as stack traces may have it; none: lines are not told */
  constructor(module: TransformModule, places: readonly string[] = []) {
    this.module = module;
    this.places = places;
    const wanted = module.expand === true;
    this.expansion = { wanted, because: wanted ? 'the module exports expand = true' : 'the module does not export expand = true' };
  }

  run(rows: CommandRows, from: number, output: TransformOutput): TransformFailure | undefined {
    return this.module.transformBatch === undefined ? this.runEach(rows, from, output) : this.runBatch(rows, from, output);
  }

  private runEach(rows: CommandRows, from: number, output: TransformOutput): TransformFailure | undefined {
    for (let row = from; row < rows.count; row++) {
      const failure = this.attempt(row, output, () => {
        const entry = new EntryView(rows, row);
        writeResult(this.module.transform!(entry), entry, rows, row, output);
      });
      if (failure !== undefined) return failure;
    }
    return undefined;
  }

  /** A batch whose call fails is given again one entry at a time, so that the one that fails is known; what it did aside from its result is done twice then. */
  private runBatch(rows: CommandRows, from: number, output: TransformOutput): TransformFailure | undefined {
    const entries = Array.from({ length: rows.count - from }, (_, i) => new EntryView(rows, from + i));
    let results: readonly TransformResult[];
    try {
      results = this.results(entries);
    } catch (error) {
      if (entries.length <= 1) return this.failure(from, error);
      return this.runBatchOneByOne(rows, from, output);
    }
    for (const [i, entry] of entries.entries()) {
      const row = from + i;
      const failure = this.attempt(row, output, () => writeResult(results[i], entry, rows, row, output));
      if (failure !== undefined) return failure;
    }
    return undefined;
  }

  private runBatchOneByOne(rows: CommandRows, from: number, output: TransformOutput): TransformFailure | undefined {
    for (let row = from; row < rows.count; row++) {
      const failure = this.attempt(row, output, () => {
        const entry = new EntryView(rows, row);
        writeResult(this.results([entry])[0], entry, rows, row, output);
      });
      if (failure !== undefined) return failure;
    }
    return undefined;
  }

  private results(entries: readonly EntryView[]): readonly TransformResult[] {
    if (entries.length === 0) return [];
    const results = this.module.transformBatch!(entries);
    if (Array.isArray(results) && results.length === entries.length) return results as readonly TransformResult[];
    throw new TypeError(`transformBatch is to return a list of ${entries.length} results, one for each entry`);
  }

  /** Takes back what the row has made if it fails. */
  private attempt(row: number, output: TransformOutput, make: () => void): TransformFailure | undefined {
    const { count, length } = output;
    try {
      make();
      return undefined;
    } catch (error) {
      output.takeBack(count, length);
      return this.failure(row, error);
    }
  }

  private failure(row: number, error: unknown): TransformFailure {
    const frame = frameOf(error, this.places);
    const where = frame === undefined ? '' : ` (line ${frame.line}${frame.functionName === undefined ? '' : ` in ${frame.functionName}`})`;
    const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return { row, message: `the transform failed: ${message}${where}`, line: frame?.line, functionName: frame?.functionName };
  }
}

/** The innermost frame of the stack that is in the module. */
function frameOf(error: unknown, places: readonly string[]): { line: number; functionName: string | undefined } | undefined {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  const frame = stack.split('\n').find((line) => line.trimStart().startsWith('at ') && places.some((place) => line.includes(place)));
  const found = frame === undefined ? null : /^\s*at (?:(.+?) \()?.*?:(\d+):\d+\)?$/.exec(frame);
  return found === null ? undefined : { line: Number(found[2]), functionName: found[1]?.replace(/^(?:async |Module\.|Object\.)/, '') };
}
