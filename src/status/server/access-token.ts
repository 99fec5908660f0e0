/**
 * The token that changes of a running job ask for: the one of the configuration, or one made at random for this run, which only the user of the process can read:
 * `<spool dir>/<job>/control-token`, mode 0600. It is compared in constant time, and never told: only the path of its file is.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { mkdir, readFile, rename, rmdir, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';

const TOKEN_BYTES = 24;
const TOKEN_FILE = 'control-token';
const BEARER = /^Bearer +([\x21-\x7e]{1,1024})$/i;

export class AccessToken {
  readonly text: string;
  private readonly digest: Buffer;

  /** @param text 1 to 1024 printable characters without spaces */
  constructor(text: string) {
    this.text = text;
    this.digest = sha256(text);
  }

  /** @param header of the request: `Bearer <token>` */
  isIn(header: string | undefined): boolean {
    const given = BEARER.exec(header ?? '')?.[1];
    return given !== undefined && timingSafeEqual(sha256(given), this.digest);
  }
}

export interface TokenFile {
  readonly token: AccessToken;
  readonly path: string;
  /** Deletes the file, and its folder if that is empty, unless another process has written its own meanwhile. */
  remove(): Promise<void>;
}

/** Makes a token at random and writes it where only this user can read it. @throws Error of the file system */
export async function makeTokenFile(jobDir: string): Promise<TokenFile> {
  const token = new AccessToken(randomBytes(TOKEN_BYTES).toString('base64url'));
  const file = path.join(jobDir, TOKEN_FILE);
  await mkdir(jobDir, { recursive: true });
  // A new file that takes the place of an older one: whoever holds that open, or was allowed to read it, does not see this one.
  const fresh = `${file}.${randomBytes(6).toString('hex')}`;
  await writeFile(fresh, `${token.text}\n`, { mode: 0o600, flag: 'wx' });
  await rename(fresh, file);
  const remove = async (): Promise<void> => {
    const text = await readFile(file, 'utf8').catch(() => '');
    if (text.trim() !== token.text) return;
    await unlink(file).catch(() => {});
    await rmdir(jobDir).catch(() => {});
  };
  return { token, path: file, remove };
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
