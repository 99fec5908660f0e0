/**
 * The entry point of the container image: finds out what is to be run (launch-plan.ts), and becomes it. Godwit runs in this very process, which is the
 * first of the container, so that signals reach it without a shell in between.
 *
 * The kernel keeps signals without a listener from the first process of a container. As long as Godwit does not listen itself (while it starts, or in
 * `godwit inspect`), they end it here.
 */
import { statSync } from 'node:fs';
import { processIo, type StopSignal } from '../process-io.ts';
import { reportError } from '../report-error.ts';
import { CONFIG_DIR_ENV, type LaunchPlan, planLaunch } from './launch-plan.ts';
import { keepStatusPlace } from './status-place.ts';

const EXIT_CODES: Readonly<Record<StopSignal, number>> = { SIGINT: 130, SIGTERM: 143 };

for (const [signal, exitCode] of Object.entries(EXIT_CODES)) {
  process.on(signal, () => {
    if (process.listenerCount(signal) === 1) process.exit(exitCode);
  });
}

const io = processIo();
const { words, variables, status } = plan();
keepStatusPlace(status);
Object.assign(process.env, variables);
delete process.env[CONFIG_DIR_ENV];
process.argv.splice(2, Number.POSITIVE_INFINITY, ...words);
await import('../main.ts');

function plan(): LaunchPlan {
  try {
    return planLaunch({ args: io.args, env: io.env, cwd: io.cwd, isFile: (path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true });
  } catch (error) {
    return process.exit(reportError(error, io));
  }
}
