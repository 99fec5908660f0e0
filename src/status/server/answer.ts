/** What a route answers: a value that becomes JSON and is cleaned of secrets, or a text or bytes that are sent as they are. */
export interface Answer {
  readonly code: number;
  readonly body: unknown;
  /** Of a body that is no JSON: it goes as it is. */
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export function refusal(code: number, error: string, more: Readonly<Record<string, unknown>> = {}, headers: Readonly<Record<string, string>> = {}): Answer {
  return { code, body: { error, ...more }, headers };
}

/** 405 with the methods that are taken. */
export function otherMethod(...allowed: readonly string[]): Answer {
  return refusal(405, `only ${allowed.join(' and ')} ${allowed.length > 1 ? 'are' : 'is'} taken`, {}, { allow: allowed.join(', ') });
}
