/** Writes commands to a server over one connection as fast as it takes them. Replies are only searched for errors. */
import { once } from 'node:events';
import { type Socket, connect } from 'node:net';

const WRITE_BYTES = 256 * 1024;

export class CommandWriter {
  private readonly socket: Socket;
  private text = '';
  /** The end of what came; each reply is behind a line end. */
  private tail = '\r\n';
  private failure: Error | null = null;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk) => this.take(chunk.toString('latin1')));
    socket.on('error', (error) => (this.failure ??= error));
  }

  static async open(port: number): Promise<CommandWriter> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new CommandWriter(socket);
  }

  /** @param commands arguments are latin1 texts. @throws Error with the first error reply */
  async writeAll(commands: Iterable<readonly string[]>): Promise<void> {
    for (const words of commands) {
      this.text += `*${words.length}\r\n`;
      for (const word of words) this.text += `$${word.length}\r\n${word}\r\n`;
      if (this.text.length >= WRITE_BYTES) await this.flush();
    }
    this.text += '*1\r\n$4\r\nPING\r\n';
    await this.flush();
    while (!this.failure && !this.tail.endsWith('+PONG\r\n')) await once(this.socket, 'data');
    this.socket.destroy();
    if (this.failure) throw this.failure;
  }

  private async flush(): Promise<void> {
    const bytes = Buffer.from(this.text, 'latin1');
    this.text = '';
    if (!this.socket.write(bytes) && !this.failure) await once(this.socket, 'drain');
  }

  private take(chunk: string): void {
    const text = this.tail + chunk;
    const error = /\r\n(-[^\r]*)\r\n/.exec(text);
    if (error) this.failure ??= new Error(`the server refused a command of the data set: ${error[1]}`);
    this.tail = text.slice(-64);
  }
}
