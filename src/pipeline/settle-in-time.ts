/** The last wait of an attempt, whatever has ended it: the mark tells how far it came, unless the target is silent. */
import { systemClock } from '../async/clock.ts';
import { LastCall } from './last-call.ts';

/** The time that the target has for its last answers. */
const SETTLE_MS = 5_000;

/** Never rejects: what failed is told elsewhere. */
export async function settleInTime(sending: { settled(): Promise<void> }): Promise<void> {
  await new LastCall(systemClock, SETTLE_MS).inTime(
    sending.settled().catch(() => {}),
    undefined,
  );
}
