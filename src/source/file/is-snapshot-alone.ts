/** Whether what a file holds is all that there will be of its keys. */
import type { FileSource } from './file-source.ts';

/** Nothing follows it. A pipe has no name that says so; but the server that wrote a snapshot says in it whether it is the begin of an AOF. */
export function isSnapshotAlone({ kind, aux }: Pick<FileSource, 'kind' | 'aux'>): boolean {
  return kind !== 'aof' || (aux.get('aof-base') ?? aux.get('aof-preamble')) === '0';
}
