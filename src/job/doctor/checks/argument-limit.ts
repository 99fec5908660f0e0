/** Whether the target takes arguments as large as the source lets its clients write. */
import { valueBytesMax } from '../../preflight.ts';
import { type Check, fine, type Said } from '../doctor-scene.ts';
import { settingClose, sizeWords } from '../in-words.ts';
import type { NodeSurvey } from '../node-survey.ts';
import { settingMend } from '../setting-mend.ts';

export const argumentLimit: Check = {
  id: 'argument-limit',
  title: 'size of arguments',
  group: 'Room',
  looksAt: '`proto-max-bulk-len` and `client-query-buffer-limit` of the target against `proto-max-bulk-len` of the source',
  severities: 'warn: the target takes less than the source',
  mends: '`CONFIG SET` of the one that is less',
  kinds: ['sync', 'scan'],
  look: ({ sources, targets }) => {
    const written = Math.max(0, ...sources.map(({ connection }) => connection.server.protoMaxBulkLen));
    return written === 0 ? [] : targets.flatMap((node) => takes(node, written));
  },
};

function takes(node: NodeSurvey, writtenBytes: number): Said[] {
  const { protoMaxBulkLen, queryBufferLimit } = node.connection.server;
  const limit = valueBytesMax(node.connection);
  if (limit === 0) return [];
  const measured = `${sizeWords(limit)} in one; the source takes ${sizeWords(writtenBytes)}`;
  if (limit >= writtenBytes) return [fine(node.name, measured)];
  const why =
    'Values of the snapshot that are larger are written in parts; a command of the stream with a larger argument is refused, and the job stops (VALUE_TOO_LARGE).';
  const low = [
    ...(protoMaxBulkLen > 0 && protoMaxBulkLen < writtenBytes ? [settingMend(node, 'proto-max-bulk-len', settingClose(writtenBytes))] : []),
    ...(queryBufferLimit > 0 && queryBufferLimit < writtenBytes ? [settingMend(node, 'client-query-buffer-limit', settingClose(2 * writtenBytes))] : []),
  ];
  // Both are needed where both are low.
  return low.map((mend) => ({ severity: 'warn', where: node.name, measured, why, mends: [mend] }));
}
