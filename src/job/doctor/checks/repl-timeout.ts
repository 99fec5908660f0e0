/** How long the source waits for its replicas, and they for it. */
import { type Check, fine, type Said } from '../doctor-scene.ts';
import { type NodeSurvey, settingOf } from '../node-survey.ts';
import { settingMend } from '../setting-mend.ts';

const GOOD_SECONDS = 60;
const SHORT_SECONDS = 15;
const PING_DEFAULT_SECONDS = 10;

export const replTimeout: Check = {
  id: 'repl-timeout',
  title: 'repl-timeout',
  group: 'Connections',
  looksAt: '`repl-timeout` and `repl-ping-replica-period` of each server of the source',
  severities: 'error: the source pings its replicas no more often than that; warn: it is shorter than 15 s',
  mends: '`CONFIG SET repl-timeout 60`',
  kinds: ['sync'],
  look: ({ sources }) => sources.flatMap(patience),
};

function patience(node: NodeSurvey): Said[] {
  const seconds = settingOf(node, 'repl-timeout');
  if (seconds < 0) return [];
  const told = Math.max(settingOf(node, 'repl-ping-replica-period'), settingOf(node, 'repl-ping-slave-period'));
  const pingSeconds = told > 0 ? told : PING_DEFAULT_SECONDS;
  const measured = `${seconds} s; the source pings every ${pingSeconds} s`;
  const mends = [settingMend(node, 'repl-timeout', Math.max(GOOD_SECONDS, 3 * pingSeconds))];
  if (seconds <= pingSeconds) {
    const why =
      'A replica hears nothing for longer than that whenever nothing is written, and has to take the source for dead: the link breaks again and again.';
    return [{ severity: 'error', where: node.name, measured, why, mends }];
  }
  if (seconds >= SHORT_SECONDS) return [fine(node.name, measured)];
  const why =
    'A pause of either side (a fork of a large source, a disk that is slow, a busy machine) that is longer breaks the link; in a full sync it begins anew.';
  return [{ severity: 'warn', where: node.name, measured, why, mends }];
}
