/** Names and values, beside each other. */
import type { JSX } from 'preact';

export function FactList({ facts }: { readonly facts: readonly (readonly [name: string, value: string])[] }): JSX.Element {
  return (
    <dl class="fact-list">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
