/** Commands that the target refused, one JSON object per line: nothing is thrown away without a trace. Keys and commands are base64, they may be any bytes. */
import { appendFile, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { GodwitError } from '../errors/errors.ts';

export interface DeadLetter {
  readonly offset: number;
  readonly database: number;
  readonly error: string;
  /** The command as RESP; of a line of jsonl that cannot be read, the line. */
  readonly command: Uint8Array;
  /** Of jsonl. */
  readonly line?: number;
}

export class DeadLetterFile {
  count = 0;
  readonly file: string;

  constructor(file: string) {
    this.file = file;
  }

  /** @throws SPOOL_FAILED when it cannot be written */
  async write(letters: readonly DeadLetter[]): Promise<void> {
    const lines = letters.map(({ command, ...facts }) =>
      JSON.stringify({ at: new Date().toISOString(), ...facts, command: Buffer.from(command).toString('base64') }),
    );
    try {
      await mkdir(path.dirname(this.file), { recursive: true, mode: 0o700 });
      await appendFile(this.file, `${lines.join('\n')}\n`, { mode: 0o600 });
    } catch (error) {
      throw new GodwitError('SPOOL_FAILED', `the dead-letter file ${this.file} cannot be written: ${String(error)}`, { cause: error });
    }
    this.count += letters.length;
  }
}
