/**
 * The house rules, checked: layers, small rooms, names. Each rule is a function over one file; each is shown here to bite on a bad sample and
 * to let a good one pass, and then all of them go over the whole project.
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { codecsArePure, importCycles, importsGoDown, pageStandsAlone, processOnlyInCli, socketsOnlyInNet } from './support/tidy/layer-rules.ts';
import { filesAreShort, functionsAreShort, importsEndInTs, noBarrels, noDefaultExports } from './support/tidy/shape-rules.ts';
import { type Rule, type SourceFile, readSource } from './support/tidy/source-file.ts';
import { fileNamesSayWhat, leftoversHaveNumbers, namesAreOurs, noMachinePaths } from './support/tidy/word-rules.ts';

const RULES: Readonly<Record<string, Rule>> = {
  importsGoDown,
  pageStandsAlone,
  socketsOnlyInNet,
  processOnlyInCli,
  codecsArePure,
  filesAreShort,
  functionsAreShort,
  noDefaultExports,
  noBarrels,
  importsEndInTs,
  fileNamesSayWhat,
  namesAreOurs,
  leftoversHaveNumbers,
  noMachinePaths,
};

const lines = (count: number): string => 'run();\n'.repeat(count);
const functionOf = (count: number): string => `function long() {\n${lines(count - 2)}}`;

/** Rule, path, text. */
type Sample = readonly [string, string, string];

const BAD: readonly Sample[] = [
  ['importsGoDown', 'src/resp/a.ts', "import { b } from '../net/b.ts';"],
  ['importsGoDown', 'src/net/a.ts', "import type { b } from '../source/b.ts';"],
  ['importsGoDown', 'src/source/a.ts', "import { b } from '../target/b.ts';"],
  ['importsGoDown', 'src/source/deep/a.ts', "export { b } from '../../target/b.ts';"],
  ['importsGoDown', 'src/source/a.ts', "const b = await import('../target/b.ts');"],
  ['importsGoDown', 'src/net/a.ts', "import { b } from '../observe/log.ts';"],
  ['importsGoDown', 'src/net/a.ts', "import type { b } from '../topology/b.ts';"],
  ['importsGoDown', 'src/net/a.ts', "import { b } from '../observe/redaction.ts';"],
  ['importsGoDown', 'src/config/a.ts', "import type { b } from '../topology/b.ts';"],
  ['importsGoDown', 'src/pipeline/a.ts', "import { b } from '../job/b.ts';"],
  ['importsGoDown', 'src/status/a.ts', "import { b } from '../cli/b.ts';"],
  ['importsGoDown', 'src/errors/a.ts', "import { b } from '../model/b.ts';"],
  ['importsGoDown', 'src/cli/a.ts', "import { b } from '../index.ts';"],
  ['importsGoDown', 'src/net/a.ts', "import { b } from '../../test/support/b.ts';"],
  ['importsGoDown', 'src/things/a.ts', 'export const a = 1;'],
  ['pageStandsAlone', 'web/view/a.tsx', "import { b } from '../../src/status/readiness.ts';"],
  ['pageStandsAlone', 'web/view/a.tsx', "import type { b } from '../../test/support/b.ts';"],
  ['pageStandsAlone', 'web/judge/a.ts', "import { b } from '../view/b.tsx';"],
  ['pageStandsAlone', 'web/feed/a.ts', "import { readFileSync } from 'node:fs';"],
  ['socketsOnlyInNet', 'src/source/a.ts', "import { connect } from 'node:net';"],
  ['socketsOnlyInNet', 'src/cli/a.ts', "import tls from 'node:tls';"],
  ['socketsOnlyInNet', 'src/config/a.ts', "import { connect, isIP } from 'node:net';"],
  ['socketsOnlyInNet', 'src/config/a.ts', "import 'node:net';"],
  ['processOnlyInCli', 'src/net/a.ts', "process.on('SIGINT', () => {});"],
  ['processOnlyInCli', 'src/net/a.ts', 'globalThis.process.exit();'],
  ['processOnlyInCli', 'src/job/a.ts', "import { env } from 'node:process';"],
  ['processOnlyInCli', 'src/index.ts', 'console.log(1);'],
  ['processOnlyInCli', 'src/net/a.ts', 'take({ process });'],
  ['codecsArePure', 'src/rdb/a.ts', "import { readFileSync } from 'node:fs';"],
  ['codecsArePure', 'src/resp/a.ts', 'setTimeout(run, 1);'],
  ['codecsArePure', 'src/bytes/a.ts', 'const now = Date.now();'],
  ['codecsArePure', 'src/async/a.ts', "import { connect } from 'node:net';"],
  ['filesAreShort', 'src/net/a.ts', lines(401)],
  ['functionsAreShort', 'src/net/a.ts', functionOf(71)],
  ['functionsAreShort', 'src/net/a.ts', `class A {\n  private ${functionOf(71).slice(9)}\n}`],
  ['functionsAreShort', 'test/unit/a.test.ts', `test('a', () => {\n${lines(69)}});`],
  ['noDefaultExports', 'src/net/a.ts', 'export default 1;'],
  ['noDefaultExports', 'src/net/a.ts', 'const a = 1; export { a as default };'],
  ['noBarrels', 'src/net/index.ts', 'export const a = 1;'],
  ['noBarrels', 'src/net/a.ts', "export * from './b.ts'; export const a = 1;"],
  ['noBarrels', 'src/net/a.ts', "import './c.ts'; export { b } from './b.ts';"],
  ['importsEndInTs', 'src/net/a.ts', "import { b } from './b.js';"],
  ['importsEndInTs', 'src/net/a.ts', "import { b } from './b';"],
  ['importsEndInTs', 'web/view/a.tsx', "import { b } from './b.jsx';"],
  ['fileNamesSayWhat', 'web/view/ConnectionPanel.tsx', ''],
  ['fileNamesSayWhat', 'src/net/utils.ts', ''],
  ['fileNamesSayWhat', 'test/helpers/a.ts', ''],
  ['fileNamesSayWhat', 'src/net/connection-manager.ts', ''],
  ['fileNamesSayWhat', 'src/net/Connection.ts', ''],
  ['fileNamesSayWhat', 'src/source/src-reader.ts', ''],
  ['namesAreOurs', 'src/net/a.ts', 'export class ConnectionManager {}'],
  ['namesAreOurs', 'test/support/a.ts', 'function parseHelper() {}'],
  ['namesAreOurs', 'scripts/a.ts', 'export const pathUtils = 1;'],
  ['namesAreOurs', 'src/net/a.ts', 'const srcHost = 1;'],
  ['namesAreOurs', 'src/net/a.ts', 'interface A { masterPort: number }'],
  ['namesAreOurs', 'src/net/a.ts', 'class A { #dest = 1; }'],
  ['namesAreOurs', 'src/net/a.ts', 'type EventSink = () => void;'],
  ['leftoversHaveNumbers', 'src/net/a.ts', '// TODO make it work'],
  ['leftoversHaveNumbers', 'src/net/a.ts', '/* FIXME #3 */'],
  ['noMachinePaths', 'scripts/a.ts', `const dir = '${['', 'home', 'somebody', 'godwit'].join('/')}';`],
];

const GOOD: readonly Sample[] = [
  ['importsGoDown', 'src/net/a.ts', "import { b } from '../resp/b.ts'; import { c } from './c.ts'; import { d } from '../errors/d.ts';"],
  ['importsGoDown', 'src/net/a.ts', "import type { b } from '../observe/log.ts'; import { type c } from '../config/c.ts';"],
  ['importsGoDown', 'src/config/a.ts', "import { b } from '../observe/redaction.ts';"],
  ['importsGoDown', 'src/topology/a.ts', "import { b } from '../net/b.ts'; import type { c } from '../observe/c.ts';"],
  ['importsGoDown', 'src/pipeline/a.ts', "import { b } from '../source/b.ts'; import { c } from '../target/c.ts';"],
  ['importsGoDown', 'src/job/a.ts', "import { b } from '../pipeline/b.ts';"],
  ['importsGoDown', 'test/unit/a.ts', "import { b } from '../../src/cli/b.ts'; import { c } from '../../src/net/c.ts';"],
  ['pageStandsAlone', 'web/view/a.tsx', "import type { b } from '../../src/observe/b.ts'; import { c } from '../judge/c.ts'; import { d } from 'preact';"],
  ['pageStandsAlone', 'web/app.tsx', "import { b } from './view/b.tsx';"],
  ['socketsOnlyInNet', 'src/net/a.ts', "import { connect } from 'node:net';"],
  ['socketsOnlyInNet', 'src/config/a.ts', "import { isIPv6 } from 'node:net';"],
  ['socketsOnlyInNet', 'src/observe/a.ts', "import type { Socket } from 'node:net';"],
  ['processOnlyInCli', 'src/cli/a.ts', 'process.exitCode = 1; console.error(1);'],
  ['processOnlyInCli', 'src/net/a.ts', 'const a = { process: 1 }; take(a.process, performance.now()); // the process'],
  ['codecsArePure', 'src/rdb/a.ts', "import { inspect } from 'node:util';"],
  ['codecsArePure', 'src/async/a.ts', 'setTimeout(run, Date.now());'],
  ['codecsArePure', 'src/net/a.ts', 'setTimeout(run, Date.now());'],
  ['filesAreShort', 'src/net/a.ts', lines(400)],
  ['filesAreShort', 'src/command/a.ts', `// Generated by scripts/a.ts\n${lines(900)}`],
  ['functionsAreShort', 'src/net/a.ts', functionOf(70)],
  ['functionsAreShort', 'test/unit/a.test.ts', `describe.each([1])('a', () => {\n${lines(90)}});`],
  ['noBarrels', 'src/index.ts', "export * from './net/a.ts';"],
  ['noBarrels', 'src/net/a.ts', "export { b } from './b.ts'; export const a = 1;"],
  ['namesAreOurs', 'src/net/a.ts', "const offset = info['master_repl_offset']; const destroyed = 'dest'; resource(offset, destroyed);"],
  ['namesAreOurs', 'bench/a.ts', 'const src = 1; const common = 2;'],
  ['leftoversHaveNumbers', 'src/net/a.ts', "// TODO #12: later\nconst TODO = 'TODO';"],
  ['noMachinePaths', 'src/net/a.ts', "const url = 'https://host/path'; const a = '../work/b'; const keys = '/usr/share/keyrings';"],
];

function named([rule, path, text]: Sample): { rule: string; path: string; text: string; start: string } {
  return { rule, path, text, start: text.split('\n')[0].slice(0, 60) };
}

describe('each rule bites:', () => {
  test.each(BAD.map(named))('$rule on $path: $start', ({ rule, path, text }) => {
    expect(RULES[rule](readSource(path, text))).not.toEqual([]);
  });

  test.each(GOOD.map(named))('but $rule lets pass $path: $start', ({ rule, path, text }) => {
    expect(RULES[rule](readSource(path, text))).toEqual([]);
  });

  test('every rule has a bad sample', () => {
    expect([...new Set(BAD.map(([rule]) => rule))].toSorted()).toEqual(Object.keys(RULES).toSorted());
  });

  test('a cycle is found, over types as well, and named', () => {
    const files = [
      readSource('src/net/a.ts', "import { b } from './b.ts';"),
      readSource('src/net/b.ts', "import type { c } from './c.ts';"),
      readSource('src/net/c.ts', "export { a } from './a.ts'; export const c = 1;"),
    ];
    expect(importCycles(files)).toEqual(['cycle: src/net/a.ts -> src/net/b.ts -> src/net/c.ts -> src/net/a.ts']);
    expect(importCycles(files.slice(0, 2))).toEqual([]);
  });
});

describe('the project is tidy:', () => {
  const files = projectFiles();

  test('there are files to look at', () => {
    expect(files.filter(({ path }) => path.startsWith('src/')).length).toBeGreaterThan(50);
  });

  test.each(Object.keys(RULES))('%s', (rule) => {
    expect(files.flatMap((file) => RULES[rule](file))).toEqual([]);
  });

  test('no import cycles', () => {
    expect(importCycles(files)).toEqual([]);
  });
});

function projectFiles(): SourceFile[] {
  const root = fileURLToPath(new URL('..', import.meta.url));
  return ['src', 'test', 'bench', 'scripts', 'web']
    .filter((dir) => existsSync(join(root, dir)))
    .flatMap((dir) => readdirSync(join(root, dir), { recursive: true, encoding: 'utf8' }).map((path) => `${dir}/${path}`))
    .filter((path) => /\.tsx?$/.test(path) && !path.startsWith('test/fixtures/'))
    .toSorted()
    .map((path) => readSource(path, readFileSync(join(root, path), 'utf8')));
}
