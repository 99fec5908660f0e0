/** One node of a test cluster: the server, its id, and what it says of the cluster. */
import type { Redis } from 'ioredis';
import type { RealServer } from '../server.ts';

/** What one node thinks, in a form that can be compared. */
export interface MemberView {
  /** cluster_state:ok. */
  readonly ok: boolean;
  /** Owner and slots of every node that has some. */
  readonly owners: string;
  /** Of a replica whether its link is up; true of a primary. */
  readonly linkUp: boolean;
}

export class ClusterMember {
  readonly server: RealServer;
  /** The number of the shard that it was made for. */
  readonly shard: number;
  id = '';
  private readonly client: Redis;

  constructor(server: RealServer, shard: number) {
    this.server = server;
    this.shard = shard;
    this.client = server.client();
  }

  /** Waits for a server that was killed to be there again; ask server.running first. */
  call(command: string, ...args: (string | number)[]): Promise<unknown> {
    return this.client.call(command, ...args);
  }

  async learnId(): Promise<void> {
    this.id = String(await this.call('CLUSTER', 'MYID'));
  }

  info(section: string): Promise<string> {
    return this.client.info(section);
  }

  async role(): Promise<'primary' | 'replica'> {
    const [role] = (await this.call('ROLE')) as [string];
    return role === 'master' ? 'primary' : 'replica';
  }

  /** Lines of CLUSTER NODES, by their columns. */
  async nodeLines(): Promise<string[][]> {
    return String(await this.call('CLUSTER', 'NODES'))
      .trim()
      .split('\n')
      .map((line) => line.split(' '));
  }

  /** How many nodes it knows and is through with the handshake of, and has a link to. */
  async acquainted(): Promise<number> {
    return (await this.nodeLines()).filter(([, , flags, , , , , link]) => !/handshake|noaddr|fail/.test(flags) && link === 'connected').length;
  }

  async ownEpoch(): Promise<number> {
    return Number((await this.nodeLines()).find(([, , flags]) => flags.startsWith('myself'))?.[6]);
  }

  async ownerOfSlot(slot: number): Promise<string | undefined> {
    return (await this.nodeLines()).find(([, , , , , , , , ...slots]) => slots.some((span) => isIn(span, slot)))?.[0];
  }

  async view(): Promise<MemberView> {
    const [info, lines, replication] = await Promise.all([this.call('CLUSTER', 'INFO'), this.nodeLines(), this.info('replication')]);
    // What is on its way only the two ends say, and a node that was killed meanwhile may go on saying it.
    const owned = (slots: readonly string[]): string => slots.filter((span) => !span.startsWith('[')).join(' ');
    const owners = lines.filter((line) => line.length > 8 && !line[2].includes('slave')).map(([id, , , , , , , , ...slots]) => `${id} ${owned(slots)}`);
    return {
      ok: String(info).includes('cluster_state:ok'),
      owners: owners.toSorted().join('\n'),
      linkUp: !replication.includes('role:slave') || replication.includes('master_link_status:up'),
    };
  }
}

function isIn(span: string, slot: number): boolean {
  if (span.startsWith('[')) return false;
  const [first, last = first] = span.split('-').map(Number);
  return slot >= first && slot <= last;
}
