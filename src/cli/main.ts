#!/usr/bin/env node
/** The program: the process on one side, runCli() on the other. Whatever escapes both is a defect, told in one line. */
import { SwitchingJob } from '../job/cutover/switching-job.ts';
import { processIo } from './process-io.ts';
import { reportError } from './report-error.ts';
import { runCli } from './run-cli.ts';

const io = processIo();
const fail = (error: unknown): never => process.exit(reportError(error, io));
const SHOW_CURSOR = '\u001b[?25h';

process.on('uncaughtException', fail);
process.on('unhandledRejection', fail);
process.on('exit', () => {
  if (io.stdout.isTTY) io.stdout.write(SHOW_CURSOR);
});

process.exit(await runCli(io, (config, dependencies) => new SwitchingJob(config, dependencies)));
