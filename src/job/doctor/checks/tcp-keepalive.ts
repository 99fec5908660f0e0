/** Whether servers notice that the other end of a connection is gone. */
import { type Check, EVERY_KIND, fine, type Said } from '../doctor-scene.ts';
import { type NodeSurvey, settingOf } from '../node-survey.ts';
import { settingMend } from '../setting-mend.ts';

const GOOD_SECONDS = 300;
const LONG_SECONDS = 3_600;

export const tcpKeepalive: Check = {
  id: 'tcp-keepalive',
  title: 'tcp-keepalive',
  group: 'Connections',
  looksAt: '`tcp-keepalive` of each server',
  severities: 'warn: it is off, or longer than an hour',
  mends: '`CONFIG SET tcp-keepalive 300`, which counts for connections made from then on',
  kinds: EVERY_KIND,
  look: ({ sources, targets }) => [...sources, ...targets].flatMap(probes),
};

function probes(node: NodeSurvey): Said[] {
  const seconds = settingOf(node, 'tcp-keepalive');
  if (seconds < 0) return [];
  if (seconds > 0 && seconds <= LONG_SECONDS) return [fine(node.name, `${seconds} s`)];
  return [
    {
      severity: 'warn',
      where: node.name,
      measured: seconds === 0 ? 'off' : `${seconds} s`,
      why:
        'When the machine of Godwit dies, or what lies between forgets the connection, the server does not notice: without a `timeout` the connection stays, ' +
        'with its buffers, until the server ends.',
      mends: [settingMend(node, 'tcp-keepalive', GOOD_SECONDS)],
    },
  ];
}
