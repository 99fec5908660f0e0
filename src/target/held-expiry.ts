/** A key that has expired by the time it is applied is kept this long: the source's DEL, or its renewal, is still to come in the stream. */
const EXPIRED_HOLD_MS = 3_600_000;
/** What a slow target or line may take until it is applied. */
const EXPIRES_SOON_MS = 5000;

/** A time of `nowMs` for heldExpiry() where nothing follows that could renew a key: none that lives is held. */
export function withoutHold(nowMs: number): number {
  return nowMs - EXPIRES_SOON_MS - 1;
}

/** The expiry that a key is given at the target. @param expiryMs Unix ms; -1 = none */
export function heldExpiry(expiryMs: number, nowMs: number): number {
  return expiryMs >= 0 && expiryMs <= nowMs + EXPIRES_SOON_MS ? nowMs + EXPIRED_HOLD_MS : expiryMs;
}

/** What to give heldExpiry() as `nowMs`. @param isFinal nothing follows that could renew a key */
export function holdTime(isFinal = false): number {
  return isFinal ? withoutHold(Date.now()) : Date.now();
}

/** For servers whose clocks differ. */
const CLOCKS_DIFFER_MS = 60_000;

/** Is this a key that is about to expire at the source, and that the target holds until the source's deletion comes? Both Unix ms. */
export function isHeldExpiry(sourceExpiryMs: number, targetExpiryMs: number, nowMs: number): boolean {
  const heldMs = targetExpiryMs - nowMs;
  const isSoon = sourceExpiryMs >= 0 && sourceExpiryMs <= nowMs + EXPIRES_SOON_MS;
  return isSoon && heldMs <= EXPIRED_HOLD_MS + CLOCKS_DIFFER_MS && heldMs >= EXPIRED_HOLD_MS - CLOCKS_DIFFER_MS;
}
