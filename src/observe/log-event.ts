/** Events of a job as log lines. */
import type { JobEvent } from './job-api.ts';
import type { Logger } from './log.ts';

/** Connections, the link to the source, the spool and the end of a run write log lines of their own. */
const LOGGED_ELSEWHERE = /^(?:connection\.|source\.|spool\.|job\.failed$)/;

export function logEvent(log: Logger, { kind, level, message, details }: JobEvent): void {
  if (!LOGGED_ELSEWHERE.test(kind)) log[level]({ ...details, event: kind }, message);
}
