/** What becomes of commands that cannot be said to the target. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Mark } from '../../../src/checkpoint/mark.ts';
import type { OnError } from '../../../src/config/sync-config.ts';
import { Batch } from '../../../src/model/batch.ts';
import { Refusals } from '../../../src/pipeline/refusals.ts';
import { encodeCommand } from '../../../src/resp/encode.ts';
import { BatchBuffer } from '../../../src/target/batch-buffer.ts';
import { DeadLetterFile } from '../../../src/target/dead-letter.ts';

const MARK: Mark = {
  epoch: 1,
  phase: 'incremental-sync',
  replicationId: 'a'.repeat(40),
  offset: 50,
  database: 0,
  snapshotId: 1,
  rdbOffset: 0,
  rdbState: null,
  owned: true,
};

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'godwit-letters-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function refusals(onError: OnError): Refusals {
  const deadLetters = new DeadLetterFile(join(folder, 'letters'));
  return new Refusals({ address: 'here', onError, onExisting: 'fail', deadLetters, leftOut: new Set(), replayUntil: () => 0 });
}

function oneCommand(): Batch {
  const batch = new Batch(1, encodeCommand(['HSETEX', 'key', 'secret']));
  batch.count = 1;
  batch.end[0] = batch.bytes.length;
  batch.endOffset[0] = 50;
  return batch;
}

const ROWS = [{ row: 0, reason: 'the target has none' }];

test('a command that is sent again after a break has one letter', async () => {
  const policy = refusals('dead-letter');
  await policy.unsupported(oneCommand(), MARK, ROWS);
  await policy.unsupported(oneCommand(), MARK, ROWS);
  expect(readFileSync(join(folder, 'letters'), 'utf8').trimEnd().split('\n')).toHaveLength(1);
});

test('it is named with its key and without its values where the job stops', async () => {
  await expect(refusals('stop').unsupported(oneCommand(), MARK, ROWS)).rejects.toMatchObject({
    code: 'TARGET_REFUSED',
    message: 'target here: HSETEX of key "key" cannot be applied: the target has none. Nothing of its transaction is applied',
  });
});

test('what has failed behind its mark, for a reason that passes, is written down: it is not sent again', async () => {
  const batch = oneCommand();
  const buffer = new BatchBuffer(64);
  buffer.begin('plain');
  buffer.addCommand(batch, 0, undefined);
  const refusal = { command: 0, carriedOut: true, text: 'OOM command not allowed when used memory > maxmemory' };
  await expect(refusals('dead-letter').settle({ batch, buffer }, MARK, [refusal])).rejects.toMatchObject({ code: 'TARGET_NOT_READY' });
  await refusals('dead-letter').settle({ batch, buffer }, MARK, [{ ...refusal, isMarked: true }]);
  expect(readFileSync(join(folder, 'letters'), 'utf8')).toContain('OOM');
});
