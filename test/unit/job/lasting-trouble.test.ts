import { expect, test } from 'vitest';
import { LastingTrouble } from '../../../src/job/lasting-trouble.ts';

test('a trouble is told when it begins, when it changes, once a minute, and when it is over', () => {
  const told: string[] = [];
  const trouble = new LastingTrouble({
    onTold: (message, lastsMs) => told.push(`${message} ${lastsMs}`),
    onOver: (lastedMs) => told.push(`over ${lastedMs}`),
  });
  trouble.done(900, 900);
  for (let nowMs = 1_000; nowMs <= 62_000; nowMs += 200) trouble.met('OOM', nowMs);
  trouble.met('READONLY', 62_200);
  trouble.done(62_200, 62_300);
  trouble.done(62_400, 62_500);
  trouble.done(62_600, 62_700);
  trouble.met('OOM', 70_000);
  expect(told).toEqual(['OOM 0', 'OOM 60000', 'READONLY 61200', 'over 61500', 'OOM 0']);
});
