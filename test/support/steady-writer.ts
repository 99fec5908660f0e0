/** Writes at an even rate until it is stopped: values of 16 KiB over a few keys, so that the server does not grow. */
import type { RealServer } from './server.ts';

const VALUE = 'v'.repeat(16 * 1024);
const TURN_MS = 10;
const KEYS = 8;

export interface SteadyWriter {
  /** The first turn is done. */
  readonly began: Promise<void>;
  stop(): Promise<void>;
}

export function writeSteadily(server: RealServer, { bytesPerSecond }: { readonly bytesPerSecond: number }): SteadyWriter {
  const client = server.client();
  let isRunning = true;
  let began: () => void;
  const first = new Promise<void>((resolve) => (began = resolve));
  let [lastMs, dueBytes, written] = [performance.now(), 0, 0];
  const run = async (): Promise<void> => {
    while (isRunning) {
      // What a busy machine has held up is not caught up with: the rate is the point.
      const nowMs = performance.now();
      dueBytes += (Math.min(nowMs - lastMs, 5 * TURN_MS) / 1000) * bytesPerSecond;
      lastMs = nowMs;
      const turn = client.pipeline();
      for (; dueBytes >= VALUE.length; dueBytes -= VALUE.length) turn.set(`steady:${written++ % KEYS}`, VALUE);
      await turn.exec();
      began();
      await new Promise((resolve) => setTimeout(resolve, TURN_MS));
    }
  };
  const done = run();
  return {
    began: first,
    async stop() {
      isRunning = false;
      await done;
      client.disconnect();
    },
  };
}
