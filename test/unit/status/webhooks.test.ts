import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readWebhook, type Webhook, webhookName, webhookSecrets, webhooksType } from '../../../src/config/webhook-type.ts';
import type { Notice } from '../../../src/status/alerts/alert-engine.ts';
import { WebhookLine } from '../../../src/status/alerts/webhook-line.ts';
import { refusalIn, webhookMessage } from '../../../src/status/alerts/webhook-message.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../../support/webhook-receiver.ts';
import { waitFor } from '../../support/wait-for.ts';

const NOTICE: Notice = { state: 'firing', id: 'lag', severity: 'warning', what: '2 GiB <behind> & late', sinceAt: 0, at: 5 };
const ORIGIN = { job: 'orders', source: 'a:1', target: 'b:2', version: '0.1.0' };
const TEXT = '[WARNING] godwit orders: lag\n2 GiB <behind> & late\na:1 → b:2, since 1970-01-01T00:00:00.000Z';

const hook = (text: string): Webhook => readWebhook(text) as Webhook;
const message = (text: string, notice = NOTICE): { url: string; body: Record<string, never> } => {
  const { url, body } = webhookMessage(hook(text), notice, ORIGIN, 1_700_000_000_123);
  return { url, body: JSON.parse(body) as Record<string, never> };
};

describe('a message', () => {
  test('has the form of its kind', () => {
    expect(message('https://h/x').body).toEqual({ ...NOTICE, ...ORIGIN });
    expect(message('slack https://h/x').body).toEqual({ text: TEXT.replace('<behind> & late', '&lt;behind&gt; &amp; late') });
    expect(message('dingtalk https://h/x').body).toEqual({
      msgtype: 'markdown',
      markdown: { title: '[WARNING] godwit orders: lag', text: `### ${TEXT.replaceAll('\n', '\n\n')}` },
    });
    expect(message('feishu https://h/x').body).toEqual({ msg_type: 'text', content: { text: TEXT } });
    expect(message('wecom https://h/x').body).toEqual({ msgtype: 'markdown', markdown: { content: TEXT } });
    expect(message('slack https://h/x', { ...NOTICE, state: 'resolved' }).body['text']).toMatch(/^\[RESOLVED\] godwit orders: lag\n/);
    expect(JSON.stringify(message('https://h/x', { ...NOTICE, what: 'x'.repeat(99_999) }).body).length).toBeLessThan(2_500);
  });

  test('is signed where the receiver asks for it', () => {
    const { searchParams } = new URL(message('dingtalk https://h/x?access_token=t SECxyz').url);
    expect([searchParams.get('access_token'), searchParams.get('timestamp')]).toEqual(['t', '1700000000123']);
    expect(searchParams.get('sign')).toBe(createHmac('sha256', 'SECxyz').update('1700000000123\nSECxyz').digest('base64'));
    const { body } = message('feishu https://h/x SECxyz');
    expect(body).toMatchObject({ timestamp: '1700000000', sign: createHmac('sha256', '1700000000\nSECxyz').update('').digest('base64') });
  });

  test('that was refused with a 200 is known for one', () => {
    expect(refusalIn('dingtalk', '{"errcode":310000,"errmsg":"sign not match"}')).toBe('310000 sign not match');
    expect(refusalIn('feishu', '{"code":19021,"msg":"sign match fail"}')).toBe('19021 sign match fail');
    expect(refusalIn('wecom', '{"errcode":0,"errmsg":"ok"}')).toBe('');
    expect(refusalIn('feishu', '<html>')).toBe('the answer is no JSON');
    expect([refusalIn('slack', 'ok'), refusalIn('generic', '')]).toEqual(['', '']);
  });
});

describe('the setting', () => {
  test('is a list of URLs with their kinds; nothing of a URL but its host is shown', () => {
    const type = webhooksType();
    const hooks = type.read(['https://one.example/abc', 'feishu https://two.example/def/ghijklmnop secret-word'], false) as Webhook[];
    expect(hooks.map(({ kind }) => kind)).toEqual(['generic', 'feishu']);
    expect(type.show(hooks)).toBe('generic one.example ****, feishu two.example ****');
    expect(webhookSecrets(hooks[1])).toEqual(['https://two.example/def/ghijklmnop', '/def/ghijklmnop', 'secret-word']);
    expect(webhookName(hooks[0])).toBe('generic one.example');
    expect(type.read('slack https://a/b,https://c/d', true)).toHaveLength(2);
    for (const wrong of ['ftp://x/y', 'teams https://x/y', 'slack', 'slack https://x/y secret', 'https://', 'a b c d'])
      expect(type.read([wrong], false)).toBeUndefined();
  });
});

describe('the way to a webhook', () => {
  let receiver: WebhookReceiver;
  let troubles: string[];
  beforeEach(async () => {
    receiver = await startWebhookReceiver();
    troubles = [];
  });
  afterEach(() => receiver.close());

  const line = (path = '/hook', kind = 'generic'): WebhookLine =>
    new WebhookLine({ hook: hook(`${kind} ${receiver.url(path)}`), origin: () => ORIGIN, onTrouble: (text) => troubles.push(text), delayMinMs: 5 });
  const numbered = (id: number): Notice => ({ ...NOTICE, id: String(id) });

  test('tries again until it is taken, and keeps the order', async () => {
    receiver.failures = 3;
    const one = line();
    for (const id of [1, 2, 3]) one.send(numbered(id));
    await waitFor('all of them', () => receiver.received.length === 3);
    expect(receiver.received.map(({ body }) => body['id'])).toEqual(['1', '2', '3']);
    expect(receiver.requests).toBe(6);
    expect(troubles).toEqual([expect.stringMatching(/^the alert 1 is not sent to generic 127\.0\.0\.1:\d+ yet, it is tried again: it answered 503$/)]);
  });

  test('gives one up after some attempts, says so without the URL, and goes on with the next', async () => {
    receiver.failures = 8;
    const one = line('/services/T000/B000/very-secret');
    one.send(numbered(1));
    one.send(numbered(2));
    await waitFor('the second', () => receiver.received.length === 1, { timeoutMs: 20_000 });
    expect(receiver.received[0]?.body['id']).toBe('2');
    expect(troubles.at(-1)).toContain('could not be sent');
    expect(troubles.join()).not.toContain('very-secret');
  });

  test('nobody waits for a receiver that is silent; the end of the run does not for long', async () => {
    receiver.silent = true;
    const one = line();
    const startMs = performance.now();
    for (let id = 0; id < 200; id++) one.send(numbered(id));
    expect(performance.now() - startMs).toBeLessThan(500);
    expect(troubles.filter((text) => text.includes('too many'))).toHaveLength(99);
    await one.close(200);
    expect(performance.now() - startMs).toBeLessThan(2_000);
  });

  test('what waits is sent before the run ends', async () => {
    const one = line();
    one.send(numbered(1));
    one.send(numbered(2));
    await one.close(5_000);
    expect(receiver.received).toHaveLength(2);
  });
});
