/** `godwit ctl URL ACTION`: steers a job that another process runs. */
import type { Command } from 'commander';
import { parseSize } from '../../config/quantity.ts';
import { GodwitError } from '../../errors/errors.ts';
import { Redactor } from '../../observe/redaction.ts';
import { renderView } from '../../status/render-view.ts';
import type { CommandContext } from '../command-context.ts';
import type { CliIo } from '../process-io.ts';
import { RemoteJob, remoteToken } from '../remote-job.ts';

const EXAMPLES = `
Examples:
  godwit ctl 8080 status                                how the job on this machine is; --json for programs
  godwit ctl http://10.0.0.9:8080 pause --token-file control-token
  godwit ctl 8080 rate commands=5000 bytes=20mb         0 is no limit
  godwit ctl 8080 log-level debug
  godwit ctl 8080 finish                                end the job for good as soon as the target has all

Actions: status, alerts, pause, resume, checkpoint, finish, rate, log-level. All but the first two need the token: --token-file, or GODWIT_STATUS_TOKEN. The log of the
job says where its token lies (control-token in its folder of the spool).
Exit codes: 0 done, 2 configuration or a wrong token, 3 the job does not answer, 7 the job cannot do it now.
`;

const TEXT_WIDTH = 120;

interface Request {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly path: string;
}

export function registerCtl(program: Command, context: CommandContext): void {
  const command = program
    .command('ctl')
    .summary('steer a running job: pause, resume, rate, checkpoint, finish ...')
    .description('Asks a running job over its status server (--status-port) how it is, or to do something.')
    .argument('<URL>', 'http://host:port, host:port, or a port of this machine')
    .argument('<ACTION>', 'status, alerts, pause, resume, checkpoint, finish, rate, log-level')
    .argument('[WORDS...]', 'commands=N and bytes=N of rate; the level of log-level')
    .option('--token-file <file>', 'file that holds the token (GODWIT_STATUS_TOKEN is the token itself)')
    .option('--json', 'the answer as JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (url: string, action: string, words: readonly string[]) => steer(url, action, words, command.opts<CtlWords>(), context.io));
}

interface CtlWords {
  readonly tokenFile?: string;
  readonly json?: boolean;
}

/** @throws GodwitError CONNECT_FAILED, NOT_NOW, CONFIG_INVALID */
async function steer(url: string, action: string, words: readonly string[], { tokenFile, json }: CtlWords, io: CliIo): Promise<void> {
  const { method, path } = requestOf(action, words);
  const job = new RemoteJob(url, remoteToken(tokenFile, io.env));
  if (action === 'status' && json !== true) {
    const redactor = new Redactor();
    const view = renderView(await job.status(), { width: io.stdout.columns ?? TEXT_WIDTH, height: 200, color: false, events: [], now: Date.now() });
    io.stdout.write(`${redactor.text(view)}\n`);
    return;
  }
  const { code, body } = await job.ask(method, path);
  if (code === 200) {
    io.stdout.write(json === true || method === 'GET' ? `${JSON.stringify(body, null, 2)}\n` : `${action}: done${detail(body)}\n`);
    return;
  }
  const error = typeof body.error === 'string' ? body.error : `it answered ${code}`;
  if (code === 401)
    throw new GodwitError('CONFIG_INVALID', `${job.url}: ${error}`, { fix: 'Give --token-file; the log of the job says where its token lies.' });
  throw new GodwitError(code === 409 ? 'NOT_NOW' : 'CONFIG_INVALID', `${job.url}: ${error}`);
}

function detail(body: Readonly<Record<string, unknown>>): string {
  const facts = Object.entries(body).filter(([name]) => name !== 'ok');
  return facts.length === 0
    ? ''
    : `, ${facts.map(([name, value]) => `${name} ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`).join(', ')}`;
}

/** @throws GodwitError CONFIG_INVALID */
function requestOf(action: string, words: readonly string[]): Request {
  switch (action) {
    case 'status':
    case 'alerts':
      return { method: 'GET', path: `/${action}` };
    case 'pause':
    case 'resume':
    case 'checkpoint':
    case 'finish':
      if (words.length > 0) throw new GodwitError('CONFIG_INVALID', `${action} takes no words`);
      return { method: 'POST', path: `/control/${action}` };
    case 'rate':
      return { method: 'PUT', path: `/rate?${words.map(rateWord).join('&')}` };
    case 'log-level':
      return { method: 'PUT', path: `/log-level?level=${encodeURIComponent(words[0] ?? '')}` };
    default:
      throw new GodwitError('CONFIG_INVALID', `there is no action ${JSON.stringify(action)}`, {
        fix: 'Actions are status, alerts, pause, resume, checkpoint, finish, rate, log-level.',
      });
  }
}

/** `bytes=20mb` as `bytes=20971520` */
function rateWord(word: string): string {
  const [, name = '', text = ''] = /^(commands|bytes)=(.+)$/.exec(word) ?? [];
  const value = name === 'bytes' ? parseSize(text) : Number(text);
  if (name !== '' && value !== undefined && Number.isSafeInteger(value) && value >= 0) return `${name}=${value}`;
  throw new GodwitError('CONFIG_INVALID', `rate takes commands=N and bytes=N, not ${JSON.stringify(word)}`, { fix: 'E.g. godwit ctl 8080 rate commands=5000' });
}
