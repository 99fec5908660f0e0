/** The errors that a connection itself has to tell, with what, where and the numbers. */
import { GodwitError } from '../errors/errors.ts';
import { type NodeName, nodeText } from './reply-errors.ts';

/** Replies are outstanding and nothing has come for too long. */
export function deadError(node: NodeName, silence: { silentMs: number; deadAfterMs: number; unansweredReplies: number; unansweredBytes: number }): GodwitError {
  const waiting = silence.unansweredReplies === 1 ? '1 reply was' : `${silence.unansweredReplies} replies were`;
  const message = `${node.role} ${node.address} has sent nothing for ${(silence.silentMs / 1000).toFixed(1)} s while ${waiting} outstanding`;
  return new GodwitError('CONNECTION_DEAD', message, { details: { ...node, ...silence } });
}

/** Connected, but no whole answer to the handshake. */
export function silentError(node: NodeName, connectTimeoutMs: number): GodwitError {
  return new GodwitError('CONNECT_FAILED', `${nodeText(node)} accepted the connection but did not answer within ${connectTimeoutMs} ms`, {
    fix: 'Check host and port, and whether the server hangs. If the port speaks TLS, use rediss:// for it.',
    details: { ...node, connectTimeoutMs },
  });
}

export function notReadyError(node: NodeName, state: string): GodwitError {
  return new GodwitError('CONNECTION_LOST', `${node.role} ${node.address} is not connected (${state})`, { details: { ...node, state } });
}

export function closedError(node: NodeName): GodwitError {
  return new GodwitError('CONNECTION_LOST', `the connection to ${node.role} ${node.address} was closed by Godwit`, { retryable: false, details: { ...node } });
}

/** The last failure, made final since no more attempts are allowed. Its cause is the failure as it was. */
export function givenUpError(error: GodwitError, attempts: number): GodwitError {
  const message = `${error.message} (given up after ${attempts === 1 ? '1 attempt' : `${attempts} attempts`})`;
  return new GodwitError(error.code, message, { fix: error.fix, details: error.details, cause: error, retryable: false });
}
