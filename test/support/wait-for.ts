/** The only poller of the tests. Where an event can be awaited, await that instead. */

export interface WaitOptions {
  /** 10 s unless told. */
  timeoutMs?: number;
  /** 10 ms unless told. */
  intervalMs?: number;
}

/**
 * Awaits until the predicate gives something truthy, and returns that. A predicate that throws counts as not yet.
 * @param what completes the sentence "waited for ...".
 * @throws Error with what was waited for and the last value or error seen.
 */
export async function waitFor<T>(what: string, predicate: () => T | Promise<T>, options: WaitOptions = {}): Promise<NonNullable<T>> {
  const { timeoutMs = 10_000, intervalMs = 10 } = options;
  const deadline = performance.now() + timeoutMs;
  let last = 'nothing';
  for (;;) {
    try {
      const value = await predicate();
      if (value) return value;
      last = JSON.stringify(value) ?? 'undefined';
    } catch (error) {
      last = error instanceof Error ? error.message : String(error);
    }
    if (performance.now() >= deadline) throw new Error(`waited ${timeoutMs} ms for ${what}; last seen: ${last}`);
    await new Promise((resolve) => setTimeout(resolve, intervalMs));
  }
}
