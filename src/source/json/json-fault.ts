/** What stops the reading of JSON text within a window: it is wrong, or it ends before the thing that is read does. */

/** The text is not what an export writes. The place is made known by who knows the file. */
export class JsonFault extends Error {
  /** Index in the window. */
  readonly at: number;

  constructor(message: string, at: number) {
    super(message);
    this.name = 'JsonFault';
    this.at = at;
  }
}

/** Thrown, always the same one, where the window ends within what is read: begin it again with more behind. No stack is taken. */
export const NEED_MORE = new RangeError('the window ends within what is read');
