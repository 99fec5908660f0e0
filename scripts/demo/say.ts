/** What the demo prints: a line with the seconds since its start. */
import type { JobStatus } from '../../src/observe/job-status.ts';

let startedAt = 0;

export function startClock(): void {
  startedAt = performance.now();
}

export function say(text: string): void {
  console.log(`${((performance.now() - startedAt) / 1_000).toFixed(1).padStart(5)} s  ${text}`);
}

export function sayStatus(text: string, { fullSync, incrementalSync, lagBytes, connections }: JobStatus): void {
  const reconnects = connections.reduce((sum, connection) => sum + connection.reconnects, 0);
  const numbers = [
    `${fullSync.keysApplied.toLocaleString('en')} keys`,
    `${incrementalSync.commandsApplied.toLocaleString('en')} commands`,
    `${Math.max(0, lagBytes)} B behind`,
    `${reconnects} reconnects`,
  ];
  say(`${text} (${numbers.join(', ')})`);
}
