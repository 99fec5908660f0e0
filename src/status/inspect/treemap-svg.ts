/** The prefixes of an inspection as an SVG treemap, two levels deep. It is a picture beside the table of prefixes, which says the same to everybody. */
import type { PrefixAmount } from '../../rdb/inspect/inspection-report.ts';
import { showBytes, showCount } from '../format-quantity.ts';
import { escapeHtml } from './escape-html.ts';
import { type Rectangle, treemap } from './treemap.ts';
import { cut } from './text-table.ts';

const WIDTH = 1000;
const HEIGHT = 480;
const HEAD = 18;
const CHARACTER_WIDTH = 7;
const LABEL_HEIGHT_MIN = 14;
const LABEL_CHARACTERS_MIN = 3;
/** Smaller ones cannot be seen. */
const PART_MIN = 0.001;
const COLORS = 8;

interface Tile {
  readonly name: string;
  /** What its name has beyond that of the tile it lies in. */
  readonly label: string;
  readonly amount: { readonly keys: number; readonly bytes: number };
  readonly node: PrefixAmount | null;
}

/** Empty if there is nothing to show. */
export function treemapSvg(root: PrefixAmount): string {
  const tiles = tilesOf(root, root.bytes, root.name);
  if (tiles.length === 0) return '';
  const places = treemap(
    tiles.map(({ amount }) => amount.bytes),
    { x: 0, y: 0, width: WIDTH, height: HEIGHT },
  );
  const drawn = tiles.map((tile, i) => group(tile, places[i], i % COLORS, root.bytes)).join('');
  const title = '<title id="treemap-title">Memory by prefix; the table below says the same</title>';
  return `<svg class="map" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="treemap-title">${title}${drawn}</svg>`;
}

function tilesOf(node: PrefixAmount, totalBytes: number, prefix: string): Tile[] {
  const children = node.children.filter(({ bytes }) => bytes > totalBytes * PART_MIN);
  const tiles: Tile[] = children.map((child) => ({ name: child.name, label: child.name.slice(prefix.length), amount: child, node: child }));
  const rest = (pick: (amount: { keys: number; bytes: number }) => number): number => pick(node) - children.reduce((sum, child) => sum + pick(child), 0);
  const others = { keys: rest(({ keys }) => keys), bytes: rest(({ bytes }) => bytes) };
  if (others.bytes > totalBytes * PART_MIN)
    tiles.push({ name: prefix === '' ? '(others)' : `${prefix}…`, label: prefix === '' ? '(others)' : '…', amount: others, node: null });
  return tiles.toSorted((a, b) => b.amount.bytes - a.amount.bytes);
}

function group(tile: Tile, place: Rectangle, color: number, totalBytes: number): string {
  const frame = rectangle(tile, place, `c${color}`);
  const inner: Rectangle = { x: place.x + 2, y: place.y + HEAD, width: place.width - 4, height: place.height - HEAD - 2 };
  const children =
    tile.node !== null && tile.node.children.length > 0 && inner.width > 20 && inner.height > 20 ? tilesOf(tile.node, totalBytes, tile.name) : [];
  if (children.length === 0) return frame;
  const places = treemap(
    children.map(({ amount }) => amount.bytes),
    inner,
  );
  return frame + children.map((child, i) => rectangle(child, places[i], `c${color} inner`)).join('');
}

function rectangle({ name: fullName, label, amount }: Tile, { x, y, width, height }: Rectangle, name: string): string {
  const place = `x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}"`;
  const title = escapeHtml(`${fullName}: ${showBytes(amount.bytes)}, ${showCount(amount.keys)} keys`);
  const charactersMax = Math.floor((width - 6) / CHARACTER_WIDTH);
  const text =
    height >= LABEL_HEIGHT_MIN && charactersMax >= LABEL_CHARACTERS_MIN
      ? `<text x="${round(x + 4)}" y="${round(y + 13)}">${escapeHtml(cut(label, charactersMax))}</text>`
      : '';
  return `<g><title>${title}</title><rect class="${name}" ${place}/>${text}</g>`;
}

function round(value: number): string {
  return String(Math.max(0, Math.round(value * 10) / 10));
}
