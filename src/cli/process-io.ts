/** What the command line needs of the process, as one object that is handed in: tests give their own. The only maker of it is processIo(). */
import type { Writable } from 'node:stream';

export type StopSignal = 'SIGINT' | 'SIGTERM';

export interface OutputStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
  on(event: 'resize', listener: () => void): unknown;
  off(event: 'resize', listener: () => void): unknown;
}

export interface CliIo {
  /** Behind the name of the program. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  /** What was asked for: help, explain, the live view, log lines. */
  readonly stdout: OutputStream;
  /** The same as bytes, for data that is piped on; only a process has it. */
  readonly rawStdout?: Writable;
  /** Error lines for people, and questions. */
  readonly stderr: OutputStream;
  /** Calls back for each such signal instead of ending the process; returns how to undo that. */
  onSignal(signal: StopSignal, listener: () => void): () => void;
}

export function processIo(): CliIo {
  for (const stream of [process.stdout, process.stderr]) {
    // A reader that went away (`godwit explain | head`) is no reason to stop, least of all a running job.
    stream.on('error', (error: Error & { code?: string }) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
  return {
    args: process.argv.slice(2),
    env: process.env,
    cwd: process.cwd(),
    stdin: process.stdin,
    stdout: process.stdout,
    rawStdout: process.stdout,
    stderr: process.stderr,
    onSignal(signal, listener) {
      process.on(signal, listener);
      return () => void process.off(signal, listener);
    },
  };
}
