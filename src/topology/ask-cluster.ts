/** Asks one node for all that it knows of its cluster, in one round trip; two where CLUSTER NODES is refused. */
import { GodwitError } from '../errors/errors.ts';
import { atLeast } from '../model/server-version.ts';
import type { OpenConnection } from '../net/connection-options.ts';
import { type NodeName, nodeText, replyFailure } from '../net/reply-errors.ts';
import { type Reply, ReplyError } from '../resp/reply.ts';
import { mergeViews } from './merge-views.ts';
import type { ClusterView, NodeView } from './node-view.ts';
import { parseClusterNodes } from './parse-cluster-nodes.ts';
import { parseClusterShards } from './parse-cluster-shards.ts';
import { parseClusterSlots } from './parse-cluster-slots.ts';
import { countOf } from './slot-text.ts';

export interface ClusterAnswer extends ClusterView {
  /** `cluster-databases` of Valkey 9; 1 where there is no such thing or CONFIG is refused. */
  readonly databases: number;
}

/** Longest text that a node may answer with: CLUSTER NODES of a thousand nodes whose slots are all apart is 2 MB. */
export const CLUSTER_REPLY_BYTES_MAX = 16 * 1024 * 1024;

/** @throws WRONG_TOPOLOGY (no cluster), PERMISSION_DENIED, PROTOCOL_ERROR, CONNECTION_*, *_NOT_READY */
export async function askCluster(connection: OpenConnection, node: NodeName): Promise<ClusterAnswer> {
  const { version } = connection.server;
  const hasShards = version === undefined || version.product === 'valkey' || atLeast(version, 7);
  const [nodes, info, databases, shards] = await connection.callAll([
    ['CLUSTER', 'NODES'],
    ['CLUSTER', 'INFO'],
    ['CONFIG', 'GET', 'cluster-databases'],
    ...(hasShards ? [['CLUSTER', 'SHARDS']] : []),
  ]);
  const views = await viewsOf(connection, node, nodes, shards ?? null);
  if (views.length === 0) throw new GodwitError('PROTOCOL_ERROR', `${nodeText(node)} names no nodes of its cluster`);
  const infoText = textOf(info);
  return {
    nodes: views,
    currentEpoch: countOf(/^cluster_current_epoch:(\d+)/m.exec(infoText)?.[1]),
    // Refused: then the slots alone tell.
    stateOk: !/^cluster_state:(?!ok)/m.test(infoText),
    databases: Array.isArray(databases) && databases.length >= 2 ? Math.max(1, countOf(String(databases[1]))) : 1,
  };
}

async function viewsOf(connection: OpenConnection, node: NodeName, nodes: Reply, shards: Reply): Promise<readonly NodeView[]> {
  const more = shards instanceof ReplyError ? [] : parseClusterShards(shards);
  if (!(nodes instanceof ReplyError)) return mergeViews(parseClusterNodes(textOf(nodes)), more);
  if (/cluster support disabled|unknown command/i.test(nodes.text)) {
    throw new GodwitError('WRONG_TOPOLOGY', `${nodeText(node)} is not a node of a cluster`, {
      fix: 'Give it as a standalone server, or give the nodes of a cluster.',
    });
  }
  if (more.length > 0) return more;
  const [slots] = await connection.callAll([['CLUSTER', 'SLOTS']]);
  if (!(slots instanceof ReplyError)) return parseClusterSlots(slots);
  nodes.command = 'CLUSTER NODES';
  throw replyFailure(nodes, node);
}

function textOf(reply: Reply): string {
  return Buffer.isBuffer(reply) || typeof reply === 'string' ? String(reply) : '';
}
