/** Large strings and lists, which have an order: part by part from both sides. */
import { shownText, textDifference } from '../../../rdb/compare/first-difference.ts';
import { type KeyReader, PartPace, type PartDifference } from './part-reader.ts';

const STRING_PART_BYTES = 256 * 1024;
const NONE = 'none';

/** @returns null when they are equal. @throws ChangedMeanwhile */
export async function stringDifference(source: KeyReader, target: KeyReader): Promise<PartDifference | null> {
  const [own, other] = (await Promise.all([source.ask('STRLEN', source.key), target.ask('STRLEN', target.key)])) as [number, number];
  for (let at = 0; at < Math.max(own, other); at += STRING_PART_BYTES) {
    const part = ['GETRANGE', at, at + STRING_PART_BYTES - 1] as const;
    const ask = (side: KeyReader): Promise<unknown> => side.ask(part[0], side.key, part[1], part[2]);
    const [here, there] = (await Promise.all([ask(source), ask(target)])) as [Buffer, Buffer];
    if (here.equals(there)) continue;
    const found = textDifference(here.toString('latin1'), there.toString('latin1'));
    const offset = at + Number(/\d+/.exec(found.where)?.[0] ?? 0);
    return { ...found, where: `byte ${offset}${own === other ? '' : ` (${own} and ${other} bytes)`}` };
  }
  return null;
}

/** @returns null when they are equal. @throws ChangedMeanwhile */
export async function listDifference(source: KeyReader, target: KeyReader): Promise<PartDifference | null> {
  const pace = new PartPace();
  for (let at = 0; ;) {
    const count = pace.elements;
    const ask = (side: KeyReader): Promise<unknown> => side.ask('LRANGE', side.key, at, at + count - 1);
    const [here, there] = (await Promise.all([ask(source), ask(target)])) as [Buffer[], Buffer[]];
    for (let i = 0; i < Math.max(here.length, there.length); i++) {
      if (here[i] !== undefined && there[i] !== undefined && here[i].equals(there[i])) continue;
      return { where: `index ${at + i}`, source: shown(here[i]), target: shown(there[i]) };
    }
    if (here.length < count) return null;
    pace.took(here);
    at += count;
  }
}

function shown(element: Buffer | undefined): string {
  return element === undefined ? NONE : shownText(element.toString('latin1'));
}
