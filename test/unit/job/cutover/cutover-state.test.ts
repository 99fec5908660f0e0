import { describe, expect, test } from 'vitest';
import { type CutoverState, type CutoverStateName, firstState, isEnd, transition } from '../../../../src/job/cutover/cutover-state.ts';

const FAILED = { type: 'failed', reason: 'why' } as const;

/** What comes after each state when its step is done, of a cut-over and of a rehearsal, and when it is not. */
const TABLE: Readonly<Record<CutoverStateName, readonly [done: CutoverStateName, ofRehearsal: CutoverStateName, failed: CutoverStateName]>> = {
  checking: ['catching-up', 'catching-up', 'refused'],
  'catching-up': ['comparing', 'comparing', 'refused'],
  comparing: ['stopping-writes', 'rehearsed', 'refused'],
  'stopping-writes': ['draining', 'draining', 'releasing'],
  draining: ['verifying', 'verifying', 'releasing'],
  verifying: ['switching', 'switching', 'releasing'],
  switching: ['ending-sync', 'ending-sync', 'releasing'],
  'ending-sync': ['releasing', 'releasing', 'releasing'],
  releasing: ['rolled-back', 'rolled-back', 'rolled-back'],
  switched: ['switched', 'switched', 'switched'],
  'rolled-back': ['rolled-back', 'rolled-back', 'rolled-back'],
  refused: ['refused', 'refused', 'refused'],
  rehearsed: ['rehearsed', 'rehearsed', 'rehearsed'],
};

function at(name: CutoverStateName, isRehearsal = false): CutoverState {
  return { name, isRehearsal, isSwitched: false, reason: '' };
}

function through(events: number, last: Parameters<typeof transition>[1], isRehearsal = false): CutoverState {
  let state = firstState(isRehearsal);
  for (let i = 0; i < events; i++) state = transition(state, { type: 'done' });
  return transition(state, last);
}

describe('a cut-over', () => {
  test.each(Object.entries(TABLE))('goes on from %s', (name, [done, ofRehearsal, failed]) => {
    const state = at(name as CutoverStateName);
    expect(transition(state, { type: 'done' }).name).toBe(done);
    expect(transition(at(state.name, true), { type: 'done' }).name).toBe(ofRehearsal);
    for (const type of ['failed', 'late', 'stopped'] as const) expect(transition(state, { type, reason: 'why' }).name).toBe(failed);
  });

  test('that has stopped writes ends only by letting them go on, and remembers why', () => {
    for (const events of [3, 4, 5, 6]) {
      const state = through(events, FAILED);
      expect(state).toMatchObject({ name: 'releasing', isSwitched: false, reason: 'why' });
      expect(transition(state, { type: 'done' })).toMatchObject({ name: 'rolled-back', reason: 'why' });
      expect(transition(state, { type: 'failed', reason: 'and more' })).toMatchObject({ name: 'rolled-back', reason: 'why; and more' });
    }
  });

  test('goes only forward once the clients are switched', () => {
    const ending = through(6, { type: 'done' });
    expect(ending).toMatchObject({ name: 'ending-sync', isSwitched: true });
    for (const event of [{ type: 'done' } as const, FAILED]) {
      const releasing = transition(ending, event);
      expect(releasing).toMatchObject({ name: 'releasing', isSwitched: true });
      expect(transition(releasing, { type: 'done' }).name).toBe('switched');
      expect(transition(releasing, FAILED).name).toBe('switched');
    }
  });

  test('has ended where nothing comes behind', () => {
    const ends = Object.keys(TABLE).filter((name) => isEnd(at(name as CutoverStateName)));
    expect(ends).toEqual(['switched', 'rolled-back', 'refused', 'rehearsed']);
    for (const name of ends) expect(transition(at(name as CutoverStateName), FAILED)).toEqual(at(name as CutoverStateName));
  });
});
