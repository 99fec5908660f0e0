/** Server-sent events as they come: `id`, `event` and `data` of each; comments and `retry` are passed over. */
import type { IncomingMessage } from 'node:http';

export interface StreamFrame {
  readonly id: string | undefined;
  readonly event: string;
  readonly data: string;
}

export async function* readEventStream(answer: IncomingMessage): AsyncGenerator<StreamFrame> {
  let text = '';
  answer.setEncoding('utf8');
  for await (const chunk of answer) {
    text += String(chunk);
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const fields = new Map(
        text
          .slice(0, end)
          .split('\n')
          .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trimStart()] as const),
      );
      text = text.slice(end + 2);
      if (fields.has('data')) yield { id: fields.get('id'), event: fields.get('event') ?? 'message', data: fields.get('data') ?? '' };
    }
  }
}
