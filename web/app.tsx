/** The dashboard: one page for one running job. Where the pieces are: feed/ hears and asks, judge/ decides what it means, words/ says it, view/ shows it. */
import { render } from 'preact';
import { Control } from './feed/control.ts';
import { LiveFeed } from './feed/live-feed.ts';
import { Dashboard } from './view/dashboard.tsx';
import { applyTheme, applyWords, chosenTheme, chosenWords } from './words/choice.ts';

/** The page is at ROOT/ui/, whatever a proxy puts in front of it. */
const root = new URL('..', location.href).pathname;

const place = document.querySelector('#app')!;
const control = new Control(root);
const feed = new LiveFeed(root, draw);

applyTheme(chosenTheme());
applyWords(chosenWords().code);
draw();
feed.start();

function draw(): void {
  render(<Dashboard feed={feed} control={control} root={root} version={Date.now()} />, place);
}
