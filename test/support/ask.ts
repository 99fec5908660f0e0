/** One command over one connection of its own, for the harness itself: no pool, no retries, and works while the server loads. */
import { connect } from 'node:net';

export interface AskOptions {
  user?: string | undefined;
  password?: string | undefined;
  timeoutMs?: number;
}

/** @returns the raw reply without its CR LF: `+PONG`, `-LOADING ...`; empty when the server closed without one. */
export function ask(port: number, command: readonly string[], options: AskOptions = {}): Promise<string> {
  const { user, password, timeoutMs = 5_000 } = options;
  const words = password === undefined ? [] : [['AUTH', ...(user === undefined ? [] : [user]), password]];
  const sent = [...words, command];
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(port, '127.0.0.1');
    const finish = (): void => {
      socket.destroy();
      resolve(text.split('\r\n')[sent.length - 1] ?? '');
    };
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error(`no reply to ${command[0]} on port ${port} within ${timeoutMs} ms`)));
    socket.once('error', reject);
    socket.once('end', finish);
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      if (text.split('\r\n').length > sent.length) finish();
    });
    socket.write(sent.map(encode).join(''));
  });
}

function encode(words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;
}
