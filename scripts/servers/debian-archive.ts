/**
 * Takes a server and the libraries it runs with out of one suite of the Debian archive, without root and without a chroot: a private apt
 * state folder that knows this suite alone, `apt-get download`, `dpkg -x`. The mirror is the one that the machine's own apt uses; so are its
 * proxy settings. Nothing outside of the given folder is written.
 */
import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CatalogueEntry } from './server-catalogue.ts';
import { runProgram } from './run-program.ts';

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** Libraries that only the installation scripts of the packages want. */
const NOT_NEEDED = /^lib(pam|debconf|semanage|sepol|selinux|audit|cap-ng|db5|tirpc|nsl|bz2|acl|attr|mount|blkid|md0|bsd)/;

/** Unpacks server, command line tools and libraries of the entry's suite under `root`. @throws Error that names suite and package. */
export async function unpackFromSuite(entry: CatalogueEntry, workDir: string, root: string): Promise<void> {
  const apt = await privateApt(entry, workDir);
  const plan = await apt(['install', '--simulate', '--no-install-recommends', `${entry.product}-server`]);
  const packages = [...plan.matchAll(/^Inst (\S+)/gm)].map((match) => match[1]).filter((name) => isNeeded(name, entry));
  const downloads = join(workDir, 'packages');
  await mkdir(downloads);
  await apt(['download', ...packages], downloads);
  await mkdir(root, { recursive: true });
  for (const file of await readdir(downloads)) await runProgram('dpkg', ['-x', join(downloads, file), root]);
  for (const folder of ['usr/share', 'etc', 'var', 'usr/include']) await rm(join(root, folder), { recursive: true, force: true });
}

function isNeeded(name: string, entry: CatalogueEntry): boolean {
  if (name.startsWith(`${entry.product}-`)) return true;
  return /^(lib|zlib1g|lua-)/.test(name) && !name.endsWith('-common') && !NOT_NEEDED.test(name);
}

/** Makes the private state and reads the suite's package list. @returns runs apt-get on it, in a folder when one is given. */
async function privateApt(entry: CatalogueEntry, workDir: string): Promise<(args: string[], cwd?: string) => Promise<string>> {
  const mirror = await debianMirror();
  for (const folder of ['state/lists/partial', 'cache/archives/partial', 'log']) await mkdir(join(workDir, folder), { recursive: true });
  await writeFile(join(workDir, 'state/status'), '');
  const signedBy = existsSync(KEYRING) ? ` [signed-by=${KEYRING}]` : '';
  await writeFile(join(workDir, 'sources.list'), `deb${signedBy} ${mirror} ${entry.suite} main\n`);
  const settings = [
    `Dir::State=${workDir}/state`,
    `Dir::State::status=${workDir}/state/status`,
    `Dir::Cache=${workDir}/cache`,
    `Dir::Log=${workDir}/log`,
    `Dir::Etc::sourcelist=${workDir}/sources.list`,
    'Dir::Etc::sourceparts=-',
    'APT::Get::Show-User-Simulation-Note=false',
    'Acquire::Languages=none',
    'Acquire::Retries=3',
    ...(process.getuid?.() === 0 ? ['APT::Sandbox::User=root'] : []),
  ].flatMap((setting) => ['-o', setting]);
  const apt = async (args: string[], cwd = workDir): Promise<string> => {
    try {
      return await runProgram('apt-get', [...settings, '-q', '-y', ...args], { cwd });
    } catch (error) {
      const text = (error as Error).message.replace(/^\S+ \S+ /, '');
      const what = `${entry.name} comes from Debian's suite '${entry.suite}', and apt-get ${args[0]} ${text}`;
      throw new Error(`${what}\nCheck that the machine's Debian mirror carries the suite and can be reached.`, { cause: error });
    }
  };
  // An unreachable mirror is only a warning to apt-get; the option makes it a failure.
  await apt(['update', '-o', 'APT::Update::Error-Mode=any']);
  return apt;
}

/** The address of the machine's Debian mirror, as apt knows it. */
async function debianMirror(): Promise<string> {
  const format = '$(REPO_URI)|$(RELEASE)|$(COMPONENT)';
  const listed = async (): Promise<string | undefined> => {
    const rows = (await runProgram('apt-get', ['indextargets', '--format', format, 'Created-By: Packages'])).split('\n').map((row) => row.split('|'));
    const mirrors = rows.filter(([uri, release, component]) => uri && component === 'main' && /\/debian\/?$/.test(uri) && !/[-/]/.test(release ?? '-'));
    return mirrors[0]?.[0];
  };
  const mirror = await listed();
  if (mirror) return mirror;
  throw new Error('apt has no Debian mirror configured (`apt-get indextargets` names none that ends in /debian), so other server versions cannot be fetched');
}
