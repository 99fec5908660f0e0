/**
 * Dead letters of rules and functions. After a break what is behind the mark comes again, and so do its letters: those up to the offset that was written last
 * are passed over. Another run does not know of them: it may write some a second time.
 */
import type { DeadLetter, DeadLetterFile } from '../../target/dead-letter.ts';

export class LettersOnce {
  private readonly file: DeadLetterFile;
  private written = new Map<string, number>();

  constructor(file: DeadLetterFile) {
    this.file = file;
  }

  /** @param log that the offsets belong to. @throws SPOOL_FAILED */
  async write(log: string, letters: readonly DeadLetter[]): Promise<void> {
    if (letters.length === 0) return;
    const until = this.written.get(log) ?? -1;
    const news = letters.filter(({ offset }) => offset > until);
    if (news.length === 0) return;
    await this.file.write(news);
    this.written.set(log, Math.max(...news.map(({ offset }) => offset)));
  }
}
