/**
 * The health check of the container image: asks the status server of the container and ends with 0 or 1. It asks /healthz unless another path is given:
 * `healthcheck.js /readyz`. What runs without a status (an export, an inspection) is well as long as it runs.
 */
import { STATUS_DEFAULT } from './launch-plan.ts';
import { keptStatusPlace, type StatusPlace } from './status-place.ts';

const TIMEOUT_MS = 4000;
const ALL_INTERFACES: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

process.exitCode = await check(keptStatusPlace() ?? placeOfEnvironment(), process.argv[2] ?? '/healthz');

/** Resolves with the exit code. */
async function check({ host, port }: StatusPlace, path: string): Promise<number> {
  if (port === null) {
    process.stdout.write('what runs here has no status server\n');
    return 0;
  }
  const reached = ALL_INTERFACES[host] ?? host;
  const url = `http://${reached.includes(':') ? `[${reached}]` : reached}:${port}${path}`;
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    process.stdout.write(await answer.text());
    return answer.ok ? 0 : 1;
  } catch (error) {
    const { cause, message } = error as Error;
    process.stderr.write(`godwit: ${url} does not answer: ${cause instanceof Error ? cause.message : message}\n`);
    return 1;
  }
}

/** Where nothing could be kept: what the variables say, else the container's default. */
function placeOfEnvironment(): StatusPlace {
  const { GODWIT_STATUS_PORT: port, GODWIT_STATUS_HOST: host } = process.env;
  return { host: host || STATUS_DEFAULT.host, port: port ? Number(port) || null : STATUS_DEFAULT.port };
}
