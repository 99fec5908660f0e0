/** `godwit doctor` within the test, and its mends carried out as a person would: commands at the server that they name, options on the next command line. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCli } from '../../src/cli/run-cli.ts';
import type { DoctorReport } from '../../src/job/doctor/doctor.ts';
import type { Finding, Mend } from '../../src/observe/finding.ts';
import { FakeIo } from '../unit/cli/fake-io.ts';
import type { RealServer } from './server.ts';

export interface DoctorRun {
  readonly code: number;
  readonly report: DoctorReport;
  readonly stderr: string;
}

/** It watches for 100 ms, and its spool is in a folder of its own that is gone with the test process unless --spool-dir is given. */
export async function runDoctor(...words: readonly string[]): Promise<DoctorRun> {
  const home = mkdtempSync(join(tmpdir(), 'godwit-doctor-'));
  try {
    const io = new FakeIo(['doctor', ...words, '--json', ...(words.includes('--watch') ? [] : ['--watch', '100ms'])], { env: { HOME: home } });
    const code = await runCli(io, () => {
      throw new Error('the doctor starts no job');
    });
    if (io.stdout.text === '') throw new Error(`the doctor said nothing: ${io.stderr.text}`);
    return { code, report: JSON.parse(io.stdout.text) as DoctorReport, stderr: io.stderr.text };
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

export function findingsOf({ report }: DoctorRun, check: string): readonly Finding[] {
  return report.checks.find(({ id }) => id === check)?.findings ?? [];
}

/** The worst of a check. @throws Error when it said nothing */
export function findingOf(run: DoctorRun, check: string): Finding {
  const report = run.report.checks.find(({ id }) => id === check);
  const found = report?.findings.find(({ severity }) => severity === report.severity);
  if (found === undefined) throw new Error(`the check ${check} said nothing: ${JSON.stringify(run.report.checks.map(({ id }) => id))}`);
  return found;
}

/** What is not ok, `check: measured`. */
export function troubles({ report }: DoctorRun): string[] {
  return report.checks.flatMap(({ findings }) =>
    findings.filter(({ severity }) => severity !== 'ok').map(({ check, severity, measured }) => `${severity} ${check}: ${measured}`),
  );
}

/** Carries a mend for a server out, exactly as it is written. @throws Error of the server, or when none of them is meant */
export async function carryOut({ kind, at, command }: Mend, servers: readonly RealServer[]): Promise<void> {
  const server = servers.find(({ host, port }) => at.endsWith(` ${host}:${port}`));
  if (kind !== 'server' || server === undefined) throw new Error(`${kind} at ${at} is nothing for a server: ${command}`);
  const client = server.client();
  try {
    const [name = '', ...rest] = wordsOf(command);
    await client.call(name, ...rest);
  } finally {
    client.disconnect();
  }
}

/** As redis-cli takes a line apart. */
export function wordsOf(command: string): string[] {
  return [...command.matchAll(/"(?:[^"\\]|\\.)*"|\S+/g)].map(([word]) => (word.startsWith('"') ? (JSON.parse(word) as string) : word));
}
