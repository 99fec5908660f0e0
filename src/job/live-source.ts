/**
 * A running server as a FileSource: its snapshot, read once, straight from the socket. A second connection asks who it is and, while nothing comes, whether
 * it still saves. It cannot be resumed: another snapshot is another moment.
 */
import type { SourceConfig } from '../config/load-source-config.ts';
import { GodwitError } from '../errors/errors.ts';
import { endpointName } from '../model/endpoint.ts';
import type { ServerVersion } from '../model/server-version.ts';
import { Connection } from '../net/connection.ts';
import { KeepaliveWheel } from '../net/keepalive-wheel.ts';
import type { Logger } from '../observe/log.ts';
import type { FileSource } from '../source/file/file-source.ts';
import { RdbFileSource } from '../source/rdb/rdb-file-source.ts';
import { psyncNames } from '../source/replica/psync-names.ts';
import { openLiveSnapshot } from '../source/replica/live-snapshot.ts';
import { checkSourceRights } from './check-rights.ts';
import { SourceWatch } from './source-watch.ts';

const FIRST_ATTEMPTS = 3;
const LOOK_EVERY_MS = 1_000;

export type LiveSourceConfig = Pick<SourceConfig, 'source' | 'keepalive' | 'reconnect' | 'ownPrefix' | 'psyncCommands'>;

export interface LiveSource {
  readonly source: FileSource;
  readonly version: ServerVersion | undefined;
  /** Ends the connections; the source's own close() leaves the control connection. */
  close(): Promise<void>;
}

/** @throws GodwitError of the connection, WRONG_TOPOLOGY, PERMISSION_DENIED, PSYNC_REFUSED, SOURCE_NOT_READY */
export async function openLiveSource(config: LiveSourceConfig, log: Logger, clientName: string): Promise<LiveSource> {
  const { source: endpoint, keepalive, reconnect, ownPrefix } = config;
  const psyncName = psyncNames(config.psyncCommands)(endpoint);
  const control = new Connection({ role: 'source control', endpoint, clientName, keepalive, reconnect, wheel: new KeepaliveWheel(), log });
  let timer: NodeJS.Timeout | undefined;
  const close = async (): Promise<void> => {
    clearInterval(timer);
    await control.close();
  };
  try {
    await control.connect({ attemptsMax: reconnect.attemptsMax || FIRST_ATTEMPTS, patient: false });
    if (control.server.mode === 'sentinel' || control.server.role === 'sentinel') {
      throw new GodwitError('WRONG_TOPOLOGY', `source ${endpointName(endpoint)} is a sentinel, not a server with data`);
    }
    await checkSourceRights(control, endpoint, psyncName);
    const watch = new SourceWatch(control);
    await watch.begin();
    timer = setInterval(() => void watch.ask('receiving-rdb'), LOOK_EVERY_MS);
    const { version } = control.server;
    const input = await openLiveSnapshot({
      endpoint,
      connectTimeoutMs: reconnect.connectTimeoutMs,
      psyncName,
      serverVersion: version?.text ?? '',
      silenceMaxMs: (receivedMs) => watch.silenceMaxMs(receivedMs),
    });
    return { source: new RdbFileSource(input, { hiddenKeyPrefix: Buffer.from(`${ownPrefix}:`) }), version, close };
  } catch (error) {
    await close();
    throw error;
  }
}
