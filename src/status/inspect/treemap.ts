/** Lays out weights as rectangles whose areas are in proportion, as near to squares as they come (squarified treemap, Bruls, Huizing, van Wijk 2000). */
export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** @param weights above 0, descending. @returns a rectangle within `area` for each, in their order */
export function treemap(weights: readonly number[], area: Rectangle): Rectangle[] {
  const rectangles: Rectangle[] = [];
  let rest = area;
  let weightLeft = weights.reduce((sum, weight) => sum + weight, 0);
  for (let from = 0; from < weights.length;) {
    const scale = (rest.width * rest.height) / weightLeft;
    const side = Math.min(rest.width, rest.height);
    let to = from + 1;
    let sum = weights[from] * scale;
    while (to < weights.length) {
      const next = weights[to] * scale;
      if (worstRatio(weights[from] * scale, next, sum + next, side) > worstRatio(weights[from] * scale, weights[to - 1] * scale, sum, side)) break;
      sum += next;
      to++;
    }
    rest = placeRow(weights.slice(from, to), scale, sum, rest, rectangles);
    for (; from < to; from++) weightLeft -= weights[from];
  }
  return rectangles;
}

function worstRatio(largest: number, smallest: number, sum: number, side: number): number {
  return Math.max((side * side * largest) / (sum * sum), (sum * sum) / (side * side * smallest));
}

/** Puts a row along the shorter side. @returns what is left of the area */
function placeRow(weights: readonly number[], scale: number, sum: number, area: Rectangle, out: Rectangle[]): Rectangle {
  const isColumn = area.width >= area.height;
  const depth = sum / (isColumn ? area.height : area.width);
  let at = isColumn ? area.y : area.x;
  for (const weight of weights) {
    const length = (weight * scale) / depth;
    out.push(isColumn ? { x: area.x, y: at, width: depth, height: length } : { x: at, y: area.y, width: length, height: depth });
    at += length;
  }
  return isColumn
    ? { x: area.x + depth, y: area.y, width: Math.max(0, area.width - depth), height: area.height }
    : { x: area.x, y: area.y + depth, width: area.width, height: Math.max(0, area.height - depth) };
}
