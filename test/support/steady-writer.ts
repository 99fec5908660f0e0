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
  const startMs = performance.now();
  let written = 0;
  const run = async (): Promise<void> => {
    while (isRunning) {
      const due = ((performance.now() - startMs) / 1000) * bytesPerSecond;
      const turn = client.pipeline();
      for (; written < due; written += VALUE.length) turn.set(`steady:${Math.floor(written / VALUE.length) % KEYS}`, VALUE);
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
