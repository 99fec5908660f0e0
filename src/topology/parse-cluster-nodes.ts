/**
 * CLUSTER NODES, of all versions.
 *
 *   line     = id SP address SP flags SP ( primary-id | "-" ) SP ping SP pong SP config-epoch SP link { SP slots }
 *   address  = [ ip ] ":" port [ "@" bus-port ] { "," ( hostname | name "=" value ) }     ip: IPv6 has no brackets; empty = does not know its own
 *   flags    = flag { "," flag }        myself master slave fail fail? handshake noaddr nofailover noflags
 *   slots    = first [ "-" last ] | "[" slot "->-" id "]" | "[" slot "-<-" id "]"          the bracketed ones only of the node that was asked
 *
 * A line that is not of this form is left out. The port is that for connections of the kind that asked, but always the TLS port on Redis 6 with
 * tls-cluster.
 */
import { BLANK_NODE, type NodeView } from './node-view.ts';
import { countOf, hostText, portNumber, slotRange } from './slot-text.ts';

const NODE_ID = /^[0-9a-f]{40}$/;

export function parseClusterNodes(text: string): NodeView[] {
  return text.split('\n').flatMap((line) => {
    const node = parseLine(line.trim().split(' '));
    return node === undefined ? [] : [node];
  });
}

function parseLine([id, address, flagText, primaryId, , , epoch, , ...slots]: readonly string[]): NodeView | undefined {
  if (id === undefined || !NODE_ID.test(id) || flagText === undefined) return undefined;
  const flags = new Set(flagText.split(','));
  const place = parseAddress(address);
  const isReplica = flags.has('slave') || flags.has('replica');
  return {
    ...BLANK_NODE,
    ...place,
    id,
    role: isReplica ? 'replica' : 'primary',
    primaryId: isReplica && NODE_ID.test(primaryId) ? primaryId : undefined,
    health: flags.has('fail') ? 'failed' : flags.has('fail?') ? 'suspected' : 'online',
    hasAddress: place.port > 0 && !flags.has('noaddr') && !flags.has('handshake'),
    configEpoch: countOf(epoch),
    slots: slots.flatMap((span) => parseSpan(span) ?? []),
    moving: slots.flatMap((span) => parseMoving(span) ?? []),
  };
}

function parseAddress(text: string): Pick<NodeView, 'ip' | 'port' | 'hostname' | 'shardId' | 'tlsPort'> {
  const [hostPort, ...rest] = text.split(',');
  const place = hostPort.split('@', 1)[0];
  const colon = place.lastIndexOf(':');
  const named = new Map(rest.filter((part) => part.includes('=')).map((part) => [part.slice(0, part.indexOf('=')), part.slice(part.indexOf('=') + 1)]));
  return {
    ip: hostText(place.slice(0, Math.max(0, colon))),
    port: portNumber(place.slice(colon + 1)),
    hostname: hostText(rest.find((part) => !part.includes('='))),
    shardId: named.get('shard-id') ?? '',
    tlsPort: portNumber(named.get('tls-port')),
  };
}

function parseSpan(span: string): NodeView['slots'] | undefined {
  const found = /^(\d+)(?:-(\d+))?$/.exec(span);
  const range = found && slotRange(Number(found[1]), Number(found[2] ?? found[1]));
  return range ? [range] : undefined;
}

function parseMoving(span: string): NodeView['moving'] | undefined {
  const found = /^\[(\d+)-([<>])-([0-9a-f]{40})\]$/.exec(span);
  if (!found || !slotRange(Number(found[1]), Number(found[1]))) return undefined;
  return [{ slot: Number(found[1]), otherId: found[3], direction: found[2] === '>' ? 'to' : 'from' }];
}
