/**
 * Webhooks as the configuration has them: `URL`, or `KIND URL`, or `KIND URL SECRET` where the receiver signs. The path of such a URL is as good as a password: nothing
 * of it but the host is ever shown.
 */
import type { OptionType } from './option-type.ts';

export const WEBHOOK_KINDS = ['generic', 'slack', 'dingtalk', 'feishu', 'wecom'] as const;
export type WebhookKind = (typeof WEBHOOK_KINDS)[number];

export interface Webhook {
  readonly kind: WebhookKind;
  readonly url: string;
  /** What messages are signed with (dingtalk, feishu); '' = they are not. */
  readonly secret: string;
}

/** A shorter path holds no token, and may be a word that others use. */
const SECRET_PATH_LENGTH_MIN = 12;

/** `slack hooks.slack.com`: safe to show. */
export function webhookName({ kind, url }: Webhook): string {
  return `${kind} ${new URL(url).host}`;
}

/** All that must not be seen of it. */
export function webhookSecrets({ url, secret }: Webhook): string[] {
  const { pathname, search, username, password } = new URL(url);
  return [url, ...(pathname.length + search.length < SECRET_PATH_LENGTH_MIN ? [] : [`${pathname}${search}`]), username, password, secret].filter(
    (text) => text !== '',
  );
}

/** In a file a list of texts; in a flag or a variable with commas between. */
export function webhooksType(): OptionType<readonly Webhook[]> {
  const read = (raw: unknown, textual: boolean): readonly Webhook[] | undefined => {
    if (raw === 'none') return [];
    const words = textual ? [raw].flat().flatMap((text) => String(text).split(',')) : raw;
    if (!Array.isArray(words)) return undefined;
    const hooks = words.map((word) => (typeof word === 'string' ? readWebhook(word) : undefined));
    return hooks.includes(undefined) ? undefined : (hooks as Webhook[]);
  };
  return {
    kind: 'secret',
    allowed: `a list of texts such as "https://host/path" or "slack https://hooks.slack.com/..."; kinds are ${WEBHOOK_KINDS.join(', ')}; a third word signs (dingtalk, feishu)`,
    words: [],
    placeholder: '<webhook>',
    read,
    show: (hooks) => (hooks.length === 0 ? 'none' : hooks.map((hook) => `${webhookName(hook)} ****`).join(', ')),
  };
}

/** Undefined if it is none. */
export function readWebhook(text: string): Webhook | undefined {
  const words = text.trim().split(/\s+/);
  const [kind, url, secret = ''] = words.length === 1 ? ['generic', words[0] ?? ''] : words;
  const known = WEBHOOK_KINDS.find((word) => word === kind);
  if (known === undefined || words.length > 3 || !/^https?:\/\/[^/]/i.test(url ?? '') || !URL.canParse(url ?? '')) return undefined;
  if (secret !== '' && known !== 'dingtalk' && known !== 'feishu') return undefined;
  return { kind: known, url: url ?? '', secret };
}
