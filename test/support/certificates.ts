/** Certificates that live as long as a test: an authority, a server and a client signed by it, and an authority that has signed neither. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findOnPath } from '../../scripts/servers/host-program.ts';
import { runProgram } from '../../scripts/servers/run-program.ts';
import type { ServerTls } from './server.ts';

export interface Certificates {
  /** For startServer({ tls }); the certificate names localhost and 127.0.0.1. */
  readonly server: ServerTls;
  readonly client: { readonly caFile: string; readonly certFile: string; readonly keyFile: string };
  /** An authority that signed none of these. */
  readonly otherCaFile: string;
  remove(): void;
}

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** Makes them in a folder of their own (about 100 ms). @throws Error when there is no openssl on the PATH. */
export async function makeCertificates(): Promise<Certificates> {
  if (!findOnPath('openssl')) throw new Error('the TLS tests make their certificates with openssl, which is not on the PATH; install it');
  const dir = mkdtempSync(join(tmpdir(), 'godwit-certificates-'));
  const caFile = await makeAuthority(dir, 'ca');
  const otherCaFile = await makeAuthority(dir, 'other-ca');
  const server = await makeSigned(dir, 'server', 'subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n');
  const client = await makeSigned(dir, 'client', 'extendedKeyUsage=clientAuth\n');
  return { server: { caFile, ...server }, client: { caFile, ...client }, otherCaFile, remove: () => rmSync(dir, { recursive: true, force: true }) };
}

async function makeAuthority(dir: string, name: string): Promise<string> {
  const files = ['-keyout', `${name}.key`, '-out', `${name}.crt`];
  await runProgram('openssl', ['req', '-x509', ...KEY, ...files, '-subj', `/CN=Godwit test ${name}`, '-days', '2'], { cwd: dir });
  return join(dir, `${name}.crt`);
}

async function makeSigned(dir: string, name: string, extensions: string): Promise<{ certFile: string; keyFile: string }> {
  const request = `${name}.csr`;
  await runProgram('openssl', ['req', '-new', ...KEY, '-keyout', `${name}.key`, '-out', request, '-subj', `/CN=Godwit test ${name}`], { cwd: dir });
  writeFileSync(join(dir, `${name}.ext`), extensions);
  const signing = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', `${name}.ext`];
  await runProgram('openssl', ['x509', '-req', '-in', request, '-out', `${name}.crt`, ...signing], { cwd: dir });
  return { certFile: join(dir, `${name}.crt`), keyFile: join(dir, `${name}.key`) };
}
