/** Whether the clocks of both sides agree: expiries are brought as points in time. */
import { type Check, fine, type Said } from '../doctor-scene.ts';
import { timeWords } from '../in-words.ts';
import type { NodeSurvey } from '../node-survey.ts';

const SKEW_MS = 1_000;
const SKEW_BAD_MS = 60_000;

export const clocks: Check = {
  id: 'clocks',
  title: 'clocks',
  group: 'Servers',
  looksAt: 'TIME of all servers, each against the clock of this machine, so that the way does not count',
  severities: 'warn: a source and a target are 1 s apart or more (beyond what the round trips leave uncertain); error: a minute or more',
  mends: 'the line that sets the clock of the machine that is further from this one by NTP',
  kinds: ['sync', 'scan'],
  look: ({ sources, targets }) => {
    const known = (nodes: readonly NodeSurvey[]): NodeSurvey[] => nodes.filter(({ clockAheadMs }) => Number.isFinite(clockAheadMs));
    const [all, ofTarget] = [known(sources), known(targets)];
    if (all.length === 0 || ofTarget.length === 0) return [];
    const pairs = all.flatMap((source) => ofTarget.map((target) => ({ source, target, skewMs: target.clockAheadMs - source.clockAheadMs })));
    const worst = pairs.reduce((a, b) => (Math.abs(b.skewMs) > Math.abs(a.skewMs) ? b : a));
    const off = pairs.filter(({ source, target, skewMs }) => Math.abs(skewMs) - (source.clockErrorMs + target.clockErrorMs) / 2 >= SKEW_MS);
    if (off.length === 0) return [fine('both sides', `at most ${timeWords(Math.abs(worst.skewMs))} apart`)];
    return off.map(skew);
  },
};

function skew({ source, target, skewMs }: { readonly source: NodeSurvey; readonly target: NodeSurvey; readonly skewMs: number }): Said {
  const wrong = Math.abs(source.clockAheadMs) > Math.abs(target.clockAheadMs) ? source : target;
  const apart = timeWords(Math.abs(skewMs));
  return {
    severity: Math.abs(skewMs) >= SKEW_BAD_MS ? 'error' : 'warn',
    where: target.name,
    measured: `its clock is ${apart} ${skewMs > 0 ? 'before' : 'behind'} that of ${source.name}; ${wrong.name} is ${timeWords(Math.abs(wrong.clockAheadMs))} off from this machine`,
    why: `Expiries are points in time: every key that expires lives ${apart} ${skewMs > 0 ? 'shorter' : 'longer'} at the target than at the source.`,
    mends: [{ kind: 'shell', at: wrong.endpoint.host, command: 'sudo timedatectl set-ntp true && sudo chronyc makestep' }],
  };
}
