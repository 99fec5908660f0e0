/**
 * The states of a cut-over. What is done in each is cutover.ts; here is what comes next, and why.
 *
 *   checking > catching-up > comparing > stopping-writes > draining > verifying > switching > ending-sync > releasing > switched
 *        |          |            |              |              |          |           |
 *        +----------+------------+ refused      +--------------+----------+-----------+--> releasing > rolled-back
 *
 *   a rehearsal stops no writes:   checking > catching-up > comparing > rehearsed
 *
 * Invariants: from stopping-writes on every way out leads through `releasing`. The way back ends with `switching`: what comes after the operator's word only
 * goes forward, for the clients write to the new side by then.
 */
export type CutoverStateName =
  | 'checking'
  | 'catching-up'
  | 'comparing'
  | 'stopping-writes'
  | 'draining'
  | 'verifying'
  | 'switching'
  | 'ending-sync'
  | 'releasing'
  | 'switched'
  | 'rolled-back'
  | 'refused'
  | 'rehearsed';

export interface CutoverState {
  readonly name: CutoverStateName;
  /** Writes are not stopped, and nothing is switched. */
  readonly isRehearsal: boolean;
  /** In `releasing`: the clients have been switched by then. */
  readonly isSwitched: boolean;
  /** Why it was refused or rolled back; of one that has switched, what did not work behind that. '' = nothing. */
  readonly reason: string;
}

/** A step is done, or is not: for a reason of its own, because its time was over, or because somebody wants it to end. */
export type CutoverEvent = { readonly type: 'done' } | { readonly type: 'failed' | 'late' | 'stopped'; readonly reason: string };

const NEXT: Readonly<Record<CutoverStateName, CutoverStateName | undefined>> = {
  checking: 'catching-up',
  'catching-up': 'comparing',
  comparing: 'stopping-writes',
  'stopping-writes': 'draining',
  draining: 'verifying',
  verifying: 'switching',
  switching: 'ending-sync',
  'ending-sync': 'releasing',
  releasing: undefined,
  switched: undefined,
  'rolled-back': undefined,
  refused: undefined,
  rehearsed: undefined,
};

const BEFORE_WRITES_STOP: ReadonlySet<CutoverStateName> = new Set(['checking', 'catching-up', 'comparing']);

export function firstState(isRehearsal: boolean): CutoverState {
  return { name: 'checking', isRehearsal, isSwitched: false, reason: '' };
}

export function isEnd({ name }: CutoverState): boolean {
  return name === 'switched' || name === 'rolled-back' || name === 'refused' || name === 'rehearsed';
}

/** Ends stay what they are. */
export function transition(state: CutoverState, event: CutoverEvent): CutoverState {
  if (isEnd(state)) return state;
  if (event.type === 'done') return done(state);
  const reason = state.reason === '' ? event.reason : `${state.reason}; ${event.reason}`;
  if (BEFORE_WRITES_STOP.has(state.name)) return { ...state, name: 'refused', reason };
  if (state.name === 'releasing') return { ...state, name: state.isSwitched ? 'switched' : 'rolled-back', reason };
  return { ...state, name: 'releasing', reason };
}

function done(state: CutoverState): CutoverState {
  if (state.name === 'releasing') return { ...state, name: state.isSwitched ? 'switched' : 'rolled-back' };
  const next = state.isRehearsal && state.name === 'comparing' ? 'rehearsed' : NEXT[state.name];
  if (next === undefined) return state;
  return { ...state, name: next, isSwitched: state.isSwitched || state.name === 'switching' };
}
