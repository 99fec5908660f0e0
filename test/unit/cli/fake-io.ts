import { EventEmitter, once } from 'node:events';
import { PassThrough } from 'node:stream';
import type { CliIo, OutputStream, StopSignal } from '../../../src/cli/process-io.ts';

/** Output that is kept, and tells when it holds what a test waits for. */
export class FakeOutput extends EventEmitter implements OutputStream {
  text = '';
  isTTY: boolean;
  columns = 100;
  rows = 40;

  constructor(isTTY: boolean) {
    super();
    this.isTTY = isTTY;
  }

  write(text: string): void {
    this.text += text;
    this.emit('text');
  }

  async contains(part: string | RegExp): Promise<void> {
    while (this.text.search(part) < 0) await once(this, 'text');
  }
}

export class FakeIo implements CliIo {
  readonly args: readonly string[];
  readonly env: Record<string, string | undefined>;
  readonly cwd = process.cwd();
  readonly stdin: PassThrough & { isTTY?: boolean } = new PassThrough();
  readonly stdout: FakeOutput;
  readonly stderr: FakeOutput;
  readonly #signals = new EventEmitter();

  constructor(args: readonly string[], { terminal = false, env = {} }: { terminal?: boolean; env?: Record<string, string> } = {}) {
    this.args = args;
    this.env = { HOME: '/home/u', ...env };
    this.stdout = new FakeOutput(terminal);
    this.stderr = new FakeOutput(terminal);
    this.stdin.isTTY = terminal;
  }

  onSignal(signal: StopSignal, listener: () => void): () => void {
    this.#signals.on(signal, listener);
    return () => void this.#signals.off(signal, listener);
  }

  signal(signal: StopSignal): void {
    this.#signals.emit(signal);
  }

  get signalListeners(): number {
    return this.#signals.listenerCount('SIGINT') + this.#signals.listenerCount('SIGTERM');
  }
}
