import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { PageFiles } from '../../../src/status/page-files.ts';
import { startStatusServer, type StatusServer } from '../../../src/status/status-server.ts';
import { exampleServer } from './example-server.ts';

const WEIGHT_MAX_BYTES = 150_000;
const built = new PageFiles();
const dirs: string[] = [];
let server: StatusServer | undefined;

afterEach(async () => {
  await server?.close();
  server = undefined;
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true });
});

function dirOf(files: Readonly<Record<string, string>>): string {
  const dir = mkdtempSync(join(tmpdir(), 'godwit-page-'));
  dirs.push(dir);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
  return dir;
}

describe('the files of the page', () => {
  test('weigh less than 150 KB over the line, all together', () => {
    const names = ['', 'app.js', 'app.css', 'icon.svg'];
    const bytes = names.map((name) => built.answer(name, { 'accept-encoding': 'gzip, br' })!.body.length);
    expect(Math.min(...bytes)).toBeGreaterThan(0);
    expect(bytes.reduce((sum, size) => sum + size, 0)).toBeLessThan(WEIGHT_MAX_BYTES);
  });

  test('have no script, style or address of another place in them', () => {
    const html = Buffer.from(built.answer('', {})!.body).toString();
    expect(html).not.toMatch(/<script>|<style|style=| on\w+=|https?:/);
    expect(Buffer.from(built.answer('app.css', {})!.body).toString()).not.toMatch(/https?:|@import/);
  });

  test('come compressed only to who asks for it, and both forms are kept apart', () => {
    const files = new PageFiles(dirOf({ 'index.html': '<p>'.repeat(100) }));
    const plain = files.answer('', {})!;
    const gzipped = files.answer('', { 'accept-encoding': 'gzip' })!;
    expect(plain.headers['content-encoding']).toBeUndefined();
    expect(gzipped.headers['content-encoding']).toBe('gzip');
    expect(gunzipSync(gzipped.body).toString()).toBe(Buffer.from(plain.body).toString());
    expect(gzipped.headers['etag']).not.toBe(plain.headers['etag']);
    expect(files.answer('', { 'if-none-match': `"other", ${plain.headers['etag']}` })).toMatchObject({ code: 304, body: Buffer.alloc(0) });
    expect(files.answer('', { 'if-none-match': plain.headers['etag'], 'accept-encoding': 'gzip' })).toMatchObject({ code: 200 });
  });

  test('are those of the folder by their name, and nothing else', () => {
    const files = new PageFiles(dirOf({ 'index.html': 'page', 'app.js': 'code', 'secret.key': 'no' }));
    expect(files.answer('app.js', {})?.contentType).toBe('text/javascript; charset=utf-8');
    for (const name of ['secret.key', '../secret.key', '%2e%2e/secret.key', 'index.html/', '/etc/passwd', 'constructor'])
      expect(files.answer(name, {})).toBeUndefined();
    expect(new PageFiles(join(tmpdir(), 'godwit-nothing-here')).answer('', {})).toBeUndefined();
  });
});

describe('the status server', () => {
  test('serves the page with a policy that lets nothing else run, and sends browsers there', async () => {
    server = await startStatusServer(exampleServer({ page: built }));
    const page = await fetch(`${server.url}/ui/`);
    expect(page.status).toBe(200);
    expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self'; .*frame-ancestors 'none'/);
    expect(page.headers.get('x-content-type-options')).toBe('nosniff');
    expect(Number((await fetch(`${server.url}/ui/app.js`)).headers.get('content-length'))).toBe(
      gzipSync(Buffer.from(built.answer('app.js', {})!.body), { level: 9 }).length,
    );
    expect((await fetch(`${server.url}/ui/`, { headers: { 'if-none-match': page.headers.get('etag')! } })).status).toBe(304);
    expect((await fetch(`${server.url}/ui/nothing.js`)).status).toBe(404);
    for (const path of ['/', '/ui']) {
      const answer = await fetch(server.url + path, { headers: { accept: 'text/html,*/*;q=0.8' }, redirect: 'manual' });
      expect([answer.status, answer.headers.get('location')]).toEqual([302, 'ui/']);
    }
    expect(await (await fetch(`${server.url}/`)).json()).toMatchObject({ name: 'godwit', paths: expect.arrayContaining(['/ui/']) as string[] });
  });
});
