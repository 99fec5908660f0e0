/**
 * Where the bytes of a file come from: disk, standard input, the web, each plain or compressed. Readers pull; nothing is read ahead that they did
 * not ask for, but for what one chunk of a stream brings.
 *
 * Invariants: one read() at a time; peek() only before the first read(). Offsets count the bytes as decoders see them, decompressed.
 */
export interface ByteInput {
  /** For people: no passwords, no query of a URL. */
  readonly name: string;
  /** -1 if it is not known. */
  readonly bytesTotal: number;
  /** True: any offset can be read at any time. False: forward only. */
  readonly isSeekable: boolean;
  /** What was taken from disk or network so far, and how much there is (-1 unknown): for progress. Differs from offsets where it is compressed. */
  readonly rawBytes: number;
  readonly rawBytesTotal: number;
  /** Changes when the file does: time of the last change, or what a web server tells; '' if it is not known. */
  readonly version: string;
  /** The first bytes, `count` of them or all there are, which stay to be read. */
  peek(count: number): Promise<Buffer>;
  /**
   * Reads what is at hand at `offset`, `count` bytes at most, to into[at, ...); waits for one at least. Forward-only inputs drop what is in between.
   * @returns how many bytes were read; 0 at the end of the file
   * @throws GodwitError FILE_UNREADABLE, FILE_DAMAGED, FILE_CHANGED, HTTP_FAILED, CONNECTION_LOST
   */
  read(offset: number, into: Buffer, at: number, count: number): Promise<number>;
  close(): Promise<void>;
}
