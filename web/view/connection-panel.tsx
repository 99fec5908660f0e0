/** Every connection with its state, its keepalive and why it has that one, its round trip, its reconnects; what is lost comes first, with its last error. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { showCount } from '../../src/status/format-quantity.ts';
import type { ConnectionStatus } from '../../src/observe/job-status.ts';
import { type Health, backForMs, healthOf } from '../judge/health.ts';
import { shortName } from '../judge/short-name.ts';
import type { Words } from '../words/en.ts';
import { HealthMark } from './health-mark.tsx';
import { keepaliveText } from './keepalive-text.ts';
import { useWords } from './page-words.ts';
import { Panel } from './panel.tsx';

interface ConnectionPanelProps {
  readonly connections: readonly ConnectionStatus[];
  readonly now: number;
  readonly search: string;
  readonly onSearch: (search: string) => void;
}

/** More than these are shown when they are asked for; what is in trouble is always among the first. */
const ROWS_FIRST = 16;
const ORDER: Record<Health, number> = { bad: 0, busy: 1, good: 2, idle: 3 };

export function ConnectionPanel({ connections, now, search, onSearch }: ConnectionPanelProps): JSX.Element {
  const words = useWords();
  const texts = words.connections;
  const [isOnlyBad, setOnlyBad] = useState(false);
  const [isWhole, setWhole] = useState(false);
  const shown = connections
    .filter((connection) => fits(connection, search, words) && (!isOnlyBad || ['bad', 'busy'].includes(healthOf(connection))))
    .toSorted((a, b) => ORDER[healthOf(a)] - ORDER[healthOf(b)]);
  const rows = isWhole ? shown : shown.slice(0, Math.max(ROWS_FIRST, shown.filter((connection) => healthOf(connection) === 'bad').length));
  const columns = Object.entries(texts.columns);
  return (
    <Panel id="connections" title={texts.title} aside={<span class="quiet">{texts.shown(shown.length, connections.length)}</span>}>
      <div class="filters">
        <label>
          {texts.filter} <input type="search" placeholder={texts.filterHint} value={search} onInput={({ currentTarget }) => onSearch(currentTarget.value)} />
        </label>
        <label>
          <input type="checkbox" checked={isOnlyBad} onChange={({ currentTarget }) => setOnlyBad(currentTarget.checked)} /> {texts.onlyBad}
        </label>
      </div>
      {shown.length === 0 ? (
        <p class="quiet">{texts.none}</p>
      ) : (
        <table role="table" class="wide" aria-labelledby="connections-title">
          <thead role="rowgroup">
            <tr role="row">
              {columns.map(([name, title]) => (
                <th key={name} scope="col" role="columnheader">
                  {title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody role="rowgroup">
            {rows.map((connection, i) => (
              <Row
                key={`${keyOf(connection)} ${rows.slice(0, i).filter((other) => keyOf(other) === keyOf(connection)).length}`}
                connection={connection}
                now={now}
                words={words}
              />
            ))}
          </tbody>
        </table>
      )}
      {rows.length < shown.length && (
        <button type="button" class="more" onClick={() => setWhole(true)}>
          {texts.all(shown.length)}
        </button>
      )}
    </Panel>
  );
}

function keyOf({ role, pipeline, address }: ConnectionStatus): string {
  return `${role} ${pipeline} ${address}`;
}

function fits(connection: ConnectionStatus, search: string, words: Words): boolean {
  const { role, pipeline = '', address, state } = connection;
  const text = [role, words.roles[role], pipeline, address, state, words.states[state], words.health[healthOf(connection)]].join(' ').toLowerCase();
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

function Row({ connection, now, words }: { readonly connection: ConnectionStatus; readonly now: number; readonly words: Words }): JSX.Element {
  const { columns } = words.connections;
  const { duration, bytes } = words;
  const { role, pipeline = '', address, state, sinceAt, reconnects, idleMs, roundTripSmoothedMs, unansweredReplies, unansweredBytes, pingsLost } = connection;
  const health = healthOf(connection);
  const error = lastErrorOf(connection, now, words);
  const row = (
    <tr role="row" class={error === null ? health : `${health} has-error`} data-health={health}>
      <th scope="row" role="rowheader" data-label={columns.state}>
        <HealthMark health={health} /> {words.states[state] ?? state} <span class="quiet">{words.forTime(duration(Math.max(0, now - sinceAt)))}</span>
      </th>
      <td role="cell" data-label={columns.role}>
        {words.roles[role] ?? role}
        {pipeline !== '' && (
          <span class="quiet" title={pipeline}>
            {' '}
            {shortName(pipeline)}
          </span>
        )}
      </td>
      <td role="cell" data-label={columns.address} class="number">
        {address}
      </td>
      <td role="cell" data-label={columns.keepalive}>
        {keepaliveText(connection, words)}
        {pingsLost > 0 && <span class="bad"> {words.connections.lost(showCount(pingsLost))}</span>}
      </td>
      <td role="cell" data-label={columns.roundTrip} class="number">
        {roundTripSmoothedMs > 0 ? duration(roundTripSmoothedMs) : '–'}
      </td>
      <td role="cell" data-label={columns.reconnects} class={reconnects > 0 ? 'number some' : 'number'}>
        {reconnects}
      </td>
      <td role="cell" data-label={columns.idle} class="number">
        {duration(idleMs)}
      </td>
      <td role="cell" data-label={columns.unanswered} class="number">
        {unansweredReplies > 0 ? `${showCount(unansweredReplies)} · ${bytes(unansweredBytes)}` : '–'}
      </td>
    </tr>
  );
  if (error === null) return row;
  return (
    <>
      {row}
      <tr role="row" class={`${health} error`}>
        <td role="cell" colSpan={Object.keys(columns).length} class="why">
          {error}
        </td>
      </tr>
    </>
  );
}

/** While it is lost, and a minute longer. */
function lastErrorOf(connection: ConnectionStatus, now: number, { connections, duration }: Words): string | null {
  const { lastError } = connection;
  if (lastError === null || (healthOf(connection) === 'good' && backForMs(connection, now) < 0)) return null;
  return `${connections.lastError(duration(Math.max(0, now - lastError.at)))} ${lastError.code}: ${lastError.message}`;
}
