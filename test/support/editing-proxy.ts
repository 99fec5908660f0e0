/** A TCP proxy that changes what a server says on its way: for what no real server can be made to say here (a clock that is wrong, the name of a service). */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

export interface EditingProxy {
  readonly port: number;
  readonly url: string;
  /** What is done to each piece of text to the client, from now on. */
  edit(change: (text: string) => string): void;
  close(): Promise<void>;
}

/** Replies that are to be changed must fit into one piece, as those to one question at a time do. */
export async function startEditingProxy(server: { readonly port: number }): Promise<EditingProxy> {
  const sockets = new Set<Socket>();
  let change = (text: string): string => text;
  const listener: Server = createServer((client) => {
    const behind = connect(server.port, '127.0.0.1');
    for (const socket of [client, behind]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        client.destroy();
        behind.destroy();
      });
    }
    client.pipe(behind);
    behind.on('data', (bytes: Buffer) => client.write(Buffer.from(change(bytes.toString('latin1')), 'latin1')));
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    edit: (next) => (change = next),
    async close() {
      for (const socket of sockets) socket.destroy();
      listener.close();
      await once(listener, 'close');
    },
  };
}

/** For edit(): the clock of the server is so far ahead. */
export function clockAhead(seconds: number): (text: string) => string {
  return (text) =>
    text.replaceAll(
      /(\*2\r\n\$10\r\n)(\d{10})(\r\n\$\d+\r\n\d+\r\n)/g,
      (_, head: string, time: string, tail: string) => `${head}${Number(time) + seconds}${tail}`,
    );
}

/** For edit(): INFO names that system; as long as what it replaces. */
export function systemCalled(name: string): (text: string) => string {
  return (text) => text.replace(/^os:[^\r\n]*/m, (line) => `os:${name}`.padEnd(line.length));
}
