import { describe, expect, test } from 'vitest';
import { createLogger } from '../../../src/observe/create-logger.ts';
import { redactAddress, Redactor, redactUrls } from '../../../src/observe/redaction.ts';
import { GodwitError } from '../../../src/errors/errors.ts';

const PLANTED = 'hunter2-"quoted"/@50%';

describe('redactUrls', () => {
  test.each([
    ['redis://user:secret@host:6379', 'redis://user:****@host:6379'],
    ['redis://:secret@host', 'redis://:****@host'],
    ['rediss://secret@host', 'rediss://****@host'],
    ['from redis://a:pa/ss@w0rd@h:1 to redis://h2:2', 'from redis://a:****@h:1 to redis://h2:2'],
    ['"redis://a:one@h1" and "redis://b:two@h2"', '"redis://a:****@h1" and "redis://b:****@h2"'],
    ['mail me@example.org', 'mail me@example.org'],
    ['redis://host:6379', 'redis://host:6379'],
  ])('%s', (text, expected) => expect(redactUrls(text)).toBe(expected));

  test('an address without a scheme is cleaned as an address', () => {
    expect(redactAddress('user:secret@host:1')).toBe('user:****@host:1');
    expect(redactAddress('secret@host:1')).toBe('****@host:1');
    expect(redactAddress('redis//u:secret@h')).toBe('redis//u:****@h');
    expect(redactAddress('host:1')).toBe('host:1');
  });
});

describe('Redactor', () => {
  const redactor = new Redactor();
  redactor.register(PLANTED, 'abc', undefined, '');

  test('hides a registered secret in texts, also percent-encoded and escaped', () => {
    expect(redactor.text(`it is ${PLANTED}!`)).toBe('it is ****!');
    expect(redactor.text(encodeURIComponent(PLANTED))).toBe('****');
    expect(redactor.text(JSON.stringify({ a: PLANTED }))).toBe('{"a":"****"}');
  });

  test('hides a very short secret only where it stands alone', () => {
    expect(redactor.text('abc')).toBe('****');
    expect(redactor.text('abcdef')).toBe('abcdef');
  });

  test('cleans nested data, keys that name a secret, and errors with their causes', () => {
    const error = new GodwitError('AUTH_FAILED', `no ${PLANTED}`, { cause: new Error(`inner ${PLANTED}`), details: { url: 'redis://x:y@z' } });
    const clean = redactor.value({ list: [PLANTED], source: { password: 'other', username: 'u', masterPassword: 'x' }, error, n: 1, none: null, big: 5n });
    const text = JSON.stringify(clean);
    expect(text).not.toContain('hunter2');
    expect(text).not.toContain('other');
    expect(text).not.toContain('x:y@');
    expect(clean).toMatchObject({ list: ['****'], source: { password: '****', username: 'u', masterPassword: '****' }, n: 1, none: null, big: '5' });
    expect(clean).toMatchObject({ error: { code: 'AUTH_FAILED', message: 'no ****', cause: { message: 'inner ****' } } });
  });

  test('does not follow a cycle for ever', () => {
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    expect(JSON.stringify(redactor.value(cycle))).toContain('...');
  });
});

describe('createLogger', () => {
  const lines: string[] = [];
  const redactor = new Redactor();
  redactor.register(PLANTED);
  const log = createLogger('info', { write: (line: string) => void lines.push(line) }, redactor);

  test('writes one clean JSON object per line, at its level and above', () => {
    lines.length = 0;
    log.debug({}, 'not shown');
    log.info({ url: 'redis://u:p4ssw0rd@h', err: new Error(PLANTED) }, `100% of ${PLANTED} %s %d`);
    expect(lines).toHaveLength(1);
    const line = JSON.parse(lines[0]);
    expect(line).toMatchObject({ level: 'info', url: 'redis://u:****@h', message: '100% of **** %s %d', err: { message: '****' } });
    expect(lines[0]).not.toMatch(/hunter2|p4ssw0rd/);
    expect(Number.isNaN(Date.parse(line.time))).toBe(false);
  });
});
