/**
 * A port that nobody listens on. It lies below the range that the kernel gives to outgoing connections, so that a server which is restarted on
 * its port finds it free, and low enough that port + 10000 (the cluster bus) is a port as well.
 */
import { createServer } from 'node:net';

const FIRST = 10_240;
const COUNT = 22_000;

export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * COUNT);
    if (await canListen(port)) return port;
  }
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}
