import type { StatusServerOptions } from '../../../src/status/status-server.ts';
import { silentLogger } from '../../../src/observe/log.ts';
import { Redactor } from '../../../src/observe/redaction.ts';
import { AccessToken } from '../../../src/status/server/access-token.ts';
import { EventRing } from '../../../src/status/server/event-ring.ts';
import { FakeJob } from '../cli/fake-job.ts';
import { exampleStatus } from './example-status.ts';

export const EXAMPLE_TOKEN = 'a-token-of-the-test';

/** Options of a server on any free port, of a job that does nothing. */
export function exampleServer(over: Partial<StatusServerOptions> = {}): StatusServerOptions {
  return {
    host: '127.0.0.1',
    port: 0,
    status: () => exampleStatus(),
    events: new EventRing('run'),
    control: new FakeJob().control,
    token: new AccessToken(EXAMPLE_TOKEN),
    setLogLevel: () => {},
    redactor: new Redactor(),
    log: silentLogger,
    ...over,
  };
}
