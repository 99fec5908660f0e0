/**
 * What changes a running job over HTTP. Each asks for the token (`Authorization: Bearer ...`): 401 without it, 409 with a code where the job cannot do it now.
 *
 *   POST /control/pause|resume|checkpoint|finish|cutover     PUT /rate?commands=1000&bytes=0     PUT /log-level?level=debug
 */
import type { IncomingMessage } from 'node:http';
import { GodwitError } from '../../errors/errors.ts';
import type { LogLevel } from '../../observe/create-logger.ts';
import type { JobControl } from '../../observe/job-api.ts';
import type { AccessToken } from './access-token.ts';
import { type Answer, otherMethod, refusal } from './answer.ts';
import { BadRequest } from './bad-request.ts';
import { cutoverRequest } from './cutover-request.ts';

export interface ControlRoutesOptions {
  readonly control: JobControl;
  /** Undefined: nothing can be changed over HTTP. */
  readonly token: AccessToken | undefined;
  readonly setLogLevel: (level: LogLevel) => void;
}

type Action = (options: ControlRoutesOptions, query: URLSearchParams) => object | Promise<object>;

interface ControlRoute {
  readonly method: 'POST' | 'PUT';
  readonly act: Action;
}

const RATE_MAX = 2 ** 40;
const LEVELS: readonly string[] = ['debug', 'info', 'warn', 'error'];

const ROUTES: Readonly<Record<string, ControlRoute>> = {
  '/control/pause': { method: 'POST', act: ({ control }) => (control.pause(), { paused: true }) },
  '/control/resume': { method: 'POST', act: ({ control }) => (control.resume(), { paused: false }) },
  '/control/checkpoint': { method: 'POST', act: async ({ control }) => ({ checkpoint: await control.checkpoint() }) },
  '/control/finish': { method: 'POST', act: ({ control }) => (control.finish(), { finishing: true }) },
  '/control/cutover': { method: 'POST', act: ({ control }, query) => cutoverRequest(control, query) },
  '/rate': { method: 'PUT', act: setRate },
  '/log-level': { method: 'PUT', act: setLogLevel },
};

export const CONTROL_PATHS: readonly string[] = Object.keys(ROUTES);

/** @param path one of CONTROL_PATHS */
export async function controlAnswer(path: string, query: URLSearchParams, request: IncomingMessage, options: ControlRoutesOptions): Promise<Answer> {
  const { method, act } = ROUTES[path];
  if (request.method !== method) return otherMethod(method);
  if (options.token?.isIn(request.headers.authorization) !== true) {
    const error = options.token === undefined ? 'this run has no token, so nothing can be changed' : 'this needs the token: Authorization: Bearer <token>';
    return refusal(401, error, { code: 'TOKEN' }, { 'www-authenticate': 'Bearer' });
  }
  try {
    return { code: 200, body: { ok: true, ...(await act(options, query)) } };
  } catch (error) {
    if (error instanceof BadRequest) return refusal(400, error.message);
    if (error instanceof GodwitError && error.code === 'NOT_NOW') return refusal(409, error.message, { code: error.code });
    throw error;
  }
}

function setRate({ control }: ControlRoutesOptions, query: URLSearchParams): object {
  const [commands, bytes] = ['commands', 'bytes'].map((name) => Number(query.get(name) ?? '0'));
  const isNumber = (value: number): boolean => Number.isSafeInteger(value) && value >= 0 && value <= RATE_MAX;
  if (query.size === 0 || [...query.keys()].some((name) => name !== 'commands' && name !== 'bytes') || !isNumber(commands) || !isNumber(bytes)) {
    throw new BadRequest('give commands and bytes in a second as whole numbers, 0 is no limit: PUT /rate?commands=1000&bytes=0');
  }
  control.setRate({ commands, bytes });
  return { commands, bytes };
}

function setLogLevel(options: ControlRoutesOptions, query: URLSearchParams): object {
  const level = query.get('level') ?? '';
  if (query.size !== 1 || !LEVELS.includes(level)) throw new BadRequest(`give one of ${LEVELS.join(', ')}: PUT /log-level?level=debug`);
  options.setLogLevel(level as LogLevel);
  return { level };
}
