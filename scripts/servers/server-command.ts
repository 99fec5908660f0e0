/**
 * Where a server of a given version is, and how to start it. A server on the PATH of the asked version is used; any other is fetched once
 * (debian-archive.ts) into `.cache/servers/<product>-<version>/`, or under GODWIT_SERVERS_DIR when that is set.
 *
 * Safe to ask from several processes at once: each unpacks into a folder of its own, and a rename, which is atomic, decides whose is kept.
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findOnPath, installPackage } from './host-program.ts';
import { catalogueEntry, type CatalogueEntry, type ServerName, type ServerProduct } from './server-catalogue.ts';
import { runProgram } from './run-program.ts';
import { unpackFromSuite } from './debian-archive.ts';
import { launch, planLaunch, type LaunchPlan } from './unpacked-server.ts';

export interface ServerCommand {
  readonly command: string;
  /** Stand before the arguments of the server. */
  readonly args: readonly string[];
  readonly product: ServerProduct;
  /** `7.0.15` */
  readonly version: string;
}

/** What a cache folder says of itself; paths are relative to it. */
interface Manifest {
  readonly name: ServerName;
  readonly product: ServerProduct;
  readonly version: string;
  readonly plan: LaunchPlan;
}

const known = new Map<ServerName, Promise<ServerCommand>>();

/**
 * The command that starts the server, which is installed or fetched when it is not there yet (about 5 s).
 * @param name a version of the catalogue, or `redis` for whatever the PATH has.
 * @throws Error that says which package of which suite could not be had.
 */
export function serverCommand(name: ServerName = 'redis'): Promise<ServerCommand> {
  let command = known.get(name);
  if (!command) {
    command = name === 'redis' ? hostRedis() : versionCommand(catalogueEntry(name));
    known.set(name, command);
    command.catch(() => known.delete(name));
  }
  return command;
}

/** The command of a tool that comes with the host's server. */
export async function hostTool(tool: 'redis-cli' | 'redis-benchmark'): Promise<{ command: string; args: readonly string[] }> {
  const path = findOnPath(tool);
  if (path) return { command: path, args: [] };
  if (process.getuid?.() === 0) {
    await installPackage('redis-tools');
    const installed = findOnPath(tool);
    if (installed) return { command: installed, args: [] };
  }
  return toolOf('redis-7.0', tool);
}

/** The command if it needs neither installing nor fetching, else null. */
export async function serverCommandIfThere(name: ServerName): Promise<ServerCommand | null> {
  if (name === 'redis') return hostCommand('redis');
  const entry = catalogueEntry(name);
  return (await hostCommand(entry.product, entry.version)) ?? cachedCommand(entry);
}

async function hostRedis(): Promise<ServerCommand> {
  const there = await hostCommand('redis');
  if (there) return there;
  // Without root the same server runs from the cache.
  if (process.getuid?.() !== 0 && findOnPath('apt-get')) return serverCommand('redis-7.0');
  await installPackage('redis-server');
  const installed = await hostCommand('redis');
  if (!installed) throw new Error('the package redis-server was installed, but redis-server is still not on the PATH');
  return installed;
}

async function versionCommand(entry: CatalogueEntry): Promise<ServerCommand> {
  return (await serverCommandIfThere(entry.name)) ?? fetchServer(entry);
}

async function hostCommand(product: ServerProduct, version?: string): Promise<ServerCommand | null> {
  const command = findOnPath(`${product}-server`);
  if (!command) return null;
  const found = await versionOf(command, []);
  // Some systems install Valkey under the name redis-server as well.
  if (found.product !== product || (version && !found.version.startsWith(`${version}.`))) return null;
  return { command, args: [], ...found };
}

async function versionOf(command: string, args: readonly string[]): Promise<{ product: ServerProduct; version: string }> {
  const text = await runProgram(command, [...args, '--version'], { timeoutMs: 20_000 });
  const match = /^(Redis|Valkey) server v=(\S+)/m.exec(text);
  if (!match) throw new Error(`${command} --version says '${text.trim()}', which is no Redis or Valkey server`);
  return { product: match[1] === 'Valkey' ? 'valkey' : 'redis', version: match[2] };
}

function cacheDir(): string {
  return process.env['GODWIT_SERVERS_DIR'] ?? fileURLToPath(new URL('../../.cache/servers', import.meta.url));
}

function cachedManifest(name: ServerName): { root: string; manifest: Manifest } | null {
  const dir = cacheDir();
  if (!existsSync(dir)) return null;
  for (const folder of readdirSync(dir).filter((candidate) => /^(redis|valkey)-/.test(candidate))) {
    const file = join(dir, folder, 'manifest.json');
    if (!existsSync(file)) continue;
    const manifest = JSON.parse(readFileSync(file, 'utf8')) as Manifest;
    if (manifest.name === name) return { root: join(dir, folder), manifest };
  }
  return null;
}

function cachedCommand(entry: CatalogueEntry): ServerCommand | null {
  const cached = cachedManifest(entry.name);
  if (!cached) return null;
  const { root, manifest } = cached;
  return { ...launch(root, manifest.plan, `${manifest.product}-server`), product: manifest.product, version: manifest.version };
}

async function toolOf(name: ServerName, tool: string): Promise<{ command: string; args: readonly string[] }> {
  if (!cachedManifest(name)) await fetchServer(catalogueEntry(name));
  const { root, manifest } = cachedManifest(name)!;
  return launch(root, manifest.plan, tool);
}

async function fetchServer(entry: CatalogueEntry): Promise<ServerCommand> {
  if (!findOnPath('apt-get') || !findOnPath('dpkg')) throw new Error(`${entry.name} is fetched by apt-get and dpkg, which this machine does not have`);
  const cache = cacheDir();
  await mkdir(cache, { recursive: true });
  const workDir = await mkdtemp(join(cache, `.fetching-${entry.name}-`));
  try {
    const root = join(workDir, 'root');
    await unpackFromSuite(entry, workDir, root);
    const plan = planLaunch(root);
    const start = launch(root, plan, `${entry.product}-server`);
    const { version } = await versionOf(start.command, start.args);
    const manifest: Manifest = { name: entry.name, product: entry.product, version, plan };
    await writeFile(join(root, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
    await rename(root, join(cache, `${entry.product}-${version}`)).catch((error: NodeJS.ErrnoException) => {
      // Another process was faster; its folder is as good.
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(workDir, { recursive: true, force: true });
  }
  return cachedCommand(entry)!;
}
