/** Where two contents part, in words. */
import { show } from './comparable.ts';
import type { Content } from './key-facts.ts';

/** @param toleranceMs by how much field expiries (the third column of a hash) may differ. @returns null when equal. */
export function contentDifference(left: Content, right: Content, toleranceMs: number): string | null {
  if (typeof left === 'string' || typeof right === 'string') return left === right ? null : `${show(left)} | ${show(right)}`;
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    if (!sameElement(left[i], right[i], toleranceMs)) return `element ${i}: ${show(left[i])} | ${show(right[i])}`;
  }
  return null;
}

type Element = string | readonly (string | number)[] | undefined;

function sameElement(left: Element, right: Element, toleranceMs: number): boolean {
  if (!Array.isArray(left) || !Array.isArray(right)) return left === right;
  const [leftExpiry, rightExpiry] = [left[2], right[2]];
  const sameExpiry = leftExpiry === rightExpiry || closeTo(Number(leftExpiry), Number(rightExpiry), toleranceMs);
  return left[0] === right[0] && Object.is(left[1], right[1]) && sameExpiry;
}

/** Both never expire, or both do at about the same time. */
export function closeTo(leftAt: number, rightAt: number, toleranceMs: number): boolean {
  if (leftAt < 0 || rightAt < 0) return leftAt === rightAt;
  return Math.abs(leftAt - rightAt) <= toleranceMs;
}
