/** What a load has applied, up to what is answered; after a break it goes back to the mark. */
export interface LoadCounts {
  readonly keys: number;
  readonly skipped: number;
  readonly commands: number;
}

export const NOTHING_LOADED: LoadCounts = { keys: 0, skipped: 0, commands: 0 };
