import { parse } from 'smol-toml';
import { describe, expect, test } from 'vitest';
import { substituteVariables } from '../../../../src/config/shake/substitute-variables.ts';

const ENV = { HOST: 'h:1', PW: String.raw`a"b\c$d'`, YES: 'true', EMPTY: '', LINES: 'a\nb', PLAIN: 'plain' };
const substituted = (text: string): string => substituteVariables(text, ENV).text;

describe('puts in', () => {
  test.each([
    ['a = "${HOST}"', { a: 'h:1' }],
    ['a = "x-${HOST}-${PLAIN}"', { a: 'x-h:1-plain' }],
    ['a = ${YES}', { a: true }],
    ['a = "${PW}"', { a: ENV.PW }],
    ['a = """${PW}"""', { a: ENV.PW }],
    ["a = '${PLAIN}'", { a: 'plain' }],
    ["a = '''${PLAIN}'''", { a: 'plain' }],
    ['a = "${LINES}"', { a: 'a\nb' }],
    ['a = "${NONE:-x:2}"', { a: 'x:2' }],
    ['a = "${EMPTY:-x}"', { a: 'x' }],
    ['a = "${HOST:-x}"', { a: 'h:1' }],
    ['a = ${NONE:-5}', { a: 5 }],
    ['a = "${NONE:-}"', { a: '' }],
    [String.raw`a = "\"${'${PLAIN}'}\""`, { a: '"plain"' }],
    ['a = "" # "\nb = "${PLAIN}"', { a: '', b: 'plain' }],
    ["a = ''\nb = ${YES} # it's\nc = '${PLAIN}'", { a: '', b: true, c: 'plain' }],
  ])('%s', (text, document) => {
    expect(parse(substituted(text))).toEqual(document);
  });
});

describe('leaves as it is', () => {
  test.each([
    'a = "pa$$w0rd$"',
    'a = "$HOST"',
    'a = "${}"',
    'a = "${1X}"',
    'a = "${HOST"',
    'a = "$(HOST)"',
    '# ${HOST}\na = 1',
    'a = "${NONE}"',
    'a = "${EMPTY}"',
  ])('%s', (text) => expect(substituted(text)).toBe(text));
});

test('tells what is not set, what cannot stand where it is referred to, and the lines of what was put in', () => {
  const { missing, unfit, replaced } = substituteVariables('a = "${NONE}"\nb = ${LINES}\nc = \'${PW}\'\n# ${NONE}\nd = """\n${HOST} ${YES}"""\n', ENV);
  expect(missing).toEqual([{ name: 'NONE', line: 1 }]);
  expect(unfit.map(({ name, line }) => [name, line])).toEqual([
    ['LINES', 2],
    ['PW', 3],
  ]);
  expect([...replaced]).toEqual([
    [2, ['LINES']],
    [3, ['PW']],
    [6, ['HOST', 'YES']],
  ]);
});

test('a variable that is written without braces is told, and stays', () => {
  expect(substituteVariables('a = "$HOST"\nb = "$NONE pa$$"\n# $HOST', ENV).bare).toEqual([{ name: 'HOST', line: 1 }]);
});
