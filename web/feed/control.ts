/**
 * What the page asks the job to do. The token is asked for when a change first needs it, kept for this tab alone (sessionStorage), and forgotten when the server says
 * that it is wrong. An address with `#token=` gives it too; it is taken out of the address at once, so that neither history nor a copied link holds it.
 */
export type Outcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'token-missing' }
  | { readonly kind: 'token-wrong' }
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'unreachable' };

export interface Change {
  readonly method: 'POST' | 'PUT';
  /** Below the root, without a first `/`. */
  readonly path: string;
}

const STORED_AS = 'godwit.token';
const ANSWER_TIMEOUT_MS = 10_000;

export class Control {
  private readonly root: string;
  private token = '';

  constructor(root: string) {
    this.root = root;
    this.token = tokenInAddress() ?? stored();
    if (this.token !== '') this.keep(this.token);
  }

  get hasToken(): boolean {
    return this.token !== '';
  }

  keep(token: string): void {
    this.token = token;
    try {
      sessionStorage.setItem(STORED_AS, token);
    } catch {
      // Kept in memory then.
    }
  }

  forget(): void {
    this.token = '';
    try {
      sessionStorage.removeItem(STORED_AS);
    } catch {
      // There was no room for it in the first place.
    }
  }

  async ask({ method, path }: Change): Promise<Outcome> {
    if (!this.hasToken) return { kind: 'token-missing' };
    try {
      const headers = { authorization: `Bearer ${this.token}` };
      const response = await fetch(`${this.root}${path}`, { method, headers, cache: 'no-store', signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
      if (response.ok) return { kind: 'done' };
      if (response.status === 401) {
        this.forget();
        return { kind: 'token-wrong' };
      }
      const { error = '' } = (await response.json().catch(() => ({}))) as { error?: string };
      return { kind: 'refused', message: error === '' ? `HTTP ${response.status}` : error };
    } catch {
      return { kind: 'unreachable' };
    }
  }
}

function tokenInAddress(): string | null {
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  if (token !== null) history.replaceState(null, '', location.pathname + location.search);
  return token;
}

function stored(): string {
  try {
    return sessionStorage.getItem(STORED_AS) ?? '';
  } catch {
    return '';
  }
}
