/** Whatever is kept, dropped, changed and added, in any order: the rows that come out are those that were asked for, with the columns of their row. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CommandArguments } from '../../src/command/command-arguments.ts';
import type { Batch } from '../../src/model/batch.ts';
import { BatchEditor } from '../../src/resp/batch-editor.ts';
import { streamBatch, streamLines } from '../support/stream-rows.ts';

type Step = 'keep' | 'drop' | 'longer' | 'shorter' | 'twice' | 'database';

const steps = fc.array(fc.constantFrom<Step>('keep', 'drop', 'longer', 'shorter', 'twice', 'database'), { minLength: 1, maxLength: 40 });
const args = new CommandArguments();

function edit(editor: BatchEditor, batch: Batch, list: readonly Step[]): { result: Batch; expected: string[] } {
  const expected: string[] = [];
  editor.begin(batch);
  list.forEach((step, row) => {
    args.read(batch.bytes, batch.start[row], batch.end[row]);
    const say = (words: readonly (number | string)[]): void => {
      editor.command(row, words.length);
      for (const word of words) {
        if (typeof word === 'number') editor.range(args.start(word), args.end(word));
        else editor.text(Buffer.from(word));
      }
      expected.push(`0> ${words.map((word) => (typeof word === 'number' ? Buffer.from(args.value(word)).toString() : word)).join(' ')}`);
    };
    if (step === 'keep' || step === 'database') {
      editor.keep(row);
      expected.push(`${step === 'keep' ? 0 : 7}> set key:${row} value`);
    }
    if (step === 'database') editor.setDatabase(7);
    if (step === 'longer') say([0, 'x'.repeat(100 + row), 1, 2]);
    if (step === 'shorter') say(['DEL', 1]);
    if (step === 'twice') {
      say(['GET', 1]);
      say([0, 1, 'again']);
    }
  });
  return { result: editor.end(), expected };
}

test('rows come out as they were asked for, with one editor for many batches', () => {
  const editor = new BatchEditor();
  fc.assert(
    fc.property(steps, fc.boolean(), (list, roomy) => {
      const batch = streamBatch(
        list.map((_, row) => `set key:${row} value`),
        roomy ? list.length * 2 : list.length,
      );
      const before = batch.bytes;
      const { result, expected } = edit(editor, batch, list);
      expect(streamLines(result)).toEqual(expected);
      if (!list.some((step) => ['longer', 'shorter', 'twice'].includes(step))) expect(result.bytes).toBe(before);
    }),
    { numRuns: 1000 },
  );
});
