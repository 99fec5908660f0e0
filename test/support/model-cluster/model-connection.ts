/** A connection to a node of a model: what is sent waits until the model is told to carry it out; what is answered is answered at once. */
import { TypedEmitter } from '../../../src/async/typed-emitter.ts';
import { GodwitError } from '../../../src/errors/errors.ts';
import type { ConnectionEvents } from '../../../src/net/connection-options.ts';
import type { PendingCall, ReplyCollector } from '../../../src/net/reply-collector.ts';
import { type Reply, ReplyError } from '../../../src/resp/reply.ts';
import type { ModelReply } from './model-keyspace.ts';
import type { ModelNode, ModelServers, Session } from './model-node.ts';

interface Sent {
  readonly commands: readonly (readonly string[])[];
  readonly replies: ModelReply[];
  answer(replies: readonly ModelReply[]): void;
  lose(error: GodwitError): void;
}

export class ModelConnection {
  readonly events = new TypedEmitter<ConnectionEvents>((error) => {
    throw error;
  });
  readonly name: string;
  readonly node: ModelNode;
  generation = 0;
  isReady = false;
  server = { role: 'unknown', version: undefined, runId: '' };
  private static count = 0;
  private readonly number = ModelConnection.count++;
  private readonly cluster: ModelServers<ModelConnection>;
  private readonly queue: Sent[] = [];
  private session: Session = { asking: false, queued: undefined, isDirty: false };
  private isOver = false;

  constructor(cluster: ModelServers<ModelConnection>, node: ModelNode, name: string) {
    this.cluster = cluster;
    this.node = node;
    this.name = name;
    cluster.connections.add(this);
  }

  get endpoint(): { host: string; port: number } {
    return { host: 'node', port: this.node.port };
  }

  get address(): string {
    return `client${this.number}:${this.generation}`;
  }

  get waiting(): number {
    return this.queue.reduce((sum, { commands, replies }) => sum + commands.length - replies.length, 0);
  }

  connect(): Promise<void> {
    return this.ready();
  }

  /** Connects when it has to. */
  async ready(): Promise<void> {
    if (this.isReady) return;
    if (this.isOver) throw new GodwitError('CONNECTION_LOST', 'closed');
    this.session = { asking: false, queued: undefined, isDirty: false };
    this.generation++;
    this.isReady = true;
    this.server = { ...this.server, role: this.cluster.saysPrimary(this.node) ? 'primary' : 'replica' };
  }

  async call(...args: string[]): Promise<Reply> {
    const [reply] = await this.callAll([args]);
    if (reply instanceof ReplyError) throw reply;
    return reply;
  }

  callAll(commands: readonly (readonly (string | number)[])[]): Promise<Reply[]> {
    if (!this.isReady) return Promise.reject(new GodwitError('CONNECTION_LOST', 'not ready'));
    if (commands.length === 0) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      this.queue.push({ commands: commands.map((one) => one.map(String)), replies: [], answer: (replies) => resolve(replies as Reply[]), lose: reject });
    });
  }

  send(parts: readonly Uint8Array[], expect: readonly (ReplyCollector | PendingCall)[]): boolean {
    if (!this.isReady) throw new GodwitError('CONNECTION_LOST', 'not ready');
    const commands = parse(Buffer.concat(parts).toString('latin1'));
    const [collector] = expect as [ReplyCollector];
    if (collector.count !== commands.length) throw new Error(`${commands.length} commands, but ${collector.count} replies are expected`);
    const answer = (replies: readonly ModelReply[]): void => {
      for (const [i, reply] of replies.entries()) {
        if (reply instanceof ReplyError) collector.onError(i, -1, reply.text);
        if (Array.isArray(reply)) for (const [k, nested] of reply.entries()) if (nested instanceof ReplyError) collector.onError(i, k, nested.text);
      }
      collector.onDone();
    };
    this.queue.push({ commands, replies: [], answer, lose: (error) => collector.onLost(error) });
    return true;
  }

  drained(): Promise<void> {
    return Promise.resolve();
  }

  /** The node carries out so many of the commands that have come. */
  step(count: number): void {
    for (let left = count; left > 0 && this.queue.length > 0;) {
      const [sent] = this.queue;
      while (left-- > 0 && sent.replies.length < sent.commands.length) sent.replies.push(this.answerTo(sent.commands[sent.replies.length]));
      if (sent.replies.length < sent.commands.length || this.queue[0] !== sent) return;
      this.queue.shift();
      sent.answer(sent.replies);
    }
  }

  /** What has come and is not carried out is gone. It is connected again when it is asked for. */
  cut(): void {
    if (!this.isReady) return;
    this.isReady = false;
    const error = new GodwitError('CONNECTION_LOST', 'cut');
    for (const sent of this.queue.splice(0)) sent.lose(error);
    this.events.emit('lost', { error, idleMs: 0 });
  }

  close(): Promise<void> {
    this.isOver = true;
    this.isReady = false;
    this.cluster.connections.delete(this);
    for (const sent of this.queue.splice(0)) sent.lose(new GodwitError('CONNECTION_LOST', 'closed'));
    return Promise.resolve();
  }

  private answerTo(command: readonly string[]): ModelReply {
    const [name, what = '', ...rest] = command;
    if (name === 'INFO') {
      const { id, wasReplica } = this.cluster.history(this.node.shard);
      return `master_replid:${id}\r\nmaster_replid2:${(wasReplica ? '1' : '').padStart(40, '0')}\r\n`;
    }
    if (name === 'CLIENT' && what === 'LIST') return this.neighbours.map((one) => `addr=${one.address} name=${one.name}`).join('\n');
    if (name === 'CLIENT') {
      const found = this.neighbours.filter((one) => one !== this && one.address === rest[1]);
      for (const one of found) one.cut();
      return found.length;
    }
    return this.cluster.run(this.node, this.session, command);
  }

  private get neighbours(): ModelConnection[] {
    return [...this.cluster.connections].filter(({ node, isReady }) => node === this.node && isReady);
  }
}

function parse(text: string): string[][] {
  const commands: string[][] = [];
  for (let at = 0; at < text.length;) {
    let end = text.indexOf('\r\n', at);
    const count = Number(text.slice(at + 1, end));
    const words: string[] = [];
    at = end + 2;
    for (let i = 0; i < count; i++) {
      end = text.indexOf('\r\n', at);
      const length = Number(text.slice(at + 1, end));
      words.push(text.slice(end + 2, end + 2 + length));
      at = end + 2 + length + 2;
    }
    commands.push(words);
  }
  return commands;
}
