/** Sends bytes to a server as they are, and awaits that it has answered all of them. */
import { once } from 'node:events';
import { connect } from 'node:net';
import type { RealServer } from './server.ts';

const LAST = '*2\r\n$4\r\nECHO\r\n$13\r\nthe-last-word\r\n';

/** @returns the replies, as text. @throws Error with the first error reply, if there is one. */
export async function sendRaw(server: RealServer, bytes: Uint8Array): Promise<string> {
  const socket = connect(server.port, server.host);
  try {
    await once(socket, 'connect');
    socket.write(bytes);
    socket.write(LAST);
    let replies = '';
    for await (const chunk of socket) {
      replies += (chunk as Buffer).toString('latin1');
      if (replies.endsWith('the-last-word\r\n')) break;
    }
    const error = /(?:^|\r\n)-(.*)/.exec(replies);
    if (error) throw new Error(`the server on port ${server.port} answered ${error[1]}`);
    return replies;
  } finally {
    socket.destroy();
  }
}
