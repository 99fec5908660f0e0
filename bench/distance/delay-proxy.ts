/**
 * A program: hands bytes on to a port of this machine, each so many milliseconds after it came, both ways, as a long line does that has room for all that is under
 * way. `tsx delay-proxy.ts PORT DELAY_MS` writes its own port to standard output, and ends when its standard input does.
 */
import { connect, createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

/** Under way in one direction; more waits at the sender. */
const UNDER_WAY_BYTES_MAX = 64 * 1024 * 1024;

const [port = '', delay = ''] = process.argv.slice(2);
const delayMs = Number(delay);

const server = createServer((near) => {
  const far = connect(Number(port), '127.0.0.1');
  carry(near, far);
  carry(far, near);
});
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
process.stdin.resume().on('end', () => process.exit(0));

function carry(from: Socket, to: Socket): void {
  const underWay: { readonly dueMs: number; readonly bytes: Buffer }[] = [];
  let bytesUnderWay = 0;
  let timer: NodeJS.Timeout | undefined;
  const deliver = (): void => {
    timer = undefined;
    const nowMs = performance.now();
    while (underWay.length > 0 && underWay[0].dueMs <= nowMs) {
      const { bytes } = underWay.shift()!;
      bytesUnderWay -= bytes.length;
      to.write(bytes);
    }
    if (bytesUnderWay < UNDER_WAY_BYTES_MAX) from.resume();
    if (underWay.length > 0) timer = setTimeout(deliver, Math.max(1, underWay[0].dueMs - nowMs));
  };
  from.setNoDelay(true);
  from.on('data', (bytes: Buffer) => {
    if (delayMs === 0) return void to.write(bytes);
    underWay.push({ dueMs: performance.now() + delayMs, bytes });
    bytesUnderWay += bytes.length;
    if (bytesUnderWay >= UNDER_WAY_BYTES_MAX) from.pause();
    timer ??= setTimeout(deliver, delayMs);
  });
  from.on('error', () => to.destroy());
  from.on('close', () => to.destroy());
}
