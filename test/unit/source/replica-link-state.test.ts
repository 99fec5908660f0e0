import { describe, expect, test } from 'vitest';
import { type ReplicaLinkEvent, type ReplicaLinkState, transition } from '../../../src/source/replica/replica-link-state.ts';

const EVENTS: ReplicaLinkEvent[] = ['connect', 'opened', 'greeted', 'continue', 'full-resync', 'rdb-begun', 'rdb-ended', 'lost', 'stop'];
/** The state after each event; `.` = unchanged. */
const TABLE: Record<ReplicaLinkState, string> = {
  //                 connect    opened      greeted         continue  full-resync     rdb-begun     rdb-ended lost        stop
  idle: '            connecting .           .               .         .               .             .         .           stopped',
  connecting: '      .          handshaking .               .         .               .             .         backing-off stopped',
  handshaking: '     .          .           requesting-sync .         .               .             .         backing-off stopped',
  'requesting-sync': '.         .           .               streaming waiting-for-rdb .             .         backing-off stopped',
  'waiting-for-rdb': '.         .           .               .         .               receiving-rdb .         backing-off stopped',
  'receiving-rdb': ' .          .           .               .         .               .             streaming backing-off stopped',
  streaming: '       .          .           .               .         .               .             .         backing-off stopped',
  'backing-off': '   connecting .           .               .         .               .             .         .           stopped',
  stopped: '         .          .           .               .         .               .             .         .           .',
};

describe.each(Object.entries(TABLE))('the replication link, %s', (name, row) => {
  const after = row.trim().split(/ +/);
  test.each(EVENTS.map((event, i) => [event, after[i]]))('on %s: %s', (event, next) => {
    expect(transition(name as ReplicaLinkState, event)).toBe(next === '.' ? name : next);
  });
});
