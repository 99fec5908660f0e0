/**
 * A process of its own, so that nobody's event loop is in its way: SETs of 64 bytes at an even pace over one connection, until it is ended.
 *
 *   node --import tsx bench/live/paced-writer.ts PORT WRITES_PER_SECOND
 */
import { connect } from 'node:net';

const KEYS = 100_000;
const VALUE = 'v'.repeat(64);
const TURN_MS = 1;

const [port, writesPerSecond] = process.argv.slice(2).map(Number);
const socket = connect(port, '127.0.0.1');
socket.setNoDelay(true);
socket.resume();
socket.once('connect', () => {
  const startedAt = performance.now();
  let written = 0;
  process.stdout.write('writing\n');
  setInterval(() => {
    const due = Math.floor(((performance.now() - startedAt) / 1_000) * writesPerSecond);
    let text = '';
    for (; written < due; written++) {
      const key = `load:${written % KEYS}`;
      text += `*3\r\n$3\r\nSET\r\n$${key.length}\r\n${key}\r\n$64\r\n${VALUE}\r\n`;
    }
    if (text !== '') socket.write(text);
  }, TURN_MS);
});
socket.once('close', () => process.exit(0));
