/**
 * An alert as each kind of receiver wants it.
 *
 *   generic    the facts as JSON: {"state","id","severity","what","sinceAt","at","job","source","target","version"}
 *   slack      {"text"}                                             also Mattermost, Rocket.Chat and Discord (/slack)
 *   dingtalk   {"msgtype":"markdown","markdown":{"title","text"}}   signed: ?timestamp=ms&sign=base64(HMAC-SHA256(secret, "ms\nsecret"))
 *   feishu     {"msg_type":"text","content":{"text"}}               signed: timestamp (s) and sign = base64(HMAC-SHA256("s\nsecret", "")) in the body
 *   wecom      {"msgtype":"markdown","markdown":{"content"}}
 */
import { createHmac } from 'node:crypto';
import type { Webhook } from '../../config/webhook-type.ts';
import type { Notice } from './alert-engine.ts';

/** Whose alert it is. */
export interface AlertOrigin {
  readonly job: string;
  readonly source: string;
  readonly target: string;
  readonly version: string;
}

export interface WebhookMessage {
  readonly url: string;
  readonly body: string;
}

const TEXT_MAX = 2_000;

/** @param nowMs Unix, for the signature */
export function webhookMessage({ kind, url, secret }: Webhook, notice: Notice, origin: AlertOrigin, nowMs: number): WebhookMessage {
  const title = titleOf(notice, origin);
  const text = [title, cut(notice.what), `${origin.source} → ${origin.target}, since ${new Date(notice.sinceAt).toISOString()}`];
  switch (kind) {
    case 'generic':
      return { url, body: JSON.stringify({ ...notice, what: cut(notice.what), ...origin }) };
    case 'slack':
      return { url, body: JSON.stringify({ text: text.map(escapeSlack).join('\n') }) };
    case 'dingtalk':
      return { url: dingtalkUrl(url, secret, nowMs), body: JSON.stringify({ msgtype: 'markdown', markdown: { title, text: `### ${text.join('\n\n')}` } }) };
    case 'feishu':
      return { url, body: JSON.stringify({ ...feishuSign(secret, nowMs), msg_type: 'text', content: { text: text.join('\n') } }) };
    case 'wecom':
      return { url, body: JSON.stringify({ msgtype: 'markdown', markdown: { content: text.join('\n') } }) };
  }
}

/** What a receiver of this kind says of a message that it did not take, though it answers with 200; '' = it took it. */
export function refusalIn(kind: Webhook['kind'], answer: string): string {
  if (kind === 'generic' || kind === 'slack') return '';
  try {
    const { errcode = 0, code = 0, errmsg, msg } = JSON.parse(answer) as { errcode?: number; code?: number; errmsg?: string; msg?: string };
    return errcode === 0 && code === 0 ? '' : `${errcode || code} ${errmsg ?? msg ?? ''}`.trim();
  } catch {
    return 'the answer is no JSON';
  }
}

function titleOf({ state, severity, id }: Notice, { job }: AlertOrigin): string {
  return `[${state === 'resolved' ? 'RESOLVED' : severity.toUpperCase()}] godwit ${job}: ${id}`;
}

function cut(text: string): string {
  return text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX)}...` : text;
}

function escapeSlack(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function dingtalkUrl(url: string, secret: string, nowMs: number): string {
  if (secret === '') return url;
  const signed = new URL(url);
  signed.searchParams.set('timestamp', String(nowMs));
  signed.searchParams.set('sign', createHmac('sha256', secret).update(`${nowMs}\n${secret}`).digest('base64'));
  return signed.href;
}

function feishuSign(secret: string, nowMs: number): object {
  if (secret === '') return {};
  const timestamp = String(Math.floor(nowMs / 1000));
  return { timestamp, sign: createHmac('sha256', `${timestamp}\n${secret}`).update('').digest('base64') };
}
