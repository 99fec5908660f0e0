/** The mark of a pipeline that begins behind a place at which both sides are equal, without a full sync. Database 0 is selected there. */
import { FIRST_MARK, type Mark } from '../checkpoint/mark.ts';
import type { BeginPlace } from '../config/sync-config.ts';

export function beginMark({ replicationId, offset, owned }: BeginPlace, epoch: number): Mark {
  return { ...FIRST_MARK, phase: 'incremental-sync', replicationId, offset, owned, epoch };
}
