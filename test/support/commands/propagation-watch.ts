/**
 * What a server sends to its replicas for a command: attaches as a replica over a plain socket and reads the stream behind the snapshot.
 * Only for small data: the snapshot is held in memory and thrown away.
 */
import { type Socket, connect } from 'node:net';
import type { RealServer } from '../server.ts';
import { waitFor } from '../wait-for.ts';

const LINK_COMMANDS = new Set(['PING', 'REPLCONF']);

export class PropagationWatch {
  private readonly socket: Socket;
  private pending: Buffer = Buffer.alloc(0);
  private snapshotDone = false;
  private readonly commands: Buffer[][] = [];

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => this.take(chunk));
    socket.on('error', () => undefined);
  }

  /** Attaches and awaits the end of the snapshot. */
  static async attach(server: RealServer): Promise<PropagationWatch> {
    const watch = new PropagationWatch(connect(server.port, server.host));
    // Redis 6.0 refuses `version`, and no server takes PSYNC while a reply is under way.
    watch.socket.write(`REPLCONF capa psync2\r\nREPLCONF version ${server.version}\r\n`);
    await waitFor('two replies to REPLCONF', () => watch.pending.toString('latin1').split('\r\n').length > 2);
    watch.socket.write('PSYNC ? -1\r\n');
    await waitFor('the end of the snapshot', () => watch.snapshotDone);
    return watch;
  }

  /** The commands that have come since the last call, up to a message on the channel `name`, which is not given. */
  async until(name: string): Promise<Buffer[][]> {
    const isEnd = (command: Buffer[]): boolean => command[0].toString().toUpperCase() === 'PUBLISH' && command[1].toString() === name;
    await waitFor(`a message on ${name} in the stream`, () => this.commands.some(isEnd), { intervalMs: 1 });
    const end = this.commands.findIndex(isEnd);
    return this.commands.splice(0, end + 1).slice(0, end);
  }

  close(): void {
    this.socket.destroy();
  }

  private take(chunk: Buffer): void {
    this.pending = Buffer.concat([this.pending, chunk]);
    if (!this.snapshotDone) this.skipSnapshot();
    if (this.snapshotDone) this.readCommands();
  }

  private skipSnapshot(): void {
    const found = /\+FULLRESYNC [^\r]*\r\n[\n]*\$(\d+)\r\n/.exec(this.pending.toString('latin1'));
    if (!found) return;
    const end = found.index + found[0].length + Number(found[1]);
    if (this.pending.length < end) return;
    this.pending = this.pending.subarray(end);
    this.snapshotDone = true;
  }

  private readCommands(): void {
    for (;;) {
      const read = readCommand(this.pending);
      if (!read) return;
      this.pending = this.pending.subarray(read.end);
      if (!LINK_COMMANDS.has(read.args[0].toString().toUpperCase())) this.commands.push(read.args);
    }
  }
}

function readCommand(bytes: Buffer): { args: Buffer[]; end: number } | undefined {
  let at = 0;
  const header = (): number => {
    const end = bytes.indexOf('\r\n', at, 'latin1');
    if (end < 0) return -1;
    const n = Number(bytes.toString('latin1', at + 1, end));
    at = end + 2;
    return n;
  };
  const count = header();
  if (count < 0) return undefined;
  const args: Buffer[] = [];
  for (let i = 0; i < count; i++) {
    const length = header();
    if (length < 0 || at + length + 2 > bytes.length) return undefined;
    args.push(bytes.subarray(at, at + length));
    at += length + 2;
  }
  return { args, end: at };
}
