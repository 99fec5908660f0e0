/** A part of the page with a heading of its own. */
import type { ComponentChildren, JSX } from 'preact';

interface PanelProps {
  readonly id: string;
  readonly title: string;
  /** Beside the heading. */
  readonly aside?: ComponentChildren;
  readonly children: ComponentChildren;
}

export function Panel({ id, title, aside, children }: PanelProps): JSX.Element {
  return (
    <section class="panel" id={id} aria-labelledby={`${id}-title`}>
      <div class="panel-head">
        <h2 id={`${id}-title`}>{title}</h2>
        {aside}
      </div>
      {children}
    </section>
  );
}
