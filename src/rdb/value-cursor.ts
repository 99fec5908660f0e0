/** A window over the bytes that a snapshot is in; window[start] stands at `offset` in it. A reader of the spool, of a file, or of a value in memory. */
export interface ValueCursor {
  readonly window: Buffer;
  readonly start: number;
  readonly end: number;
  readonly offset: number;
  readonly full: boolean;
  seek(offset: number): void;
  consume(to: number): void;
  grow(): void;
  /** Brings in what is there; false at the end. @param wanted it can wait for so many bytes in the window */
  more(wanted?: number): Promise<boolean>;
}
