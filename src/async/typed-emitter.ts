/** A small synchronous emitter. Listeners are called in the order in which they were added; one that throws stops nobody else. */
export class TypedEmitter<Events extends object> {
  private readonly listeners = new Map<keyof Events, Set<(event: never) => void>>();
  private readonly onThrown: (error: unknown) => void;

  /** @param onThrown gets what listeners throw */
  constructor(onThrown: (error: unknown) => void) {
    this.onThrown = onThrown;
  }

  /** Adds a listener; returns the function that removes it. */
  on<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): () => void {
    const set = this.listeners.get(name) ?? new Set();
    this.listeners.set(name, set.add(listener));
    return () => void set.delete(listener);
  }

  emit<Name extends keyof Events>(name: Name, event: Events[Name]): void {
    for (const listener of this.listeners.get(name) ?? []) {
      try {
        (listener as (event: Events[Name]) => void)(event);
      } catch (error) {
        this.onThrown(error);
      }
    }
  }
}
