import { expect, test } from 'vitest';
import { Deferred } from '../../../src/async/deferred.ts';
import { type Looked, lookAround } from '../../../src/topology/look-around.ts';
import { ManualClock } from '../net/manual-clock.ts';

interface Scene {
  readonly clock: ManualClock;
  readonly asked: string[];
  readonly answers: Record<string, Deferred<string>>;
  readonly looked: Promise<Looked<string, string>>;
}

/** Places answer when the test says so; good is what begins so. */
function look(places: readonly string[], parallelMax = 2): Scene {
  const clock = new ManualClock();
  const asked: string[] = [];
  const answers = Object.fromEntries(places.map((place) => [place, new Deferred<string>()]));
  const ask = (place: string): Promise<string> => {
    asked.push(place);
    return answers[place].promise;
  };
  const looked = lookAround({ places, ask, isGood: (answer) => answer.startsWith('good'), staggerMs: 100, parallelMax, clock });
  return { clock, asked, answers, looked };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('the next is asked when one has answered badly or failed, without waiting', async () => {
  const { asked, answers, looked } = look(['a', 'b', 'c']);
  answers['a'].resolve('bad');
  await turn();
  answers['b'].reject(new Error('away'));
  await turn();
  answers['c'].resolve('good c');
  expect(await looked).toMatchObject({ good: 'good c', others: ['bad'], failures: [{ place: 'b' }] });
  expect(asked).toEqual(['a', 'b', 'c']);
});

test('one that is silent is waited for no longer than the stagger, and so many at most are asked at once', async () => {
  const { clock, asked, answers, looked } = look(['a', 'b', 'c']);
  clock.advance(99);
  expect(asked).toEqual(['a']);
  clock.advance(1);
  expect(asked).toEqual(['a', 'b']);
  clock.advance(1_000);
  expect(asked).toEqual(['a', 'b']);
  answers['b'].resolve('bad');
  await turn();
  expect(asked).toEqual(['a', 'b', 'c']);
  answers['a'].resolve('good a');
  expect((await looked).good).toBe('good a');
});

test('it ends when all have had their say, and with no places at once', async () => {
  const { answers, looked } = look(['a']);
  answers['a'].resolve('bad');
  expect(await looked).toEqual({ good: undefined, others: ['bad'], failures: [] });
  expect(await look([]).looked).toEqual({ good: undefined, others: [], failures: [] });
});
