/**
 * Real servers for tests, demo and bench: `npm run servers -- [list | fetch [name...] | path name]`.
 *
 *   list    the known versions, and which of them are here (the default)
 *   fetch   installs or fetches the named ones, or all that are missing
 *   path    prints the command that starts one
 */
import { pathToFileURL } from 'node:url';
import { SERVER_CATALOGUE, catalogueEntry, type ServerName } from './servers/server-catalogue.ts';
import { serverCommand, serverCommandIfThere, type ServerCommand } from './servers/server-command.ts';

export { serverCommand, hostTool, type ServerCommand } from './servers/server-command.ts';
export { SERVER_CATALOGUE, type ServerName, type ServerProduct } from './servers/server-catalogue.ts';

const ALL: readonly ServerName[] = ['redis', ...SERVER_CATALOGUE.map((entry) => entry.name)];

async function main(words: readonly string[]): Promise<void> {
  const [what = 'list', ...names] = words;
  const chosen = names.map((name) => (name === 'redis' ? 'redis' : catalogueEntry(name).name));
  if (what === 'list') return list();
  if (what === 'fetch') return fetchAll(chosen.length > 0 ? chosen : ALL);
  if (what === 'path' && chosen.length === 1) {
    const { command, args } = await serverCommand(chosen[0]);
    console.log([command, ...args].join(' '));
    return;
  }
  throw new Error('usage: npm run servers -- [list | fetch [name...] | path name]');
}

async function list(): Promise<void> {
  for (const name of ALL) {
    const there = await serverCommandIfThere(name);
    console.log(`${name.padEnd(12)}${there ? describe(there) : 'not here yet'}`);
  }
}

async function fetchAll(names: readonly ServerName[]): Promise<void> {
  for (const name of names) console.log(`${name.padEnd(12)}${describe(await serverCommand(name))}`);
}

function describe(server: ServerCommand): string {
  const place = server.args.length > 0 ? 'fetched' : server.command;
  return `${server.product} ${server.version.padEnd(8)} ${place}`;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  main(process.argv.slice(2)).catch((error: Error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
