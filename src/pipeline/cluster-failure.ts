/** What the refusals of a cluster's nodes mean. */
import { GodwitError } from '../errors/errors.ts';
import { replyFailure } from '../net/reply-errors.ts';
import type { ReplyError } from '../resp/reply.ts';

/** That slots are on their way can be cured by waiting. */
export function clusterFailure(error: ReplyError, address: string): GodwitError {
  if (/^(?:MOVED|ASK|CROSSSLOT)\b/.test(error.text)) return new GodwitError('TARGET_NOT_READY', `slots of target ${address} are being moved: ${error.text}`);
  return replyFailure(error, { role: 'target data', address });
}

export function mayNotKill(address: string): GodwitError {
  return new GodwitError('PERMISSION_DENIED', `target ${address}: the user may not run CLIENT LIST and CLIENT KILL, which fence a cluster`, {
    fix: 'Grant both: ACL SETUSER <user> +client|list +client|kill',
  });
}

export function failedOver(address: string): GodwitError {
  return new GodwitError('TARGET_NOT_READY', `a shard of target ${address} has another primary now: the marks are read again`);
}
