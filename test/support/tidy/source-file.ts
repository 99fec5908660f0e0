/** A TypeScript file as the tidy rules see it: path in the project, text, syntax tree, imports. */
import { posix } from 'node:path';
import { parseSync } from 'oxc-parser';

export interface SourceNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
}

export interface SourceImport {
  /** As written: `../errors/errors.ts`, `node:net`. */
  readonly specifier: string;
  /** Path in the project for a relative import, else null. */
  readonly target: string | null;
  readonly isType: boolean;
  /** What is taken from it, by its own name; empty for all of it. */
  readonly names: readonly string[];
  readonly start: number;
}

export interface SourceFile {
  readonly path: string;
  readonly text: string;
  readonly program: SourceNode;
  readonly imports: readonly SourceImport[];
  readonly comments: readonly { readonly value: string; readonly start: number }[];
}

/** What a rule found, `path:line: what`. */
export type Rule = (file: SourceFile) => string[];

/** @param path from the root of the project, with `/`. @throws Error on a syntax error. */
export function readSource(path: string, text: string): SourceFile {
  const { program, module, comments, errors } = parseSync(path, text);
  if (errors.length > 0) throw new Error(`${path}: ${errors[0].message}`);
  const imports: SourceImport[] = [];
  const add = (specifier: string, isType: boolean, start: number, names: readonly string[] = []): void => {
    const target = specifier.startsWith('.') ? posix.normalize(posix.join(posix.dirname(path), specifier)) : null;
    imports.push({ specifier, target, isType, names, start });
  };
  for (const { moduleRequest, entries, start } of module.staticImports) {
    const isType = entries.length > 0 && entries.every((entry) => entry.isType);
    add(
      moduleRequest.value,
      isType,
      start,
      entries.map(({ importName }) => importName.name ?? '*'),
    );
  }
  for (const { entries, start } of module.staticExports) {
    const from = entries.find((entry) => entry.moduleRequest);
    if (from?.moduleRequest)
      add(
        from.moduleRequest.value,
        entries.every((entry) => entry.isType),
        start,
      );
  }
  for (const { moduleRequest, start } of module.dynamicImports) {
    const literal = /^['"](.*)['"]$/.exec(text.slice(moduleRequest.start, moduleRequest.end));
    if (literal) add(literal[1], false, start);
  }
  return { path, text, program: program as unknown as SourceNode, imports, comments };
}

/** `src/net/connection.ts` is in folder `net`; null for what is not in a folder of src. */
export function layerFolderOf(path: string): string | null {
  return /^src\/([^/]+)\//.exec(path)?.[1] ?? null;
}

export function found(file: SourceFile, start: number, what: string): string {
  return `${file.path}:${lineAt(file, start)}: ${what}`;
}

export function lineAt(file: SourceFile, offset: number): number {
  return file.text.slice(0, offset).split('\n').length;
}

/** Calls `visit` for each node, parents first. @param visit gets the node, its parent, and the field of the parent that holds it. */
export function walk(node: SourceNode, visit: (node: SourceNode, parent: SourceNode | null, field: string) => void): void {
  const step = (current: SourceNode, parent: SourceNode | null, field: string): void => {
    visit(current, parent, field);
    for (const [name, value] of Object.entries(current)) {
      for (const child of Array.isArray(value) ? value : [value]) {
        if (isNode(child)) step(child, current, name);
      }
    }
  };
  step(node, null, '');
}

function isNode(value: unknown): value is SourceNode {
  return typeof value === 'object' && value !== null && typeof (value as SourceNode).type === 'string' && typeof (value as SourceNode).start === 'number';
}
