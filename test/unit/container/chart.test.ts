/** The Helm chart, rendered by test/support/helm: what it makes fits together, and its values are what the schema allows and the templates use. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv, type AnySchema } from 'ajv';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { OPTIONS } from '../../../src/config/schema.ts';
import { CHART_DIR, isTable, merged, renderChart, type Resource } from '../../support/helm/render-chart.ts';
import { parseTemplate } from '../../support/helm/template-parser.ts';

type Values = Record<string, unknown>;

interface Pod {
  readonly metadata: { readonly labels: Readonly<Record<string, string>>; readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: {
    readonly securityContext: { readonly runAsUser: number };
    readonly containers: readonly Container[];
    readonly volumes: readonly { readonly name: string }[];
    readonly restartPolicy?: string;
  };
}

interface Container {
  readonly image: string;
  readonly args?: readonly string[];
  readonly env: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: unknown }[];
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
  readonly readinessProbe?: { readonly httpGet: { readonly path: string } };
  readonly livenessProbe?: { readonly httpGet: { readonly path: string } };
}

const read = (path: string): string => readFileSync(join(CHART_DIR, path), 'utf8');
const values = parse(read('values.yaml')) as Values;
const fits = new Ajv({ allErrors: true, strict: false }).compile(JSON.parse(read('values.schema.json')) as AnySchema);
const FULL: Values = {
  source: { url: 'rediss://u@a:1', password: { existingSecret: 'a-password', key: 'p' }, tls: { existingSecret: 'a-tls', clientCertificate: true } },
  target: { url: 'redis://b:2', password: { existingSecret: 'b-password' }, tls: { existingSecret: 'b-tls' } },
  config: { shake: 'text = "a ${B} <c> \\\\"\n' },
  args: ['--on-existing', 'replace'],
  serviceMonitor: { enabled: true },
  extraVolumes: [{ name: 'more', emptyDir: {} }],
  extraVolumeMounts: [{ name: 'more', mountPath: '/more' }],
};

function one(kind: string, over: Values = {}): Resource & { readonly spec: Values; readonly data: Values } {
  const found = renderChart(over).resources.filter((resource) => resource.kind === kind);
  expect(found).toHaveLength(1);
  return found[0] as never;
}

const podOf = (kind: string, over: Values = {}): Pod => one(kind, over).spec['template'] as Pod;

describe('the values', () => {
  test.each([{}, FULL, { finish: true }, { config: { existingConfigMap: 'x' } }])('%j are allowed', (over) => {
    expect(fits(merged(values, over)) || fits.errors).toBe(true);
  });

  test.each<[string, Values]>([
    ['a key that is not known', { sorce: {} }],
    ['a password in a URL', { source: { url: 'redis://u:p@a:1' } }],
    ['two configurations', { config: { godwit: 'a', shake: 'b' } }],
    ['a configuration beside a config map', { config: { godwit: 'a', existingConfigMap: 'b' } }],
    ['a tag that moves', { image: { tag: 'latest' } }],
    ['a certificate without its secret', { target: { tls: { clientCertificate: true } } }],
    ['a port that only root may have', { status: { port: 80 } }],
    ['a number as a variable', { env: [{ name: 'A', value: 1 }] }],
  ])('with %s are not', (_name, over) => {
    expect(fits(merged(values, over))).toBe(false);
  });

  test('are all used, and so is all that the templates use', () => {
    const templates = readdirSync(join(CHART_DIR, 'templates'))
      .map((name) => read(join('templates', name)))
      .join('\n');
    const leaves = (table: Values, path: string): string[] =>
      Object.entries(table).flatMap(([key, value]) => {
        const at = `${path}.${key}`;
        const isWhole = templates.includes(`toYaml ${at} `) || templates.includes(`with ${at} `);
        return isTable(value) && !isWhole && Object.keys(value).length > 0 ? leaves(value, at) : at;
      });
    // Both sides go through one template.
    const unused = leaves(values, '.Values').filter(
      (path) => !templates.includes(path) && !templates.includes(path.replace(/^\.Values\.(source|target)/, '.side')),
    );
    expect(unused).toEqual([]);
    for (const [path] of templates.matchAll(/\.Values(\.\w+)+/g)) {
      expect([
        path,
        path
          .split('.')
          .slice(2)
          .reduce<unknown>((table, key) => (table as Values | undefined)?.[key], values),
      ]).not.toEqual([path, undefined]);
    }
  });
});

describe('the pod', () => {
  test('has only variables that Godwit knows, and passwords from secrets alone', () => {
    const known = OPTIONS.map(({ env }) => env);
    const { env } = podOf('StatefulSet', FULL).spec.containers[0];
    expect(env.map(({ name }) => name).filter((name) => !known.includes(name))).toEqual([]);
    expect(env.filter(({ name }) => name.endsWith('PASSWORD')).map(({ value, valueFrom }) => [value, valueFrom])).toEqual([
      [undefined, { secretKeyRef: { name: 'a-password', key: 'p' } }],
      [undefined, { secretKeyRef: { name: 'b-password', key: 'password' } }],
    ]);
    expect(env.find(({ name }) => name === 'GODWIT_SOURCE_TLS_KEY')?.value).toBe('/etc/godwit-tls/source/tls.key');
    expect(env.some(({ name }) => name === 'GODWIT_TARGET_TLS_KEY')).toBe(false);
  });

  test.each([{}, FULL, { persistence: { enabled: false } }, { finish: true, ...FULL }])(
    'of %j has a volume for each mount, and the other way round',
    (over: Values) => {
      const { containers, volumes } = podOf('finish' in over ? 'Job' : 'StatefulSet', over).spec;
      expect(containers[0].volumeMounts.map(({ name }) => name).toSorted()).toEqual(volumes.map(({ name }) => name).toSorted());
    },
  );

  test('is found by the service and by the stateful set, and that of the job is not', () => {
    const set = one('StatefulSet');
    const labels = (set.spec['template'] as Pod).metadata.labels;
    for (const selector of [one('Service').spec['selector'], (set.spec['selector'] as { matchLabels: Values }).matchLabels])
      expect(labels).toMatchObject(selector as Values);
    expect(podOf('Job', { finish: true }).metadata.labels).not.toMatchObject(one('Service').spec['selector'] as Values);
    expect(one('Service').metadata.labels).toMatchObject((one('ServiceMonitor', FULL).spec['selector'] as { matchLabels: Values }).matchLabels);
  });

  test('is asked by probes, keeps its root file system, and is the user of the image', () => {
    const { containers, securityContext } = podOf('StatefulSet').spec;
    expect([containers[0].livenessProbe?.httpGet.path, containers[0].readinessProbe?.httpGet.path]).toEqual(['/healthz', '/readyz']);
    expect(containers[0]).toMatchObject({ securityContext: { readOnlyRootFilesystem: true, allowPrivilegeEscalation: false } });
    expect(readFileSync(new URL('../../../Dockerfile', import.meta.url), 'utf8')).toContain(`USER ${securityContext.runAsUser}:`);
  });

  test('is made anew when the configuration changes, which stays as it was written', () => {
    const checksum = (over: Values): string | undefined => podOf('StatefulSet', over).metadata.annotations?.['checksum/config'];
    expect(checksum(FULL)).not.toBe(checksum({}));
    expect(one('ConfigMap', FULL).data).toEqual({ 'shake.toml': (FULL['config'] as Values)['shake'] });
  });
});

test('finish stops the pod, and a job ends with --finish on the same spool', () => {
  expect(one('StatefulSet').spec['replicas']).toBe(1);
  expect(one('StatefulSet', { finish: true }).spec['replicas']).toBe(0);
  const { containers, volumes, restartPolicy } = podOf('Job', { ...FULL, finish: true }).spec;
  expect([containers[0].args, containers[0].livenessProbe, restartPolicy]).toEqual([['--on-existing', 'replace', '--finish'], undefined, 'Never']);
  expect(volumes).toContainEqual({ name: 'spool', persistentVolumeClaim: { claimName: one('PersistentVolumeClaim').metadata.name } });
  expect(renderChart({}).resources.some(({ kind }) => kind === 'Job')).toBe(false);
});

test('the notes name what is there', () => {
  expect(renderChart({}, 'x').notes).toContain('logs --follow statefulset/x-godwit');
  expect(renderChart({ finish: true }, 'x').notes).toContain('job/x-godwit-finish');
});

test('the chart is of the version of the package', () => {
  const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as { version: string };
  expect(parse(read('Chart.yaml'))).toMatchObject({ version, appVersion: version });
});

test.each(['{{ $x := 1 }}', '{{ tpl "x" . }} {{', '{{ if .a }}', '{{ end }}', '{{ with .a }}{{ else }}{{ end }}', '{{ 1 2 }}', '{{ (.a }}'])(
  'the renderer refuses what it does not know: %s',
  (text) => {
    expect(() => parseTemplate(text)).toThrow();
  },
);
