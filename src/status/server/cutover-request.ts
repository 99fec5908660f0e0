/**
 * `POST /control/cutover?max_pause=5000&hold=60000&...` begins a cut-over of the running sync; `?say=switched` or `?say=back` answers it while it waits for the
 * switch of the clients. Times are milliseconds, sizes bytes; what is left out is as in DEFAULT_CUTOVER. A command to run is none of its parameters.
 */
import { GodwitError } from '../../errors/errors.ts';
import { type CutoverSettings, DEFAULT_CUTOVER } from '../../observe/cutover-status.ts';
import type { JobControl } from '../../observe/job-api.ts';
import { BadRequest } from './bad-request.ts';

const NUMBERS = {
  max_pause: 'maxPauseMs',
  wait_for_quiet: 'quietWaitMs',
  max_lag: 'lagBytesMax',
  catch_up: 'catchUpMs',
  sample: 'sample',
  hold: 'holdMs',
} as const satisfies Record<string, keyof CutoverSettings>;
const SWITCHES = { dry_run: 'isRehearsal', reverse: 'reverse', accept_losses: 'acceptLosses' } as const satisfies Record<string, keyof CutoverSettings>;

/** @throws BadRequest, GodwitError NOT_NOW */
export function cutoverRequest({ cutover }: JobControl, query: URLSearchParams): object {
  if (cutover === undefined) throw new GodwitError('NOT_NOW', 'a job of this kind cannot be cut over');
  const say = query.get('say');
  if (say === null) {
    const settings = settingsOf(query);
    cutover.begin(settings);
    return { cutover: settings };
  }
  if ((say !== 'switched' && say !== 'back') || query.size > 1) throw new BadRequest('say=switched or say=back, and nothing else');
  cutover.say(say);
  return { said: say };
}

function settingsOf(query: URLSearchParams): CutoverSettings {
  const settings: Record<string, number | boolean> = { ...DEFAULT_CUTOVER };
  for (const [name, text] of query) {
    if (name in NUMBERS) settings[NUMBERS[name as keyof typeof NUMBERS]] = numberOf(name, text);
    else if (name in SWITCHES) settings[SWITCHES[name as keyof typeof SWITCHES]] = switchOf(name, text);
    else throw new BadRequest(`there is no ${name}; there are say, ${[...Object.keys(NUMBERS), ...Object.keys(SWITCHES)].join(', ')}`);
  }
  return settings as unknown as CutoverSettings;
}

function numberOf(name: string, text: string): number {
  const value = Number(text);
  const isFine = text !== '' && value >= 0 && (name === 'sample' ? value <= 1 : Number.isSafeInteger(value));
  // Who waits for the word of somebody without a bound would leave writes stopped; so would a pause without one.
  if (!isFine || ((name === 'hold' || name === 'max_pause') && value === 0))
    throw new BadRequest(`${name} is ${name === 'sample' ? 'from 0 to 1' : 'a whole number'}`);
  return value;
}

function switchOf(name: string, text: string): boolean {
  if (text !== '1' && text !== '0' && text !== 'true' && text !== 'false') throw new BadRequest(`${name} is 1 or 0`);
  return text === '1' || text === 'true';
}
