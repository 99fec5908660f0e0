import { createServer, type Server, type Socket } from 'node:net';
import { ReplyDecoder } from '../../../src/resp/reply-decoder.ts';

const INFO = (runId: string): string => `# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\nrun_id:${runId}\r\n`;
export const bulk = (text: string): string => `$${Buffer.byteLength(text)}\r\n${text}\r\n`;

/** A server in this process that answers the handshake like a Redis, and everything else as the test says. */
export class ScriptedServer {
  port = 0;
  accepted = 0;
  timeoutS = '0';
  runId = 'a1b2';
  /** Commands seen, as text; of all connections. */
  readonly seen: string[] = [];
  readonly sockets = new Set<Socket>();
  /** Raw reply for a command; undefined = the usual one, '' = none. */
  reply: (command: string, socket: Socket) => string | undefined = () => undefined;
  /** Called for each connection; returning true leaves it alone from then on. */
  onAccept: (socket: Socket) => boolean | void = () => {};
  private readonly server: Server = createServer((socket) => this.serve(socket));

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(this.port, '127.0.0.1', resolve));
    this.port = (this.server.address() as { port: number }).port;
    return this;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  private serve(socket: Socket): void {
    this.accepted++;
    this.sockets.add(socket);
    socket.on('error', () => {}).on('close', () => this.sockets.delete(socket));
    if (this.onAccept(socket)) return;
    const decoder = new ReplyDecoder();
    socket.on('data', (chunk) => {
      for (const command of decoder.decodeAll(chunk)) {
        const text = (command as Buffer[]).map(String).join(' ');
        this.seen.push(text);
        const reply = this.reply(text, socket) ?? this.usual(text);
        if (reply !== '' && !socket.destroyed) socket.write(reply);
      }
    });
  }

  private usual(command: string): string {
    if (command === 'INFO server') return bulk(INFO(this.runId));
    if (command === 'CONFIG GET timeout') return `*2\r\n${bulk('timeout')}${bulk(this.timeoutS)}`;
    if (command.startsWith('CONFIG GET')) return `*2\r\n${bulk('x')}${bulk('1048576')}`;
    if (command === 'ROLE') return `*3\r\n${bulk('master')}:0\r\n*0\r\n`;
    return command === 'PING' ? '+PONG\r\n' : '+OK\r\n';
  }
}
