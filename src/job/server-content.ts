/**
 * What a source holds now, whatever its topology, as one FileSource: its snapshots, or, where it hides replication, its keys one by one. The places of the source are
 * read one after the other, each when the one before has ended.
 */
import type { SourceConfig } from '../config/load-source-config.ts';
import type { ScanConfig } from '../config/scan-config.ts';
import type { ServerVersion } from '../model/server-version.ts';
import { Connection } from '../net/connection.ts';
import { KeepaliveWheel } from '../net/keepalive-wheel.ts';
import type { Logger } from '../observe/log.ts';
import { ScanSteps } from '../pipeline/scan-steps.ts';
import { ChainedSource } from '../source/file/chained-source.ts';
import type { FileSource } from '../source/file/file-source.ts';
import { ScanSource } from '../source/scan/scan-source.ts';
import type { SourcePlace } from './job-source.ts';
import { type LiveSource, openLiveSource } from './live-source.ts';
import { lookForSource } from './open-sides.ts';

const FIRST_ATTEMPTS = 3;

export type ServerContentConfig = Pick<
  SourceConfig,
  'sourceSide' | 'otherSources' | 'preferReplica' | 'keepalive' | 'reconnect' | 'psyncCommands' | 'ownPrefix'
> & {
  /** null: by its snapshot. */
  readonly scan: ScanConfig | null;
};

/** @throws GodwitError of the connection, WRONG_TOPOLOGY, PERMISSION_DENIED, PSYNC_REFUSED, SOURCE_NOT_READY */
export async function openServerContent(config: ServerContentConfig, log: Logger, clientName: string): Promise<LiveSource> {
  const wheel = new KeepaliveWheel();
  const first = { attemptsMax: config.reconnect.attemptsMax || FIRST_ATTEMPTS, patient: false };
  const source = await lookForSource({ config, runName: clientName, wheel, log }, first);
  const opened: LiveSource[] = [];
  const close = async (): Promise<void> => {
    await Promise.all([...opened.map((one) => one.close()), source.close()]);
  };
  try {
    await source.start();
    const open = async (place: SourcePlace): Promise<FileSource> => {
      const live =
        config.scan === null ? await openLiveSource({ ...config, source: place.endpoint }, log, clientName) : await openScan(config, config.scan, place);
      opened.push(live);
      return live.source;
    };
    const openScan = (from: ServerContentConfig, scan: ScanConfig, place: SourcePlace): Promise<LiveSource> =>
      scanned(place, scan, from.ownPrefix, (role) => {
        const { keepalive, reconnect } = from;
        return new Connection({ role, endpoint: place.endpoint, clientName: `${clientName}:${role.replace(' ', '-')}`, keepalive, reconnect, wheel, log });
      });
    const [place, ...others] = source.places;
    const chained = new ChainedSource(
      source.address,
      await open(place),
      others.map((other) => () => open(other)),
    );
    return { source: chained, version: opened[0].version, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function scanned(place: SourcePlace, scan: ScanConfig, ownPrefix: string, open: (role: string) => Connection): Promise<LiveSource> {
  const prefix = Buffer.from(`${ownPrefix}:`);
  const source = new ScanSource({
    // Nothing is followed: what the file says is what was there.
    scan: { ...scan, notifications: false },
    open: (role) => open(role),
    isClusterNode: place.isClusterNode,
    evictsBy: undefined,
    wantsKey: (_database, bytes, start, end) => !prefix.equals(bytes.subarray(start, Math.min(end, start + prefix.length))),
    onEvent: () => {},
  });
  await source.start(null);
  const version: ServerVersion | undefined = source.version;
  return { source: new ScanSteps(source), version, close: () => source.close() };
}
