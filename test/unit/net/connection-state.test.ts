import { expect, test } from 'vitest';
import { GodwitError } from '../../../src/errors/errors.ts';
import { type ConnectionEvent, type ConnectionState, transition } from '../../../src/net/connection-state.ts';

const error = new GodwitError('CONNECTION_LOST', 'gone');
const STATES: ConnectionState[] = [
  { name: 'idle' },
  { name: 'connecting' },
  { name: 'handshaking' },
  { name: 'ready' },
  { name: 'backing-off', error, attempt: 1, delayMs: 100 },
  { name: 'closed', error: undefined },
];
const EVENTS: ConnectionEvent[] = [
  { type: 'connect' },
  { type: 'opened' },
  { type: 'restored' },
  { type: 'lost', error, attempt: 2, delayMs: 200 },
  { type: 'retry' },
  { type: 'fatal', error },
  { type: 'close' },
];
/** The state after each event; `.` = unchanged. */
const TABLE: Record<ConnectionState['name'], string[]> = {
  //              connect       opened         restored  lost           retry         fatal     close
  idle: ['connecting', '.', '.', '.', '.', 'closed', 'closed'],
  connecting: ['.', 'handshaking', '.', 'backing-off', '.', 'closed', 'closed'],
  handshaking: ['.', '.', 'ready', 'backing-off', '.', 'closed', 'closed'],
  ready: ['.', '.', '.', 'backing-off', '.', 'closed', 'closed'],
  'backing-off': ['.', '.', '.', '.', 'connecting', 'closed', 'closed'],
  closed: ['.', '.', '.', '.', '.', '.', '.'],
};

for (const state of STATES) {
  for (const [i, event] of EVENTS.entries()) {
    const after = TABLE[state.name][i];
    test(`${state.name} on ${event.type} ${after === '.' ? 'stays' : `becomes ${after}`}`, () => {
      const next = transition(state, event);
      if (after === '.') expect(next).toBe(state);
      else expect(next.name).toBe(after);
    });
  }
}

test('backing off and closed carry what led to them', () => {
  expect(transition({ name: 'ready' }, EVENTS[3])).toEqual({ name: 'backing-off', error, attempt: 2, delayMs: 200 });
  expect(transition({ name: 'ready' }, EVENTS[5])).toEqual({ name: 'closed', error });
  expect(transition({ name: 'ready' }, EVENTS[6])).toEqual({ name: 'closed', error: undefined });
});
