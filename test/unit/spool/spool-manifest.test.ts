import fs from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { isTrusted, loadManifest, readBootId, type SpoolManifest, writeManifest } from '../../../src/source/replica/spool/spool-manifest.ts';
import { cleanOlderRuns, listRuns, removeJobSpool, removeRun, spoolJobDir } from '../../../src/source/replica/spool/spool-runs.ts';
import { temporaryFolder } from './spool-fixture.ts';

const ID = '0123456789abcdef0123456789abcdef01234567';
const MANIFEST: SpoolManifest = {
  version: 1,
  jobId: 'job',
  epoch: 3,
  bootId: 'boot',
  replicationId: ID,
  rdb: { replicationId: ID, offset: 12, length: -1, complete: false, checksumOk: false, startedAt: 1_700_000_000_000 },
  stream: { replicationId: ID, startOffset: 13 },
};

test('a manifest comes back as it was written, readable by its owner only', async () => {
  const dir = path.join(await temporaryFolder(), 'job', '3');
  await writeManifest(dir, MANIFEST);
  await writeManifest(dir, { ...MANIFEST, secondReplicationId: ID, rdb: null });
  expect(await loadManifest(dir)).toEqual({ manifest: { ...MANIFEST, secondReplicationId: ID, rdb: null } });
  expect((await fs.stat(path.join(dir, 'manifest.json'))).mode & 0o777).toBe(0o600);
  expect((await fs.stat(dir)).mode & 0o777).toBe(0o700);
  expect(await fs.readdir(dir)).toEqual(['manifest.json']);
});

test('a manifest that is absent, cut or wrong is none, with the reason', async () => {
  const dir = await temporaryFolder();
  const file = path.join(dir, 'manifest.json');
  expect(await loadManifest(dir)).toEqual({ manifest: undefined, reason: 'there is no manifest' });
  const text = JSON.stringify(MANIFEST);
  const cases: [string, RegExp][] = [
    ['', /not JSON/],
    [text.slice(0, -5), /not JSON/],
    ['null', /not valid at its top/],
    [JSON.stringify({ ...MANIFEST, version: 2 }), /not valid at version/],
    [JSON.stringify({ ...MANIFEST, rdb: { ...MANIFEST.rdb, offset: -1 } }), /not valid at rdb\.offset/],
    [JSON.stringify({ ...MANIFEST, replicationId: 'x' }), /not valid at replicationId: .*40 hex/],
    [JSON.stringify({ ...MANIFEST, stream: { replicationId: ID, startOffset: 2 ** 60 } }), /not valid at stream\.startOffset/],
  ];
  for (const [content, reason] of cases) {
    await fs.writeFile(file, content);
    expect(await loadManifest(dir)).toEqual({ manifest: undefined, reason: expect.stringMatching(reason) });
  }
  await fs.rm(file);
  await fs.mkdir(file);
  expect(await loadManifest(dir)).toEqual({ manifest: undefined, reason: expect.stringMatching(/cannot be read/) });
});

test('refuses to write a manifest that could not be read again', async () => {
  const dir = await temporaryFolder();
  await expect(writeManifest(dir, { ...MANIFEST, replicationId: '' })).rejects.toMatchObject({ code: 'SPOOL_FAILED' });
});

test('trusts the files of this start of the machine only', async () => {
  const bootId = await readBootId();
  expect(isTrusted({ ...MANIFEST, bootId: 'boot' }, 'boot')).toBe(true);
  expect(isTrusted({ ...MANIFEST, bootId: 'other' }, 'boot')).toBe(false);
  expect(isTrusted({ ...MANIFEST, bootId: '' }, '')).toBe(false);
  expect(bootId === '' || bootId.length === 36).toBe(true);
});

test('lists runs newest first, and cleans older ones that nobody reads', async () => {
  const spoolDir = await temporaryFolder();
  const jobDir = spoolJobDir(spoolDir, 'a-job');
  expect(await listRuns(jobDir)).toEqual([]);
  for (const epoch of [2, 9, 10, 11]) await writeManifest(path.join(jobDir, String(epoch)), { ...MANIFEST, epoch });
  await fs.mkdir(path.join(jobDir, '12'));
  await fs.writeFile(path.join(jobDir, 'dead-letter.jsonl'), '{}');
  await fs.mkdir(path.join(jobDir, 'notes'));
  const runs = await listRuns(jobDir);
  expect(runs.map((run) => [run.epoch, run.manifest?.epoch, run.reason])).toEqual([
    [12, undefined, 'there is no manifest'],
    [11, 11, ''],
    [10, 10, ''],
    [9, 9, ''],
    [2, 2, ''],
  ]);
  const nine = path.join(jobDir, '9');
  expect(await cleanOlderRuns(jobDir, 11, [`${nine}/`])).toEqual([path.join(jobDir, '10'), path.join(jobDir, '2')]);
  expect((await listRuns(jobDir)).map((run) => run.epoch)).toEqual([12, 11, 9]);
  await expect(removeRun(jobDir)).rejects.toMatchObject({ code: 'INTERNAL' });
  await removeJobSpool(jobDir);
  expect((await fs.readdir(jobDir)).sort()).toEqual(['dead-letter.jsonl', 'notes']);
  await removeJobSpool(path.join(spoolDir, 'never-was'));
});

test('a job name never leads out of the spool folder', () => {
  for (const name of ['..', '.', 'a/b', '', 'a b']) expect(() => spoolJobDir('spool', name)).toThrow(/cannot be the name of a folder/);
});
