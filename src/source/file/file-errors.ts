/** Says in words what went wrong with a file of the system. */
import { GodwitError } from '../../errors/errors.ts';

/** Of an error of `node:fs`. */
export function fileError(name: string, error: unknown): GodwitError {
  if (error instanceof GodwitError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  const details = { file: name, reason: code };
  if (code === 'ENOENT' || code === 'ENOTDIR') return new GodwitError('FILE_NOT_FOUND', `there is no file ${name}`, { cause: error, details });
  const reason = code === 'EACCES' || code === 'EPERM' ? 'permission denied' : code === 'EISDIR' ? 'it is a folder' : message;
  return new GodwitError('FILE_UNREADABLE', `cannot read ${name}: ${reason}`, { cause: error, details });
}
