/** Of two limits the one that is less; 0 = none. */
export function lesserLimit(a: number, b: number): number {
  return a === 0 ? b : b === 0 ? a : Math.min(a, b);
}
