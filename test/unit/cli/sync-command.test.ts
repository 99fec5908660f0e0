import { afterEach, describe, expect, test, vi } from 'vitest';
import { runCli } from '../../../src/cli/run-cli.ts';
import { GodwitError } from '../../../src/errors/errors.ts';
import { FakeIo } from './fake-io.ts';
import { FakeJob } from './fake-job.ts';

const ADDRESSES = ['sync', 'redis://:planted-secret@10.0.0.1', 'redis://10.0.0.2'];

interface Run {
  readonly io: FakeIo;
  readonly job: FakeJob;
  readonly code: Promise<number>;
}

/** Starts `godwit sync`; resolves when its job runs. */
async function start(args: readonly string[] = [], options: ConstructorParameters<typeof FakeIo>[1] = {}): Promise<Run> {
  const io = new FakeIo([...ADDRESSES, ...args], options);
  let code!: Promise<number>;
  const job = await new Promise<FakeJob>((resolve, reject) => {
    code = runCli(io, (config, dependencies) => {
      const made = new FakeJob(config, dependencies);
      const run = made.run.bind(made);
      made.run = () => {
        resolve(made);
        return run();
      };
      return made;
    });
    void code.then((ended) => reject(new Error(`ended with ${ended}: ${io.stderr.text}`)));
  });
  return { io, job, code };
}

const jsonLines = (text: string): { level: string; message: string }[] =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

afterEach(() => void vi.useRealTimers());

describe('the end of a run', () => {
  test.each([
    ['full-sync-done', /^the full sync is applied: 1,234,567 keys\. The mark is written; go on with the same command line: godwit sync /],
    ['lag-below', /^the target has caught up \(54 B behind the source\)\. The mark/],
    ['finished', /^the job .* is finished: its marks and its spool are removed\./],
  ] as const)('%s is exit code 0, and said', async (reason, words) => {
    const { io, job, code } = await start();
    job.end(reason);
    expect(await code).toBe(0);
    expect(jsonLines(io.stdout.text).at(-1)!.message).toMatch(words);
    expect(io.stderr.text).toBe('');
    expect(io.signalListeners).toBe(0);
  });

  test('an error is one line with its code, its fix and its exit code, without secrets', async () => {
    const { io, job, code } = await start();
    job.fail(new GodwitError('AUTH_FAILED', 'the source 10.0.0.1:6379 refused planted-secret'));
    expect(await code).toBe(3);
    expect(io.stderr.text).toMatch(/^godwit: \[AUTH_FAILED\] the source 10\.0\.0\.1:6379 refused \*{4}\. Check the user and password of this side: [^\n]+\n$/);
    expect(jsonLines(io.stdout.text).at(-1)).toMatchObject({ level: 'error', code: 'AUTH_FAILED' });
    expect(io.stdout.text).not.toContain('planted-secret');
  });

  test('a defect shows no stack, but a hint; with --log-level debug it shows the stack', async () => {
    const defect = new TypeError('x is not a function at planted-secret');
    const plain = await start();
    plain.job.fail(defect);
    expect(await plain.code).toBe(70);
    expect(plain.io.stderr.text).toMatch(
      /^godwit: \[INTERNAL\] unexpected failure: x is not a function at \*\*\*\*\. Please report it.*\ngodwit: run it again with --log-level debug to see the stack\n$/,
    );
    const debug = await start(['--log-level', 'debug']);
    debug.job.fail(defect);
    expect(await debug.code).toBe(70);
    expect(debug.io.stderr.text).toMatch(/TypeError: x is not a function at \*\*\*\*\n +at /);
  });
});

describe('signals', () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s drains, says how to go on, and exits with %i', async (signal, exitCode) => {
    const { io, job, code } = await start();
    io.signal(signal);
    expect(job.calls).toEqual(['run', 'stop']);
    job.end('stopped');
    expect(await code).toBe(exitCode);
    const messages = jsonLines(io.stdout.text).map((line) => line.message);
    expect(messages).toContain(`${signal}: finishing what is in flight; once more to end at once`);
    expect(messages.at(-1)).toBe(
      `stopped by ${signal}. The mark is written; go on with the same command line: godwit sync redis://:****@10.0.0.1 redis://10.0.0.2`,
    );
  });

  test('the second one aborts, and a job that hangs then is not waited for', async () => {
    const { io, job, code } = await start();
    vi.useFakeTimers();
    io.signal('SIGTERM');
    io.signal('SIGINT');
    expect(job.calls).toEqual(['run', 'stop', 'abort']);
    await vi.advanceTimersByTimeAsync(2000);
    expect(await code).toBe(143);
    expect(jsonLines(io.stdout.text).at(-1)!.message).toMatch(/^ended at once by SIGTERM\. .*same command line: godwit sync/);
  });

  test('an abort that ends the job with an error is no failure of its own', async () => {
    const { io, job, code } = await start();
    job.onAbort = () => job.fail(new Error('socket destroyed'));
    io.signal('SIGINT');
    io.signal('SIGINT');
    expect(await code).toBe(130);
    expect(io.stderr.text).toBe('');
  });

  test('a drain that fails is reported as what it is', async () => {
    const { io, job, code } = await start();
    job.onStop = () => job.fail(new GodwitError('CONNECTION_LOST', 'target 10.0.0.2:6379'));
    io.signal('SIGINT');
    expect(await code).toBe(3);
    expect(io.stderr.text).toMatch(/^godwit: \[CONNECTION_LOST\] /);
  });

  test('a run that cannot be resumed says so', async () => {
    const { io, job, code } = await start();
    io.signal('SIGINT');
    job.end('stopped', false);
    expect(await code).toBe(130);
    expect(jsonLines(io.stdout.text).at(-1)!.message).toBe('stopped by SIGINT. Nothing was kept: the same command line starts anew.');
  });
});

describe('--flush-target', () => {
  const facts = { address: '10.0.0.2:6379', keys: 1234 };

  test('without a terminal needs --yes', async () => {
    const io = new FakeIo([...ADDRESSES, '--flush-target']);
    const createJob = vi.fn();
    expect(await runCli(io, createJob)).toBe(2);
    expect(io.stderr.text).toMatch(
      /^godwit: \[FLUSH_NOT_CONFIRMED\] --flush-target empties the target.* Add --yes if all keys of the target may be deleted\.\n$/,
    );
    expect(createJob).not.toHaveBeenCalled();
  });

  test('with --yes is not asked, but logged', async () => {
    const { io, job, code } = await start(['--flush-target', '--yes']);
    expect(await job.dependencies.confirmFlush!(facts)).toBe(true);
    expect(jsonLines(io.stdout.text).at(-1)).toMatchObject({ level: 'warn', message: 'the target 10.0.0.2:6379 is emptied: 1234 keys (--yes)' });
    job.end('finished');
    await code;
  });

  test.each([
    ['10.0.0.2:6379\n', true],
    ['yes\n', false],
    ['\n', false],
  ])('on a terminal asks for the address: %j is %s', async (answer, confirmed) => {
    const { io, job, code } = await start(['--flush-target'], { terminal: true });
    const asked = job.dependencies.confirmFlush!(facts);
    await io.stderr.contains('holds 1,234 keys. ALL of its databases will be emptied.\nType its address to go on: ');
    const drawn = io.stdout.text.length;
    io.stdin.write(answer);
    expect(await asked).toBe(confirmed);
    expect(io.stdout.text.slice(0, drawn).endsWith('\u001b[J\u001b[?25h')).toBe(true);
    expect(io.stdout.text.slice(drawn)).toContain('\u001b[?25l');
    job.end('finished');
    await code;
  });

  test('a signal during the question, and the end of input, are no', async () => {
    const first = await start(['--flush-target'], { terminal: true });
    const asked = first.job.dependencies.confirmFlush!(facts);
    first.io.signal('SIGINT');
    expect(await asked).toBe(false);
    first.job.end('stopped');
    expect(await first.code).toBe(130);
    const second = await start(['--flush-target'], { terminal: true });
    const askedAgain = second.job.dependencies.confirmFlush!(facts);
    second.io.stdin.end();
    expect(await askedAgain).toBe(false);
    second.job.end('stopped');
    await second.code;
  });
});

describe('what is shown', () => {
  test.each([true, false])('a job that waits without a socket keeps its process (terminal: %s)', async (terminal) => {
    const setInterval = vi.spyOn(globalThis, 'setInterval');
    const { job, code } = await start([], { terminal });
    expect(setInterval.mock.results.some((result) => (result.value as NodeJS.Timeout).hasRef())).toBe(true);
    setInterval.mockRestore();
    job.end('finished');
    expect(await code).toBe(0);
  });

  test('a progress line every 5 s where there is no terminal', async () => {
    vi.useFakeTimers();
    const { io, job, code } = await start();
    await vi.advanceTimersByTimeAsync(5000);
    job.phase = 'incremental-sync';
    await vi.advanceTimersByTimeAsync(5000);
    expect(jsonLines(io.stdout.text).map((line) => line.message)).toEqual([
      'full-sync 48.1 %, 1,234,567 keys, 61.3 MB/s, 34 s left',
      'incremental-sync, lag 54 B and 4 ms, 1,500 commands/s',
    ]);
    job.end('finished');
    expect(await code).toBe(0);
  });

  test('the live view on a terminal, with events; log lines of the job go above it', async () => {
    vi.useFakeTimers();
    const { io, job, code } = await start([], { terminal: true, env: { NO_COLOR: '1', TERM: 'xterm' } });
    expect(io.stdout.text).toContain('\u001b[?25l');
    expect(io.stdout.text).toContain('10.0.0.2:6379  Valkey 8.1.0');
    job.emit('target data: connected');
    job.dependencies.log.info({}, 'not above the view');
    job.dependencies.log.warn({}, 'a warning of planted-secret');
    await vi.advanceTimersByTimeAsync(250);
    expect(io.stdout.text).toContain('target data: connected');
    expect(io.stdout.text).toContain('a warning of ****');
    expect(io.stdout.text).not.toContain('not above the view');
    job.end('full-sync-done');
    expect(await code).toBe(0);
    expect(io.stdout.text).toMatch(/\u001b\[\?25hgodwit: the full sync is applied/);
    const { length } = io.stdout.text;
    await vi.advanceTimersByTimeAsync(1000);
    expect(io.stdout.text).toHaveLength(length);
  });

  test('--log-level puts all those lines above the view', async () => {
    const { io, job, code } = await start(['--log-level', 'info'], { terminal: true });
    job.dependencies.log.info({}, 'above the view');
    expect(io.stdout.text).toContain('above the view');
    job.end('finished');
    await code;
  });

  test('--log-format pretty writes for people, json on a terminal writes JSON, live without one falls back', async () => {
    const pretty = await start(['--log-format', 'pretty'], { env: { GODWIT_LOG_LEVL: 'x' } });
    pretty.job.end('finished');
    await pretty.code;
    expect(pretty.io.stdout.text).toMatch(/WARN: the environment variable GODWIT_LOG_LEVL is not known.*did you mean GODWIT_LOG_LEVEL/);
    expect(pretty.io.stdout.text).toMatch(/\ngodwit: the job .* is finished/);
    const json = await start(['--log-format', 'json'], { terminal: true });
    json.job.end('finished');
    await json.code;
    expect(jsonLines(json.io.stdout.text)).toHaveLength(1);
    const live = await start(['--log-format', 'live']);
    live.job.end('finished');
    await live.code;
    expect(jsonLines(live.io.stdout.text)[0].message).toMatch(/stdout is no terminal/);
  });

  test('--status-port serves the status while the job runs, and not after', async () => {
    const { io, job, code } = await start(['--status-port', '0']);
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(io.stdout.text)![0];
    expect(await (await fetch(`${url}/status`)).json()).toMatchObject({ phase: 'full-sync' });
    job.end('finished');
    await code;
    await expect(fetch(url)).rejects.toThrow();
  });
});
