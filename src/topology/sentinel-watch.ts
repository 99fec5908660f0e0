/**
 * One sentinel: a connection to ask over and one that hears of its switches. Both stay, come back by themselves and are kept alive; that one of them is gone
 * matters to nobody as long as another sentinel answers.
 */
import { GodwitError } from '../errors/errors.ts';
import { type Endpoint, endpointName } from '../model/endpoint.ts';
import type { Connection } from '../net/connection.ts';
import { nodeText, replyFailure } from '../net/reply-errors.ts';
import type { ConnectionStatus } from '../observe/job-status.ts';
import { type Reply, ReplyError } from '../resp/reply.ts';
import type { DiscoveryOptions } from './cluster-api.ts';
import { discoveryConnection } from './discovery-connection.ts';
import type { WatchedReplica } from './sentinel-api.ts';
import { parseConfigEpoch, parseNames, parsePrimaryAddress, parseReplicas, parseSentinels, parseSwitch, type SentinelAddress } from './sentinel-replies.ts';

/** All that one sentinel says of the primary. */
export interface SentinelWord {
  readonly sentinel: Endpoint;
  /** Undefined: it does not know the name. */
  readonly primary: SentinelAddress | undefined;
  readonly configEpoch: number;
  readonly replicas: readonly WatchedReplica[];
  readonly sentinels: readonly SentinelAddress[];
  /** That it knows; only where the name is not among them. */
  readonly names: readonly string[];
}

/**
 * A sentinel ends idle connections like any server when its file says `timeout`, but has no CONFIG GET to read it with; only subscribers are exempt
 * (measured on Redis 7.0: with `timeout 2` a connection that asks every 10 s is closed). So it hears from us this often, unless it was to be more often.
 */
const KEEPALIVE_MS = 500;
const REPLY_BYTES_MAX = 1024 * 1024;

export class SentinelWatch {
  readonly endpoint: Endpoint;
  private readonly name: string;
  private readonly asking: Connection;
  private readonly hearing: Connection;
  /** What ended its connections for good. */
  private ended: unknown;

  /** @param onSwitch it has told of another primary of this name, or may have while it was not heard */
  constructor(options: DiscoveryOptions, endpoint: Endpoint, name: string, onSwitch: () => void) {
    this.endpoint = endpoint;
    this.name = name;
    const keepalive = { ...options.keepalive, intervalMs: Math.min(options.keepalive.intervalMs || KEEPALIVE_MS, KEEPALIVE_MS) };
    const own = { ...options, keepalive, reconnect: { ...options.reconnect, attemptsMax: 0 } };
    const more = { bulkReplyBytesMax: REPLY_BYTES_MAX };
    this.asking = discoveryConnection(own, endpoint, { ...more, role: `${options.role} sentinel` });
    this.hearing = discoveryConnection(own, endpoint, {
      ...more,
      role: `${options.role} sentinel events`,
      onMessage: (reply) => this.heard(reply, onSwitch),
      onRestore: async (connection) => {
        await connection.call('SUBSCRIBE', '+switch-master');
        onSwitch();
      },
    });
  }

  open(): void {
    const ended = (error: unknown): void => void (this.ended ??= error);
    this.asking.connect().catch(ended);
    this.hearing.connect().catch(ended);
  }

  /** @throws WRONG_TOPOLOGY (no sentinel), CONNECT_FAILED, AUTH_*, PERMISSION_DENIED, CONNECTION_* */
  async ask(timeoutMs: number): Promise<SentinelWord> {
    if (!this.asking.isReady) await this.untilReady(timeoutMs);
    const { asking, name } = this;
    const node = { role: asking.status().role, address: endpointName(this.endpoint) };
    if (asking.server.mode !== 'sentinel' && asking.server.role !== 'sentinel') {
      throw new GodwitError('WRONG_TOPOLOGY', `${nodeText(node)} is not a sentinel`, {
        fix: 'Give the addresses of the sentinels (their port is often 26379).',
      });
    }
    const [address, primary, replicas, sentinels] = await asking.callAll([
      ['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name],
      ['SENTINEL', 'MASTER', name],
      ['SENTINEL', 'REPLICAS', name],
      ['SENTINEL', 'SENTINELS', name],
    ]);
    if (address instanceof ReplyError) {
      address.command = 'SENTINEL GET-MASTER-ADDR-BY-NAME';
      throw replyFailure(address, node);
    }
    const found = parsePrimaryAddress(address);
    return {
      sentinel: this.endpoint,
      primary: found,
      configEpoch: parseConfigEpoch(primary),
      replicas: parseReplicas(replicas),
      sentinels: parseSentinels(sentinels),
      names: found ? [] : parseNames((await asking.callAll([['SENTINEL', 'MASTERS']]))[0]),
    };
  }

  connections(): ConnectionStatus[] {
    return [this.asking.status(), this.hearing.status()];
  }

  async close(): Promise<void> {
    await Promise.all([this.asking.close(), this.hearing.close()]);
  }

  private heard(reply: Reply, onSwitch: () => void): boolean {
    if (!Array.isArray(reply) || String(reply[0]) !== 'message') return false;
    if (parseSwitch(reply)?.name === this.name) onSwitch();
    return true;
  }

  private async untilReady(timeoutMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(this.notReached(timeoutMs)), timeoutMs);
    });
    try {
      await Promise.race([this.asking.ready(), late]);
    } catch (error) {
      throw this.ended ?? error;
    } finally {
      clearTimeout(timer);
    }
  }

  private notReached(timeoutMs: number): GodwitError {
    const { lastError, address } = this.asking.status();
    return new GodwitError('CONNECT_FAILED', lastError?.message ?? `the sentinel ${address} does not answer within ${timeoutMs} ms`);
  }
}
