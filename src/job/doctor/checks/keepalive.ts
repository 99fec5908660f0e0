/** How connections are kept alive at each server, from its `timeout`, and with what margin. docs/keepalive.md has the formula. */
import { GodwitError } from '../../../errors/errors.ts';
import { checkOverride, fitKeepalive, type KeepaliveFacts } from '../../../net/keepalive-fit.ts';
import { type Check, EVERY_KIND, fine, type LightScene, type Said } from '../doctor-scene.ts';
import { timeWords } from '../in-words.ts';
import { type NodeSurvey, settingOf } from '../node-survey.ts';
import { optionMend, settingMend } from '../setting-mend.ts';

/** Below it a single slow command can outlast it, which no PING helps against. */
const SHORT_MS = 10_000;
const TIMEOUT_GOOD_SECONDS = 60;

export const keepalive: Check<LightScene> = {
  id: 'keepalive',
  title: 'keepalive',
  group: 'Connections',
  looksAt: '`timeout` of each server, keepalive.interval and keepalive.idle_limit, and the interval that follows from them with what is left until the limit',
  severities:
    'error: keepalive.interval is longer than half of the limit; warn: `timeout` is shorter than three round trips; info: it is shorter than 10 s, or not told',
  mends: '`--keepalive-interval` at half of the limit; `CONFIG SET timeout 60`; the right to CONFIG GET, or `--keepalive-idle-limit`',
  kinds: EVERY_KIND,
  look: ({ sources, targets, config }) => [...sources, ...targets].map((node) => fitting(node, config.keepalive)),
};

function fitting(node: NodeSurvey, config: LightScene['config']['keepalive']): Said {
  const { name, roundTripMs } = node;
  const seconds = settingOf(node, 'timeout');
  const facts: KeepaliveFacts = { timeoutMs: seconds < 0 ? -1 : seconds * 1000, configForbidden: seconds < 0, learnedLimitMs: 0, roundTripMs };
  try {
    checkOverride(config, facts, name);
  } catch (error) {
    if (!(error instanceof GodwitError)) throw error;
    const halfMs = Math.floor(Math.min(...[facts.timeoutMs, config.idleLimitMs].filter((limit) => limit > 0)) / 2);
    const why = 'One PING that is late costs the connection then: the job refuses to start.';
    return {
      severity: 'error',
      where: name,
      measured: error.message,
      why,
      mends: [optionMend('--keepalive-interval auto'), optionMend(`--keepalive-interval ${halfMs}ms`)],
    };
  }
  const { intervalMs } = fitKeepalive(config, facts);
  const ping = `a PING after ${timeWords(intervalMs)} without a command`;
  if (facts.timeoutMs < 0) return untold(node, config.idleLimitMs, ping);
  if (facts.timeoutMs === 0) return fine(name, `no timeout; ${ping}`);
  const measured = `timeout ${seconds} s; ${ping}, ${timeWords(facts.timeoutMs - intervalMs)} to spare`;
  const longer = [settingMend(node, 'timeout', TIMEOUT_GOOD_SECONDS)];
  if (facts.timeoutMs < 3 * roundTripMs) {
    const why = `A round trip takes ${timeWords(roundTripMs)}: no PING can be answered in time once one is late.`;
    return { severity: 'warn', where: name, measured, why, mends: longer };
  }
  if (facts.timeoutMs >= SHORT_MS) return fine(name, measured);
  const why =
    'Connections are kept alive all the same. But a single command that runs longer than that gets its connection closed, and no PING helps against it.';
  return { severity: 'info', where: name, measured, why, mends: longer };
}

function untold({ name, endpoint, service, side }: NodeSurvey, idleLimitMs: number, ping: string): Said {
  if (idleLimitMs > 0) return fine(name, `timeout is not told, the idle limit given is ${timeWords(idleLimitMs)}; ${ping}`);
  const right = { kind: 'server', at: name, command: `ACL SETUSER ${endpoint.username ?? 'default'} +config|get` } as const;
  return {
    severity: 'info',
    where: name,
    measured: `timeout is not told (CONFIG GET is refused or hidden); ${ping}`,
    why: 'Where it is shorter than that, one connection is lost until it is learned.',
    mends: [...(service === null ? [right] : []), optionMend(`--keepalive-idle-limit ${side === 'target' ? '60s' : '5m'}`)],
  };
}
