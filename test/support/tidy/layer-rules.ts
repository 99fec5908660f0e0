/** Who may know whom: the layers of the architecture, and which of them may touch sockets, the process and the clock. */
import { type Rule, type SourceFile, type SourceImport, type SourceNode, found, layerFolderOf, walk } from './source-file.ts';

const LAYERS: readonly (readonly string[])[] = [
  ['errors', 'model'],
  ['bytes', 'async'],
  ['resp', 'rdb', 'aof', 'command'],
  ['observe', 'config', 'net', 'topology'],
  ['source', 'filter', 'transform', 'route', 'target', 'checkpoint'],
  ['pipeline', 'job'],
  ['status', 'cli'],
];

/** A folder that may use a sibling: a job is a plan of pipelines, a command shows a status, and a topology is found out over connections. */
const COMPOSERS: Readonly<Record<string, string>> = { job: 'pipeline', cli: 'status', topology: 'net' };

/** The shapes of the configuration and of what is reported are needed all over layer 3; only `import type` of them is no dependency at run time. */
const SHAPES = ['observe', 'config'];

/** Pure text work that is kept beside the log and that the configuration needs for its own output. */
const PURE_IN_OBSERVE = 'src/observe/redaction.ts';

const NO_IO_MODULES = ['node:buffer', 'node:util', 'node:string_decoder', 'node:crypto', 'node:assert', 'node:events'];

const layerOf = (folder: string): number => LAYERS.findIndex((folders) => folders.includes(folder));

/** Imports go down the layers; siblings of a layer do not see each other. */
export const importsGoDown: Rule = (file) => {
  const folder = layerFolderOf(file.path);
  if (folder === null) return [];
  if (layerOf(folder) < 0) return [found(file, 0, `src/${folder}/ is no folder of the architecture`)];
  return file.imports.flatMap((item) => {
    const problem = importProblem(file, folder, item);
    return problem ? [found(file, item.start, problem)] : [];
  });
};

function importProblem(file: SourceFile, folder: string, { target, isType, specifier }: SourceImport): string | null {
  if (target === null || target === 'package.json') return null;
  if (!target.startsWith('src/')) return `src imports from outside of src: ${specifier}`;
  const other = layerFolderOf(target);
  if (other === null) return `${folder}/ imports ${target}, which is above all layers`;
  if (other === folder) return null;
  const [own, theirs] = [layerOf(folder), layerOf(other)];
  if (theirs > own) return `${folder}/ (layer ${own}) imports ${other}/ (layer ${theirs}), which is above it`;
  if (theirs < own || COMPOSERS[folder] === other) return null;
  if (own === 3 && ((isType && SHAPES.includes(other)) || (folder === 'config' && target === PURE_IN_OBSERVE))) return null;
  return `${folder}/ imports its sibling ${other}/: ${file.path} -> ${target}`;
}

/** What of src runs in a browser: text work without anything of Node.js. */
const FOR_BROWSERS = ['src/status/format-quantity.ts'];
const PAGE_LAYERS: readonly (readonly string[])[] = [['feed'], ['judge'], ['words'], ['view']];

/** The page knows the shapes of src and a little text work of it, and nothing else of the project; its own folders look down only: view, words, judge, feed. */
export const pageStandsAlone: Rule = (file) => {
  if (!file.path.startsWith('web/')) return [];
  const own = pageLayerOf(file.path);
  return file.imports.flatMap(({ target, isType, specifier, start }) => {
    if (target === null || target.startsWith('web/')) {
      const isUp = target !== null && own >= 0 && pageLayerOf(target) > own;
      return isUp
        ? [found(file, start, `imports ${target}, which is above it`)]
        : specifier.startsWith('node:')
          ? [found(file, start, `${specifier} in a browser`)]
          : [];
    }
    const isAllowed = target.startsWith('src/') && (isType || FOR_BROWSERS.includes(target));
    return isAllowed ? [] : [found(file, start, `the page imports ${target}`)];
  });
};

/** -1: above all of them. */
function pageLayerOf(path: string): number {
  return PAGE_LAYERS.findIndex((folders) => folders.includes(path.split('/')[1]));
}

/** Sockets are opened in net/ alone. Whether a text is an IP address is no matter of sockets. */
export const socketsOnlyInNet: Rule = (file) => {
  if (!file.path.startsWith('src/') || layerFolderOf(file.path) === 'net') return [];
  const sockets = file.imports.filter(({ specifier, isType, names }) => {
    const isText = names.length > 0 && names.every((name) => /^isIP(v[46])?$/.test(name));
    return !isType && !isText && /^(node:)?(net|tls|dgram)$/.test(specifier);
  });
  return sockets.map(({ specifier, start }) => found(file, start, `${specifier} outside of net/`));
};

/** What the process is, prints and hears is known in cli/ alone. */
export const processOnlyInCli: Rule = (file) => {
  if (!file.path.startsWith('src/') || layerFolderOf(file.path) === 'cli') return [];
  const imported = file.imports.filter(({ specifier }) => /^(node:)?(process|console)$/.test(specifier));
  return [
    ...imported.map(({ specifier, start }) => found(file, start, `${specifier} outside of cli/`)),
    ...globalsUsed(file, ['process', 'console']).map(({ name, start }) => found(file, start, `${name} outside of cli/`)),
  ];
};

/** Codecs are pure and synchronous: no I/O, and no timers, clock or chance (those are async/'s, which hands them on). */
export const codecsArePure: Rule = (file) => {
  const folder = layerFolderOf(file.path);
  if (folder === null || layerOf(folder) < 0 || layerOf(folder) > 2) return [];
  const modules = file.imports.filter(({ specifier }) => specifier.startsWith('node:') && !NO_IO_MODULES.includes(specifier));
  const globals = folder === 'async' ? [] : globalsUsed(file, ['setTimeout', 'setInterval', 'setImmediate', 'performance', 'fetch']);
  const chance = folder === 'async' ? [] : [...file.text.matchAll(/\b(Date\.now|Math\.random)\(/g)];
  return [
    ...modules.map(({ specifier, start }) => found(file, start, `${specifier} in layer ${layerOf(folder)}`)),
    ...globals.map(({ name, start }) => found(file, start, `${name} in layer ${layerOf(folder)}`)),
    ...chance.map((match) => found(file, match.index, `${match[1]} in layer ${layerOf(folder)}`)),
  ];
};

/** Uses of a global by name, not of a property or a key that is called the same. */
function globalsUsed(file: SourceFile, names: readonly string[]): { name: string; start: number }[] {
  const uses: { name: string; start: number }[] = [];
  walk(file.program, (node, parent, field) => {
    if (node.type !== 'Identifier' || !names.includes(node['name'] as string)) return;
    if (isOnlyAName(parent, field)) return;
    uses.push({ name: node['name'] as string, start: node.start });
  });
  return uses;
}

function isOnlyAName(parent: SourceNode | null, field: string): boolean {
  if (parent === null || parent['computed'] === true) return false;
  if (parent.type === 'MemberExpression' && field === 'property') return (parent['object'] as SourceNode)['name'] !== 'globalThis';
  return field === 'key' && parent['shorthand'] !== true;
}

/** No file needs itself, over however many others. Also imports of types count: they tie rooms together all the same. */
export function importCycles(files: readonly SourceFile[]): string[] {
  const targets = new Map(files.map((file) => [file.path, file.imports.flatMap(({ target }) => target ?? [])]));
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) {
      cycles.push(`cycle: ${[...trail.slice(trail.indexOf(path)), path].join(' -> ')}`);
      return;
    }
    if (done.has(path)) return;
    for (const target of targets.get(path) ?? []) visit(target, [...trail, path]);
    done.add(path);
  };
  for (const path of targets.keys()) visit(path, []);
  return cycles;
}
