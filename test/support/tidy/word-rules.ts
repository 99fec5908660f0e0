/** The words of the project, and those that are not. */
import { type Rule, type SourceNode, found, walk } from './source-file.ts';

const NAMELESS = /^(utils?|helpers?|common|managers?)$/i;
const OTHER_WORDS = /^(src|dest|dst|sink|master|slave)s?$/i;
const KEBAB_CASE = /^[a-z0-9]+(-[a-z0-9]+)*(\.(test|bench|config))?\.tsx?$/;

/** A machine's own places, but for the home of `u`, whom tests make up. Put together here, so that this file does not break its own rule. */
const MACHINE_PATHS = new RegExp(`(^|[^\\w.-])/(${['work', 'root', 'home', 'Users'].join('|')})/(?!u\\b)\\w`);

const wordsOf = (name: string): string[] => name.split(/[^A-Za-z0-9]+|(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/);

/** kebab-case, and no word that says nothing. */
export const fileNamesSayWhat: Rule = (file) => {
  const segments = file.path.split('/');
  const problems = segments.flatMap((segment) => segment.split(/[-.]/)).filter((word) => NAMELESS.test(word));
  const inSource = file.path.startsWith('src/')
    ? segments
        .slice(1)
        .flatMap((segment) => segment.split(/[-.]/))
        .filter((word) => OTHER_WORDS.test(word))
    : [];
  return [
    ...[...problems, ...inSource].map((word) => found(file, 0, `'${word}' in the name of the file`)),
    ...(KEBAB_CASE.test(segments.at(-1)!) ? [] : [found(file, 0, 'the name of the file is not kebab-case')]),
  ];
};

/** No class, function, type or export says helper or manager; no name in src says source, target or primary in another word. Strings are free: protocols have theirs. */
export const namesAreOurs: Rule = (file) => {
  const inSource = file.path.startsWith('src/');
  const problems: string[] = [];
  const exported = new Set((file.program['body'] as SourceNode[]).flatMap(exportedVariables));
  walk(file.program, (node, parent, field) => {
    if (node.type !== 'Identifier' && node.type !== 'PrivateIdentifier') return;
    const name = node['name'] as string;
    const nameless = (exported.has(node) || isDeclared(parent, field)) && wordsOf(name).some((word) => NAMELESS.test(word));
    if (nameless || (inSource && wordsOf(name).some((word) => OTHER_WORDS.test(word)))) problems.push(found(file, node.start, `the name '${name}'`));
  });
  return problems;
};

function isDeclared(parent: SourceNode | null, field: string): boolean {
  return field === 'id' && /^(Class|Function|TSInterface|TSTypeAlias)/.test(parent?.type ?? '');
}

/** The names of `export const a = 1, b = 2`. */
function exportedVariables(statement: SourceNode): SourceNode[] {
  const declaration = statement.type === 'ExportNamedDeclaration' ? (statement['declaration'] as SourceNode | null) : null;
  const variables = declaration?.type === 'VariableDeclaration' ? (declaration['declarations'] as SourceNode[]) : [];
  return variables.map((variable) => variable['id'] as SourceNode);
}

/** `TODO #12`: what is left to do has a number in the list of issues. */
export const leftoversHaveNumbers: Rule = (file) =>
  file.comments
    .filter(({ value }) => /\b(TODO|FIXME|XXX|HACK)\b/.test(value) && !/\bTODO\s*\(?#\d+/.test(value))
    .map(({ start }) => found(file, start, 'a leftover without a number (write TODO #12)'));

export const noMachinePaths: Rule = (file) =>
  file.text.split('\n').flatMap((line, i) => (MACHINE_PATHS.test(line) ? [`${file.path}:${i + 1}: an absolute path of a machine`] : []));
