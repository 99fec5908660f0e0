/**
 * The files of the dashboard (`/ui/`), as `npm run build` makes them of web/. They are read once, when the first is asked for, and kept both plain and compressed.
 *
 * Invariants: what is answered is one of the files that were there at the reading, by its name, so that no path of a request ever reaches the disk; a browser keeps
 * them, and asks each time whether they are still the same (ETag), so that another version of Godwit on the same port is seen at once.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

export interface PageAnswer {
  readonly code: 200 | 304;
  readonly contentType: string;
  /** Empty with 304. */
  readonly body: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

interface PageFile {
  readonly contentType: string;
  readonly plain: Buffer;
  readonly gzipped: Buffer;
  readonly etag: string;
}

/** Beside dist/status, where this file runs, and the same from src/status, where tests load it. */
const BUILT = fileURLToPath(new URL('../../dist/web/', import.meta.url));
const PAGE = 'index.html';
const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
  txt: 'text/plain; charset=utf-8',
};

export class PageFiles {
  private readonly dir: string;
  private files: ReadonlyMap<string, PageFile> | null = null;

  constructor(dir = BUILT) {
    this.dir = dir;
  }

  /** @param name below `/ui/`; '' is the page itself. @returns undefined where there is no such file, and for all of them when the page was not built. */
  answer(name: string, headers: IncomingHttpHeaders): PageAnswer | undefined {
    this.files ??= readFiles(this.dir);
    const file = this.files.get(name === '' ? PAGE : name);
    if (file === undefined) return undefined;
    const { contentType, plain, gzipped } = file;
    const isGzipped = /\bgzip\b/.test(String(headers['accept-encoding'] ?? ''));
    const etag = isGzipped ? file.etag.replace(/"$/, '-gzip"') : file.etag;
    const shared = { etag, 'cache-control': 'no-cache', vary: 'accept-encoding' };
    if (headers['if-none-match']?.split(/\s*,\s*/).includes(etag) === true) return { code: 304, contentType, body: Buffer.alloc(0), headers: shared };
    return { code: 200, contentType, body: isGzipped ? gzipped : plain, headers: isGzipped ? { ...shared, 'content-encoding': 'gzip' } : shared };
  }
}

function readFiles(dir: string): ReadonlyMap<string, PageFile> {
  const files = new Map<string, PageFile>();
  for (const name of namesIn(dir)) {
    const contentType = TYPES[name.split('.').at(-1)!];
    if (contentType === undefined) continue;
    const plain = readFileSync(join(dir, name));
    const etag = `"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`;
    files.set(name, { contentType, plain, gzipped: gzipSync(plain, { level: 9 }), etag });
  }
  return files;
}

function namesIn(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
}
