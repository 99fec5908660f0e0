/** Gives what a file source reads to a real server: values of snapshots as RESTORE, functions, commands as they stand in the file. */
import { connect } from 'node:net';
import { Crc64 } from '../../../src/bytes/crc64.ts';
import { EntryKind } from '../../../src/model/batch.ts';
import { stringText } from '../../../src/rdb/rdb-string.ts';
import { DUMP_FOOTER_BYTES, writeDumpFooter } from '../../../src/rdb/restore-footer.ts';
import { encodeCommand } from '../../../src/resp/encode.ts';
import { ReplyDecoder } from '../../../src/resp/reply-decoder.ts';
import { ReplyError } from '../../../src/resp/reply.ts';
import type { FileSource } from '../../../src/source/file/file-source.ts';
import { type ReadSource, readSource, type SourceRow } from './read-source.ts';
import type { RealServer } from '../server.ts';

/** Reads the source to its end. @throws Error with the first reply that is an error */
export async function replay(source: FileSource, target: RealServer): Promise<ReadSource> {
  const read = await readSource(source);
  await replayRows(read.rows, source.rdbVersion, target);
  return read;
}

async function replayRows(rows: readonly SourceRow[], rdbVersion: number, target: RealServer): Promise<void> {
  const commands: Buffer[] = [];
  let database = 0;
  for (const row of rows) {
    if (row.database !== database) commands.push(encodeCommand(['SELECT', row.database]));
    database = row.database;
    commands.push(commandOf(row, rdbVersion));
  }
  if (commands.length === 0) return;
  const socket = connect(target.port, target.host);
  const decoder = new ReplyDecoder();
  let answered = 0;
  const finished = new Promise<void>((resolve, reject) => {
    socket.once('error', reject).once('close', () => reject(new Error('the target closed the connection')));
    socket.on('data', (chunk: Buffer) => {
      for (const reply of decoder.decodeAll(chunk)) {
        if (reply instanceof ReplyError) reject(new Error(`${reply.message} (to ${commands[answered].toString('latin1', 0, 200)})`));
        if (++answered === commands.length) resolve();
      }
    });
  });
  socket.write(Buffer.concat(commands));
  try {
    await finished;
  } finally {
    socket.destroy();
  }
}

function commandOf(row: SourceRow, rdbVersion: number): Buffer {
  const value = Buffer.from(row.value, 'latin1');
  if (row.kind === EntryKind.Command) return value;
  if (row.kind === EntryKind.RdbFunction) return encodeCommand(['FUNCTION', 'LOAD', 'REPLACE', stringText(value, 0)]);
  if (row.kind === EntryKind.RdbScript) return encodeCommand(['SCRIPT', 'LOAD', value]);
  const payload = Buffer.alloc(1 + value.length + DUMP_FOOTER_BYTES);
  payload[0] = row.type;
  value.copy(payload, 1);
  writeDumpFooter(new Crc64(), payload, 0, 1 + value.length, rdbVersion);
  return encodeCommand(['RESTORE', Buffer.from(row.key, 'latin1'), Math.max(0, row.expiryMs), payload, 'ABSTTL']);
}
