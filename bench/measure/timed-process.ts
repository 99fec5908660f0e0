/**
 * A process with what it has used: CPU as the kernel accounts it at its end (`time` of bash, which waits for it), and the peak of its memory
 * (VmHWM, read every few ms; a high-water mark, so that only growth in the last few ms can be missed). Every process that is still alive when
 * this one ends is killed by its pid, with its shell.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';

const LOOK_EVERY_MS = 10;
/** 2 of the shell is what `time` says; 2 of the program is ours. */
const SCRIPT = 'TIMEFORMAT="%3U %3S"; exec 4>&2 2>&3; time "$@" 2>&4 3>&- 4>&-';

export interface ProcessUse {
  readonly code: number | null;
  /** From the call of spawn to the end. */
  readonly wallMs: number;
  /** User and system. */
  readonly cpuMs: number;
  readonly rssBytesMax: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface TimedOptions {
  readonly stdinFile?: string;
  readonly env?: NodeJS.ProcessEnv;
}

const alive = new Set<TimedProcess>();

export class TimedProcess {
  readonly ended: Promise<ProcessUse>;
  /** performance.now() of the call of spawn. */
  readonly startedAt: number;
  private readonly shell: ChildProcess;
  private rssBytesMax = 0;

  constructor(command: string, args: readonly string[], { stdinFile, env }: TimedOptions = {}) {
    const stdin = stdinFile === undefined ? 'ignore' : openSync(stdinFile, 'r');
    this.startedAt = performance.now();
    // A group of its own: the shell and the program can be ended together.
    this.shell = spawn('bash', ['-c', SCRIPT, 'bench', command, ...args], {
      stdio: [stdin, 'pipe', 'pipe', 'pipe'],
      detached: true,
      ...(env ? { env } : {}),
    });
    if (typeof stdin === 'number') closeSync(stdin);
    alive.add(this);
    this.ended = this.watch();
    this.ended.catch(() => undefined);
  }

  /** To the program alone, not to its shell. */
  signal(name: NodeJS.Signals): void {
    const pid = this.programPid();
    if (pid !== null) process.kill(pid, name);
  }

  killNow(): void {
    if (this.shell.pid === undefined || this.shell.exitCode !== null || this.shell.signalCode !== null) return;
    process.kill(-this.shell.pid, 'SIGKILL');
  }

  private async watch(): Promise<ProcessUse> {
    const { shell } = this;
    const texts = [1, 2, 3].map((fd) => textOf(shell.stdio[fd] as Readable));
    const looking = setInterval(() => this.look(), LOOK_EVERY_MS);
    let wallMs = 0;
    try {
      const code = await new Promise<number | null>((resolve, reject) => {
        shell.once('error', reject);
        shell.once('exit', () => (wallMs = performance.now() - this.startedAt));
        shell.once('close', resolve);
      });
      const [stdout, stderr, times] = await Promise.all(texts);
      const [user = 0, system = 0] = times.trim().split('\n').at(-1)!.split(' ').map(Number);
      return { code, wallMs, cpuMs: (user + system) * 1_000, rssBytesMax: this.rssBytesMax, stdout, stderr };
    } finally {
      clearInterval(looking);
      alive.delete(this);
    }
  }

  private look(): void {
    const pid = this.programPid();
    const status = pid === null ? '' : readIfThere(`/proc/${pid}/status`);
    const kib = Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0);
    this.rssBytesMax = Math.max(this.rssBytesMax, kib * 1024);
  }

  private programPid(): number | null {
    const { pid } = this.shell;
    const children = pid === undefined ? '' : readIfThere(`/proc/${pid}/task/${pid}/children`);
    return children === '' ? null : Number(children.split(' ')[0]);
  }
}

/** @throws Error with the end of its stderr when it does not end with 0 */
export async function runTimed(command: string, args: readonly string[], options: TimedOptions = {}): Promise<ProcessUse> {
  const use = await new TimedProcess(command, args, options).ended;
  if (use.code !== 0) throw new Error(`${command} ended with ${use.code}\n${use.stdout.slice(-1_000)}\n${use.stderr.slice(-2_000)}`);
  return use;
}

async function textOf(stream: Readable): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += String(chunk);
  return text;
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

process.on('exit', () => {
  for (const timed of alive) timed.killNow();
});
