/** What can be known of the image without docker: a linter, and the promises of docs/container.md. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Copy, type Dockerfile, DockerfileParser, type Entrypoint, type Healthcheck, type JSONInstruction } from 'dockerfile-ast';
import { validate, ValidationSeverity } from 'dockerfile-utils';
import { describe, expect, test } from 'vitest';

const root = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url));
const text = readFileSync(root('Dockerfile'), 'utf8');
const { scripts } = JSON.parse(readFileSync(root('package.json'), 'utf8')) as { scripts: Record<string, string> };

/** What is wrong, by rule. */
function mistakes(dockerfile: string): string[] {
  const parsed = DockerfileParser.parse(dockerfile);
  const found = validate(dockerfile, { deprecatedMaintainer: ValidationSeverity.ERROR, instructionCasing: ValidationSeverity.ERROR }).map(({ message }) =>
    typeof message === 'string' ? message : message.value,
  );
  const rules: readonly (readonly [string, boolean])[] = [
    ['several stages', parsed.getFROMs().length > 1],
    ['each image has a tag, and none is latest', parsed.getFROMs().every((from) => /^[^:]+:(?!latest).+$/.test(imageOf(from.getImage(), parsed)))],
    ['the user is a number that is not root', /^[1-9]\d*(:[1-9]\d*)?$/.test(last(parsed, 'USER')?.getArgumentsContent() ?? '')],
    ['nothing is run as root behind USER', instructionsBehind(parsed, 'USER').every((keyword) => keyword !== 'RUN')],
    ['the entry point is a list', isList(last(parsed, 'ENTRYPOINT') as Entrypoint | undefined)],
    ['no shell is in between', !/"(\/bin\/)?(ba|da)?sh"/.test(last(parsed, 'ENTRYPOINT')?.getArgumentsContent() ?? '')],
    [
      'the health check is a list',
      /^CMD\s+\[/.test((last(parsed, 'HEALTHCHECK') as Healthcheck | undefined)?.getRawArgumentsContent()?.replace(/^(--\S+\s+|\\\n\s*)*/, '') ?? ''),
    ],
    ['the signal that stops is SIGTERM', last(parsed, 'STOPSIGNAL')?.getArgumentsContent() === 'SIGTERM'],
    ['the spool is on a volume', (last(parsed, 'VOLUME')?.getArgumentsContent() ?? '').includes('/var/lib/godwit')],
    ['no secrets', !/(password|secret|token|api_?key)\s*=/i.test(dockerfile)],
    ['packages are those of the lock file, and run no scripts', !/npm (install|i)\b/.test(dockerfile) && !/npm ci(?!.*--ignore-scripts)/.test(dockerfile)],
    [
      'the last stage has no development packages',
      copies(parsed).every(({ from, sources }) => from !== 'build' || !sources.some((one) => one.includes('node_modules'))),
    ],
  ];
  return [...found, ...rules.filter(([, holds]) => !holds).map(([rule]) => rule)];
}

function last(parsed: Dockerfile, keyword: string): ReturnType<Dockerfile['getInstructions']>[number] | undefined {
  return parsed.getInstructions().findLast((one) => one.getKeyword() === keyword);
}

function imageOf(image: string | null, parsed: Dockerfile): string {
  const values = new Map(parsed.getInitialARGs().map((arg) => [arg.getProperty()?.getName(), arg.getProperty()?.getValue()]));
  return (image ?? '').replace(/\$\{(\w+)\}/g, (_whole, name: string) => values.get(name) ?? '');
}

function instructionsBehind(parsed: Dockerfile, keyword: string): string[] {
  const all = parsed.getInstructions().map((one) => one.getKeyword());
  return all.slice(all.lastIndexOf(keyword) + 1);
}

function isList(instruction: JSONInstruction | undefined): boolean {
  return Boolean(instruction?.getOpeningBracket() && instruction.getClosingBracket());
}

function copies(parsed: Dockerfile): { from: string | undefined; sources: string[] }[] {
  return parsed.getCOPYs().map((copy: Copy) => {
    const words = copy.getArguments().map((argument) => argument.getValue());
    return { from: copy.getFromFlag()?.getValue() ?? undefined, sources: words.slice(0, -1) };
  });
}

describe('the Dockerfile', () => {
  test('holds its rules', () => expect(mistakes(text)).toEqual([]));

  test.each<[string, (good: string) => string, string]>([
    ['a tag that moves', (good) => good.replaceAll('node:${NODE_VERSION}-slim', 'node:latest'), 'each image has a tag, and none is latest'],
    ['no tag', (good) => good.replaceAll('node:${NODE_VERSION}-slim', 'node'), 'each image has a tag, and none is latest'],
    ['root', (good) => good.replace('USER 10001:10001', 'USER root'), 'the user is a number that is not root'],
    ['no user', (good) => good.replace('USER 10001:10001', ''), 'the user is a number that is not root'],
    ['a shell', (good) => good.replace('["node", "/app/dist/cli/container/entrypoint.js"]', 'node entrypoint.js'), 'the entry point is a list'],
    ['a shell in the list', (good) => good.replace('ENTRYPOINT ["node",', 'ENTRYPOINT ["/bin/sh",'), 'no shell is in between'],
    ['a health check in a shell', (good) => good.replace(/CMD \["node", .*healthcheck.js"\]/, 'CMD node healthcheck.js'), 'the health check is a list'],
    ['another signal', (good) => good.replace('STOPSIGNAL SIGTERM', 'STOPSIGNAL SIGKILL'), 'the signal that stops is SIGTERM'],
    ['a password', (good) => good.replace('NODE_ENV=production', 'GODWIT_TARGET_PASSWORD=x'), 'no secrets'],
    [
      'what the lock file does not say',
      (good) => good.replace('npm ci --omit=dev --omit=optional --ignore-scripts', 'npm install'),
      'packages are those of the lock file, and run no scripts',
    ],
    ['development packages', (good) => good.replace('--from=dependencies', '--from=build'), 'the last stage has no development packages'],
    ['an instruction that there is not', (good) => good.replace('EXPOSE', 'EXPOSED'), 'Unknown instruction: EXPOSED'],
  ])('would be caught with %s', (_name, spoil, rule) => {
    expect(spoil(text)).not.toBe(text);
    expect(mistakes(spoil(text))).toContain(rule);
  });

  test('copies what there is and what .dockerignore lets through, and runs scripts that there are', () => {
    const parsed = DockerfileParser.parse(text);
    const allowed = readFileSync(root('.dockerignore'), 'utf8')
      .split('\n')
      .flatMap((line) => (line.startsWith('!') ? [line.slice(1)] : []));
    const sources = copies(parsed).flatMap(({ from, sources: all }) => (from === undefined ? all : []));
    expect(sources.filter((path) => !existsSync(root(path)))).toEqual([]);
    expect(new Set(sources)).toEqual(new Set(allowed));
    expect([...text.matchAll(/npm run (\w+)/g)].map(([, name = '']) => name in scripts)).toEqual([true]);
  });

  test('starts files that the build makes', () => {
    const started = [...text.matchAll(/\/app\/dist\/([\w/-]+)\.js/g)].map(([, path = '']) => `src/${path}.ts`);
    expect(started.toSorted()).toEqual(['src/cli/container/entrypoint.ts', 'src/cli/container/healthcheck.ts']);
    expect(started.filter((path) => !existsSync(root(path)))).toEqual([]);
  });
});
