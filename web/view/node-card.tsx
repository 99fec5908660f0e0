/** A server of the picture, with its connections: each in a line where there is room, as squares of their state otherwise; those that are lost always in words. */
import type { JSX } from 'preact';
import type { ConnectionStatus } from '../../src/observe/job-status.ts';
import { healthOf } from '../judge/health.ts';
import { shortName } from '../judge/short-name.ts';
import { type PictureNode, nodeId } from '../judge/topology.ts';
import type { Words } from '../words/en.ts';
import { HealthMark } from './health-mark.tsx';
import { keepaliveText } from './keepalive-text.ts';
import { useWords } from './page-words.ts';

const LINES_MAX = 4;
const BAD_LINES_MAX = 3;

interface NodeCardProps {
  readonly node: PictureNode;
  readonly isDetailed: boolean;
  readonly isSlowest: boolean;
  readonly onShow: (address: string) => void;
}

export function NodeCard({ node, isDetailed, isSlowest, onShow }: NodeCardProps): JSX.Element {
  const words = useWords();
  const { picture, duration } = words;
  const { address, server, connections, health, roundTripMs } = node;
  const asLines = isDetailed && connections.length <= LINES_MAX;
  const wires = asLines ? connections : connections.filter((connection) => healthOf(connection) === 'bad').slice(0, BAD_LINES_MAX);
  const show = (): void => {
    onShow(address);
    document.querySelector('#connections')?.scrollIntoView({ block: 'start' });
  };
  return (
    <li class={`card node ${health}`} data-node={nodeId(node.side, address)}>
      <div class="node-head">
        <HealthMark health={health} />
        <span class="hidden">{words.health[health]}</span>
        {connections.length === 0 ? (
          <span class="name">{address}</span>
        ) : (
          <button type="button" class="plain name" aria-label={`${address}: ${picture.show}`} title={picture.show} onClick={show}>
            {address}
          </button>
        )}
        {isSlowest && <span class="tag">{picture.slowest}</span>}
        <span class="quiet">{server}</span>
        {roundTripMs > 0 && <span class="quiet number">{picture.answers(duration(roundTripMs))}</span>}
        {!asLines && <Squares connections={connections} words={words} />}
      </div>
      {wires.length > 0 && (
        <ul class="wires">
          {wires.map((connection, i) => (
            <Wire key={i} connection={connection} words={words} />
          ))}
        </ul>
      )}
    </li>
  );
}

function Wire({ connection, words }: { readonly connection: ConnectionStatus; readonly words: Words }): JSX.Element {
  const { role, state, reconnects, pipeline = '', lastError } = connection;
  const health = healthOf(connection);
  return (
    <li class={health}>
      <HealthMark health={health} /> {words.roles[role] ?? role}
      {pipeline !== '' && ` ${shortName(pipeline)}`} · <strong>{words.states[state] ?? state}</strong>
      <span class="quiet">
        {' '}
        {words.connections.columns.keepalive} {keepaliveText(connection, words)}
        {reconnects > 0 && ` · ${words.connections.columns.reconnects} ${reconnects}`}
      </span>
      {health === 'bad' && lastError !== null && <span class="why"> {lastError.message}</span>}
    </li>
  );
}

function Squares({ connections, words }: { readonly connections: readonly ConnectionStatus[]; readonly words: Words }): JSX.Element {
  const well = connections.filter((connection) => ['good', 'idle'].includes(healthOf(connection))).length;
  return (
    <span class="squares">
      <span aria-hidden="true">
        {connections.map((connection, i) => (
          <i key={i} class={healthOf(connection)} title={`${connection.role} ${connection.pipeline ?? ''} ${connection.state}`} />
        ))}
      </span>
      <span class={well === connections.length ? 'hidden' : 'quiet'}>{words.picture.connectionsOf(well, connections.length)}</span>
    </span>
  );
}
