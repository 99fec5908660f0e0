/** A place in the replication stream of a source: (replication id, offset, selected database). Offsets are bytes, whole numbers below 2^53. */
export interface Position {
  /** 40 hex digits. */
  readonly replicationId: string;
  /** Offset of the last byte that is included; the next byte of the stream is offset + 1. */
  readonly offset: number;
  /** Database that is selected in the stream behind this offset. */
  readonly database: number;
}
