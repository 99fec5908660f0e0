/** Sorts error replies: which of them waiting can cure, which are a matter of rights, and which are final. Lower layers only classify. */
import { type ErrorDetails, GodwitError } from '../errors/errors.ts';
import type { ReplyError } from '../resp/reply.ts';

/** Codes that a server answers with while it cannot serve for now. */
const NOT_READY = new Set(['LOADING', 'MASTERDOWN', 'BUSY', 'TRYAGAIN', 'CLUSTERDOWN', 'NOREPLICAS', 'READONLY', 'OOM', 'MISCONF', 'NOMASTERLINK']);

/** Of a node, for messages. */
export interface NodeName {
  /** `target data`; begins with `source` or `target` for nodes of that side. */
  readonly role: string;
  readonly address: string;
}

/** For people: the side and the address, `source 10.0.0.1:6379`. Which of our connections it was about is in the details. */
export function nodeText(node: NodeName): string {
  return `${node.role.split(' ', 1)[0]} ${node.address}`;
}

/** True for the replies that go away by themselves (LOADING, READONLY, OOM ...). */
export function isNotReadyReply(error: ReplyError): boolean {
  return NOT_READY.has(error.code);
}

/** The error reply as a GodwitError with a code, what and where. The reply's text is kept; the command's arguments never get in. */
export function replyFailure(error: ReplyError, node: NodeName): GodwitError {
  const where = nodeText(node);
  const command = error.command?.toUpperCase();
  const details = { address: node.address, role: node.role, command, reply: error.text };
  const isSource = node.role.startsWith('source');
  if (isNotReadyReply(error))
    return new GodwitError(isSource ? 'SOURCE_NOT_READY' : 'TARGET_NOT_READY', `${where} is not ready: ${error.text}`, { details, cause: error });
  switch (error.code) {
    case 'NOAUTH':
      return new GodwitError('AUTH_REQUIRED', `${where} asks for a password and none was given`, { fix: passwordFix(isSource), details, cause: error });
    case 'WRONGPASS':
      return new GodwitError('AUTH_FAILED', `${where} refused the user name or password: ${error.text}`, {
        fix: wrongPasswordFix(isSource ? 'source' : 'target'),
        details,
        cause: error,
      });
    case 'NOPERM':
      return permissionDenied(error, where, details);
  }
  const message = `${where} answered ${command ?? 'a command'} with: ${error.text}`;
  return isSource
    ? new GodwitError('PROTOCOL_ERROR', message, { details, cause: error, retryable: false })
    : new GodwitError('TARGET_REFUSED', message, { details, cause: error });
}

/** What NOPERM is about, for the sentence "the user may not ...". The command of a reply within a transaction is known from its text only. */
function deniedBy({ text }: ReplyError, command: string | undefined): string {
  const named = /\brun the '([^']+)'/.exec(text)?.[1].replace('|', ' ').toUpperCase();
  const what = /\b(key|channel)s?\b/.exec(named === undefined ? text : '')?.[1];
  if (what !== undefined) return `use a ${what} that is needed`;
  return `run ${command ?? named ?? 'a command that is needed'}`;
}

/** @returns the options that the credentials of this side come from */
export function wrongPasswordFix(side: 'source' | 'target'): string {
  return `Check GODWIT_${side.toUpperCase()}_PASSWORD or --${side}-password-file, and --${side}-username; or what the URL of the ${side} says.`;
}

function passwordFix(isSource: boolean): string {
  const side = isSource ? 'source' : 'target';
  return `Set GODWIT_${side.toUpperCase()}_PASSWORD or --${side}-password-file, and for an ACL user --${side}-username too.`;
}

function permissionDenied(error: ReplyError, where: string, details: ErrorDetails): GodwitError {
  const ofKeys = /\bkeys?\b/.test(error.text);
  const command = /the '([^']+)' command/.exec(error.text)?.[1] ?? error.command;
  const right = ofKeys ? '~*' : command === undefined ? '+<command>' : `+${command.toLowerCase()}`;
  const fix = `Grant it at the server: ACL SETUSER <user> ${right}`;
  return new GodwitError('PERMISSION_DENIED', `${where}: the user may not ${deniedBy(error, error.command?.toUpperCase())} (${error.text})`, {
    fix,
    details,
    cause: error,
  });
}
