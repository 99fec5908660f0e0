/** What a run that was refused said, held to its form: `godwit: [CODE] what, where. What to do.`, one line, and the exit code that belongs to the code. */
import { ERROR_CODES } from '../../src/errors/codes.ts';

/** Returns what stands behind the code. @throws Error when standard error is anything else than that one line */
export function oneLine(run: { readonly code: number | null; readonly stderr: string }, code: keyof typeof ERROR_CODES): string {
  const [, found = '', words = ''] = /^godwit: \[([A-Z_]+)\] ([^\n]+)\n$/.exec(run.stderr) ?? [];
  const problems = [
    found !== code && `the code ${code} was expected`,
    run.code !== ERROR_CODES[code].exitCode && `the exit code is ${run.code}, not ${ERROR_CODES[code].exitCode}`,
    !/[.?!`)] [A-Z][^.]*/.test(words) && 'there is no advice',
    / {4}at |undefined|\[object/.test(run.stderr) && 'it shows its insides',
  ].filter((problem) => problem !== false);
  if (problems.length > 0) throw new Error(`${problems.join(', ')}: ${run.stderr}`);
  return words;
}
