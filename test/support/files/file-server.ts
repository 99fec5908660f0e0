/** A web server with one file at every path, whose faults can be set while it runs. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FileServerFaults {
  /** False: Range is not known here. */
  givesParts?: boolean;
  /** The connection breaks after so many bytes of each answer. */
  breakAfterBytes?: number;
  /** Nothing comes after so many bytes of an answer, and the connection stays. */
  stallAfterBytes?: number;
  /** Answers with this status and these headers instead. */
  answer?: (request: IncomingMessage) => { readonly status: number; readonly headers?: Record<string, string> } | null;
}

export class FileServer {
  /** Range of each request, '' for none. */
  readonly ranges: string[] = [];
  readonly authorizations: string[] = [];
  faults: FileServerFaults = {};
  file: Uint8Array;
  private readonly server: Server;

  /** @param file what is served; it can be another one later */
  static async start(file: Uint8Array): Promise<FileServer> {
    const server = new FileServer(file);
    server.server.listen(0, '127.0.0.1');
    await once(server.server, 'listening');
    return server;
  }

  private constructor(file: Uint8Array) {
    this.file = file;
    this.server = createServer((request, answer) => this.serve(request, answer));
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private serve(request: IncomingMessage, answer: ServerResponse): void {
    const { givesParts = true, breakAfterBytes, stallAfterBytes } = this.faults;
    this.ranges.push(request.headers.range ?? '');
    this.authorizations.push(request.headers.authorization ?? '');
    const instead = this.faults.answer?.(request);
    if (instead) {
      answer.writeHead(instead.status, instead.headers).end();
      return;
    }
    const etag = `"${createHash('sha1').update(this.file).digest('hex')}"`;
    const isSame = request.headers['if-range'] === undefined || request.headers['if-range'] === etag;
    const from = givesParts && isSame ? Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0) : 0;
    if (from >= this.file.length && from > 0) {
      answer.writeHead(416, { 'content-range': `bytes */${this.file.length}` }).end();
      return;
    }
    const body = this.file.subarray(from);
    const part = from > 0 ? { 'content-range': `bytes ${from}-${this.file.length - 1}/${this.file.length}` } : {};
    answer.writeHead(from > 0 ? 206 : 200, { 'content-length': body.length, etag, ...(givesParts ? { 'accept-ranges': 'bytes' } : {}), ...part });
    const limit = breakAfterBytes ?? stallAfterBytes;
    if (limit === undefined || limit >= body.length) answer.end(body);
    else answer.write(body.subarray(0, limit), () => breakAfterBytes !== undefined && answer.destroy());
  }
}
