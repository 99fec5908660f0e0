/** Whether this machine, and the threads of the servers, have time. */
import { type Check, type DoctorScene, EVERY_KIND, fine, type Said } from '../doctor-scene.ts';
import { timeWords } from '../in-words.ts';
import type { NodeSurvey } from '../node-survey.ts';

const DELAY_MS = 500;
const BUSY_SHARE = 0.9;

export const eventLoop: Check = {
  id: 'event-loop',
  title: 'event loops',
  group: 'Here',
  looksAt: 'the longest delay of the event loop of this process while the doctor waits; and how busy the main thread of each server is, over the same second',
  severities: 'warn: half a second here; 90 % of its time at a server',
  mends: 'the line that shows what takes the CPU here; `SLOWLOG GET` at a server',
  kinds: EVERY_KIND,
  look: (scene) => [here(scene), ...[...scene.sources, ...scene.targets].flatMap(busy)],
};

function here({ eventLoop: { delayMaxMs, loadAverage, cpus } }: DoctorScene): Said {
  const load = `load ${loadAverage.toFixed(1)} on ${cpus === 1 ? '1 CPU' : `${cpus} CPUs`}`;
  const measured = `delayed by ${timeWords(delayMaxMs)} at most, ${load}`;
  if (delayMaxMs < DELAY_MS) return fine('here', measured);
  return {
    severity: 'warn',
    where: 'here',
    measured,
    why: 'A Godwit that does not get to run acknowledges late, pings late and applies late: the source may drop it as a replica, nodes may close its connections.',
    mends: [{ kind: 'shell', at: 'here', command: 'ps -eo pcpu,pid,args --sort=-pcpu | head -5' }],
  };
}

function busy({ name, activity }: NodeSurvey): Said[] {
  if (activity.busyShare < 0) return [];
  const measured = `busy for ${Math.min(100, Math.round(activity.busyShare * 100))} % of its time`;
  if (activity.busyShare < BUSY_SHARE) return [fine(name, measured)];
  return [
    {
      severity: 'warn',
      where: name,
      measured: `${measured}, over ${timeWords(activity.overMs)}`,
      why: 'A server has one thread for all commands: what Godwit asks of it comes on top, and both it and the other clients wait.',
      mends: [{ kind: 'server', at: name, command: 'SLOWLOG GET 10' }],
    },
  ];
}
