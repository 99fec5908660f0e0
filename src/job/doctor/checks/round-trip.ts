/** How far away both sides are. */
import { type Check, EVERY_KIND, fine, type Said } from '../doctor-scene.ts';
import { timeWords } from '../in-words.ts';
import type { NodeSurvey } from '../node-survey.ts';
import { sidesWords } from '../sides-words.ts';

/** What may not be applied twice goes in a transaction that is alone under way: one in a round trip. */
const FAR_MS = 20;
const TRANSACTION_COMMANDS = 1_000;

export const roundTrip: Check = {
  id: 'round-trip',
  title: 'round trip',
  group: 'Ways',
  looksAt: 'the least time of three commands to each server',
  severities: 'warn: the target is 20 ms away or more; info: the source is',
  mends: 'the same look from a machine beside the target: the way to the source carries a stream and does not wait, the way to the target waits for answers',
  kinds: EVERY_KIND,
  look: ({ sources, targets, config }) => [...sources, ...targets].map((node) => distance(node, sidesWords(config))),
};

function distance({ side, name, roundTripMs, endpoint }: NodeSurvey, sides: string): Said {
  const measured = timeWords(roundTripMs);
  if (roundTripMs < FAR_MS) return fine(name, measured);
  if (side === 'source') {
    const why = 'The stream of changes does not wait for answers: a source that is far away costs lag, but no throughput.';
    return { severity: 'info', where: name, measured, why, mends: [] };
  }
  const perSecond = Math.round((1000 / roundTripMs) * TRANSACTION_COMMANDS);
  return {
    severity: 'warn',
    where: name,
    measured,
    why:
      'Changes that may not be applied twice (INCR, RPUSH and the like) go in transactions of which one is under way at a time: ' +
      `with some ${TRANSACTION_COMMANDS.toLocaleString('en-US')} commands in each, that is about ${perSecond.toLocaleString('en-US')} of them a second.`,
    mends: [{ kind: 'shell', at: endpoint.host, command: `godwit doctor ${sides}` }],
  };
}
