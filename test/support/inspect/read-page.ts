/**
 * Takes a page apart as a browser would, strictly: every tag is closed in order, every attribute is quoted, no entity is unknown. What cannot be taken apart
 * so is an error, so that text that was not escaped shows.
 */
export interface PageElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Of it and what is in it. */
  text: string;
  readonly children: PageElement[];
}

const VOID = new Set(['meta']);
const TOKEN = /<!doctype html>|<\/([a-z][a-z0-9]*)>|<([a-z][a-z0-9]*)((?: [A-Za-z-]+="[^"<>]*")*)(\/?)>|([^<>]+)/gy;
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };

/** @throws Error with the place of what is wrong */
export function readPage(html: string): PageElement {
  const root: PageElement = { name: '', attributes: {}, text: '', children: [] };
  const open: PageElement[] = [root];
  let at = 0;
  for (const match of html.matchAll(TOKEN)) {
    const [token, closed, opened, attributes, slash, text] = match;
    if (match.index !== at) throw new Error(`cannot be read: ${html.slice(at, at + 80)}`);
    at += token.length;
    if (text !== undefined) for (const element of open) element.text += open.at(-1)?.name === 'style' ? '' : unescaped(text);
    else if (closed !== undefined) {
      const last = open.pop();
      if (last?.name !== closed) throw new Error(`</${closed}> closes <${last?.name}>`);
    } else if (opened !== undefined) {
      const element = { name: opened, attributes: attributesOf(attributes), text: '', children: [] };
      open.at(-1)?.children.push(element);
      if (slash === '' && !VOID.has(opened)) open.push(element);
    }
  }
  if (at !== html.length || open.length !== 1) throw new Error(`cannot be read: ${html.slice(at, at + 80)}, ${open.length - 1} elements are open`);
  return root;
}

export function elementsNamed(root: PageElement, name: string): PageElement[] {
  return root.children.flatMap((child) => [...(child.name === name ? [child] : []), ...elementsNamed(child, name)]);
}

export function elementById(root: PageElement, id: string): PageElement {
  const search = (element: PageElement): PageElement | undefined =>
    element.attributes['id'] === id ? element : element.children.map(search).find((found) => found !== undefined);
  const found = search(root);
  if (found === undefined) throw new Error(`there is no #${id}`);
  return found;
}

function attributesOf(text: string): Record<string, string> {
  return Object.fromEntries([...text.matchAll(/ ([A-Za-z-]+)="([^"]*)"/g)].map(([, name, value]) => [name, unescaped(value)]));
}

function unescaped(text: string): string {
  return text.replace(/&([^;]*);?/g, (whole, name: string) => {
    if (ENTITIES[name] === undefined || !whole.endsWith(';')) throw new Error(`an & that is not escaped: ${whole.slice(0, 40)}`);
    return ENTITIES[name];
  });
}
