/**
 * Keeps secrets out of everything that is shown: log lines, error lines, `explain`, the status server.
 *
 * Two nets: (1) user information in anything that looks like a URL is hidden by its form, whoever wrote it; (2) secrets that were
 * registered (passwords of the configuration) are hidden wherever they occur in a text, also percent-encoded. A registered secret of
 * fewer than SECRET_LENGTH_MIN characters is hidden only where it is the whole text: hiding each `a` of a log would hide the log.
 */
const HIDDEN = '****';
const SECRET_LENGTH_MIN = 4;
const DEPTH_MAX = 8;
const SECRET_KEY = /^(?:.*[._-])?(?:pass(?:word|wd|phrase)?|auth|secret|token|credentials)$/i;
const CAMEL_SECRET_KEY = /(?:Password|Secret|Token)$/;
/** scheme://user:password@ up to the last @ of the word, so that an unencoded / or @ in a password does not cut the hiding short. */
const URL_USER_INFO = /\b([a-z][a-z0-9+.-]*:\/\/)([^\s"'<>`]*)@/gi;

/** Hides the passwords of all URLs in a text: `redis://user:****@host`. A lone word before the @ is hidden too: it may be the password. */
export function redactUrls(text: string): string {
  if (!text.includes('@')) return text;
  return text.replace(URL_USER_INFO, (_whole, scheme: string, userInfo: string) => `${scheme}${hideUserInfo(userInfo)}@`);
}

/** Hides what may be a password in one address as a user typed it, with or without a scheme. */
export function redactAddress(text: string): string {
  const at = text.lastIndexOf('@');
  if (at < 0) return text;
  const schemeEnd = text.indexOf('://');
  const start = schemeEnd >= 0 && schemeEnd < at ? schemeEnd + 3 : 0;
  return `${text.slice(0, start)}${hideUserInfo(text.slice(start, at))}${text.slice(at)}`;
}

function hideUserInfo(userInfo: string): string {
  const colon = userInfo.indexOf(':');
  return colon < 0 ? HIDDEN : `${userInfo.slice(0, colon)}:${HIDDEN}`;
}

export class Redactor {
  readonly #long: string[] = [];
  readonly #short = new Set<string>();

  /** Registers secrets; empty and undefined ones are ignored. */
  register(...secrets: readonly (string | undefined)[]): void {
    for (const secret of secrets) {
      if (!secret) continue;
      this.#short.add(secret);
      for (const form of new Set([secret, encodeURIComponent(secret), encodeURI(secret), JSON.stringify(secret).slice(1, -1)])) {
        if (form.length >= SECRET_LENGTH_MIN && !this.#long.includes(form)) this.#long.push(form);
      }
    }
    this.#long.sort((a, b) => b.length - a.length);
  }

  /** The text without secrets. */
  text(text: string): string {
    if (this.#short.has(text)) return HIDDEN;
    let clean = redactUrls(text);
    for (const secret of this.#long) if (clean.includes(secret)) clean = clean.replaceAll(secret, HIDDEN);
    return clean;
  }

  /** A copy of plain data without secrets: strings are cleaned, values of keys that name a secret are hidden, errors become plain objects. */
  value(value: unknown): unknown {
    return this.#value(value, 0);
  }

  #value(value: unknown, depth: number): unknown {
    if (typeof value === 'string') return this.text(value);
    if (typeof value === 'bigint') return value.toString();
    if (typeof value !== 'object' || value === null) return value;
    if (depth >= DEPTH_MAX) return '...';
    if (Array.isArray(value)) return value.map((item) => this.#value(item, depth + 1));
    if (value instanceof Uint8Array) return `<${value.length} bytes>`;
    if (value instanceof Date) return value.toISOString();
    if (value instanceof Error) return this.#error(value, depth);
    return this.#entries(Object.entries(value), depth);
  }

  #entries(entries: readonly [string, unknown][], depth: number): Record<string, unknown> {
    const clean: Record<string, unknown> = {};
    for (const [key, item] of entries) {
      const secret = (SECRET_KEY.test(key) || CAMEL_SECRET_KEY.test(key)) && (typeof item === 'string' || item instanceof Uint8Array);
      clean[key] = secret && item.length > 0 ? HIDDEN : this.#value(item, depth + 1);
    }
    return clean;
  }

  #error(error: Error, depth: number): Record<string, unknown> {
    const entries: [string, unknown][] = [['type', error.name], ['message', error.message], ...Object.entries(error)];
    if (error.stack) entries.push(['stack', error.stack]);
    if (error.cause !== undefined) entries.push(['cause', error.cause]);
    return this.#entries(entries, depth);
  }
}
