/**
 * The live view as text: a pure function of the job's status, the last events, and the size of the terminal. Every line is cut to the
 * width before colour is added, so that no line ever wraps. Texts of servers are stripped of control characters: they cannot move the cursor.
 */
import type { KeepaliveReason } from '../observe/keepalive-reason.ts';
import type { JobEvent } from '../observe/job-api.ts';
import type { ConnectionStatus, JobPhase, JobStatus, PipelineStatus } from '../observe/job-status.ts';
import { showBytes, showCount, showDuration, showPercent } from './format-quantity.ts';

export interface ViewOptions {
  /** Columns of the terminal. */
  readonly width: number;
  readonly color: boolean;
  /** Newest last. */
  readonly events?: readonly JobEvent[];
  /** Unix milliseconds. */
  readonly now?: number;
  /** Lines at most; what does not fit is left out from the end. */
  readonly height?: number;
}

type Style = 'plain' | 'bold' | 'dim' | 'good' | 'busy' | 'bad';
type Span = readonly [text: string, style?: Style];
type Line = readonly Span[];

const STYLE_CODES: Record<Style, string> = { plain: '', bold: '1', dim: '2', good: '32', busy: '33', bad: '31' };
const PHASE_STYLES: Partial<Record<JobPhase, Style>> = { failed: 'bad', draining: 'busy', 'incremental-sync': 'good', stopped: 'dim' };
const STATE_STYLES: Record<string, Style> = { ready: 'good', streaming: 'good', closed: 'dim', idle: 'dim', stopped: 'dim', 'backing-off': 'bad' };
const LABEL_WIDTH = 11;
const WIDE_COLUMNS = 120;
const BAR_WIDTH_MAX = 40;
const SHARD_LINES_MAX = 12;
const BAD_CONNECTIONS_MAX = 6;

/** The lines of the view, joined by line feeds, without one at the end. */
export function renderView(status: JobStatus, options: ViewOptions): string {
  const now = options.now ?? Date.now();
  const isLoad = status.load !== undefined;
  const lines: Line[] = [
    headLine(status, now),
    serverLine(isLoad ? 'file' : 'source', status.source),
    serverLine('target', status.target),
    fullSyncLine(status, options.width),
    keysLine(status),
    ...changesLines(status),
    ...(isLoad ? [] : [lagLine(status), spoolLine(status)]),
    ...shardLines(status.pipelines),
    ...allConnections(status, options.width, now),
    ...lossLines(status),
    ...errorLines(status),
    ...(options.events ?? []).map(eventLine),
  ];
  return lines
    .slice(0, options.height ?? lines.length)
    .map((line) => paint(line, options))
    .join('\n');
}

function label(text: string): Span {
  return [text.padEnd(LABEL_WIDTH), 'dim'];
}

function headLine(status: JobStatus, now: number): Line {
  const since = showDuration(Math.max(0, now - status.phaseSinceAt));
  const phase: Span = [status.phase, PHASE_STYLES[status.phase] ?? 'busy'];
  const paused: Line = status.paused ? [['paused', 'bad'], ['  ']] : [];
  return [[`godwit ${status.version}`, 'bold'], ['  '], phase, [` for ${since}  `], ...paused, [`job ${status.job}`, 'dim']];
}

function serverLine(name: string, server: JobStatus['source']): Line {
  return [label(name), [server.address, 'bold'], [`  ${server.server}`]];
}

function fullSyncLine(status: JobStatus, width: number): Line {
  const { bytesTotal, bytesReceived, bytesApplied, progress, timeLeftMs } = status.fullSync;
  const left = timeLeftMs >= 0 && progress < 1 ? `  ${showDuration(timeLeftMs)} left` : '';
  const received = bytesReceived > bytesApplied ? `  ${showBytes(bytesReceived)} received` : '';
  const name = label(status.load === undefined ? 'full sync' : 'loaded');
  const waiting = waitsFor(status.pipelines);
  if (waiting !== undefined && bytesReceived <= 0) return [name, [waiting]];
  if (progress < 0) return [name, [`${showBytes(bytesApplied)} applied${received}  size unknown`]];
  const cells = Math.max(10, Math.min(BAR_WIDTH_MAX, width - LABEL_WIDTH - 45));
  const filled = Math.min(cells, Math.floor(progress * cells));
  const total = bytesTotal >= 0 ? ` of ${showBytes(bytesTotal)}` : '';
  return [
    name,
    ['['],
    ['#'.repeat(filled), 'good'],
    [`${'.'.repeat(cells - filled)}] `],
    [showPercent(progress), 'bold'],
    [`${left}  ${showBytes(bytesApplied)}${total}${width >= WIDE_COLUMNS ? received : ''}`],
  ];
}

/** Before the first byte of the first snapshot. */
function waitsFor(pipelines: readonly PipelineStatus[]): string | undefined {
  if (pipelines.length === 0 || pipelines.some(({ fullSync }) => fullSync.waitsFor === null)) return undefined;
  return "waiting for the source's snapshot";
}

/** One line for each of several; the bound is on lines, and those that lag most come first where they do not fit. */
function shardLines(pipelines: readonly PipelineStatus[]): Line[] {
  if (pipelines.length < 2) return [];
  const shown = pipelines.length <= SHARD_LINES_MAX ? pipelines : pipelines.toSorted((a, b) => b.lagBytes - a.lagBytes).slice(0, SHARD_LINES_MAX);
  const lines = shown.map(shardLine);
  return shown.length === pipelines.length ? lines : [...lines, [label(''), [`and ${pipelines.length - shown.length} more`, 'dim']]];
}

function shardLine({ source, fullSync, phase, lagBytes, link }: PipelineStatus): Line {
  const waits = { turn: 'waiting for its turn', snapshot: 'waiting for its snapshot' };
  const progress = fullSync.progress < 0 ? `${showBytes(fullSync.bytesApplied)} applied` : showPercent(fullSync.progress);
  const doing = phase === 'incremental-sync' ? `lag ${showBytes(lagBytes)}` : fullSync.waitsFor === null ? `full sync ${progress}` : waits[fullSync.waitsFor];
  return [label('shard'), [source.address, 'bold'], ['  '], [link.state, STATE_STYLES[link.state] ?? 'busy'], [`  ${doing}`]];
}

function keysLine(status: JobStatus): Line {
  const { keysApplied, keysSkipped } = status.fullSync;
  const { rate } = status;
  const skipped = keysSkipped > 0 ? `  ${showCount(keysSkipped)} skipped` : '';
  const speed = `  ${showCount(rate.keysPerSecond)} keys/s  ${(Math.max(0, rate.bytesPerSecond) / 1e6).toFixed(1)} MB/s`;
  return [label('keys'), [`${showCount(keysApplied)} applied${skipped}`], [speed, 'bold']];
}

function changesLines({ incrementalSync, rate }: JobStatus): Line[] {
  if (incrementalSync.commandsApplied <= 0) return [];
  return [
    [label('changes'), [`${showCount(incrementalSync.commandsApplied)} commands applied`], [`  ${showCount(rate.commandsPerSecond)} commands/s`, 'bold']],
  ];
}

function lagLine(status: JobStatus): Line {
  const { offsetApplied, offsetReceived } = status.incrementalSync;
  return [label('lag'), [`${showBytes(status.lagBytes)}  ${showDuration(status.lagMs)}`, 'bold'], [`  offset ${offsetApplied} of ${offsetReceived}`, 'dim']];
}

function spoolLine(status: JobStatus): Line {
  const { bytesOnDisk, bytesInMemory, bytesMax, diskFreeBytes, full } = status.spool;
  const limit = bytesMax > 0 ? ` of ${showBytes(bytesMax)}` : '';
  return [
    label('spool'),
    [`${showBytes(bytesOnDisk)}${limit} on disk  ${showBytes(bytesInMemory)} in memory`],
    [`  disk ${showBytes(diskFreeBytes)} free`, 'dim'],
    [full === null ? '' : full === 'disk' ? '  DISK FULL' : '  FULL', 'bad'],
  ];
}

/** Of several shards only those that are not as they should be, and how many are. */
function allConnections({ connections, pipelines }: JobStatus, width: number, now: number): Line[] {
  if (pipelines.length < 2) return connections.flatMap((connection) => connectionLines(connection, width, now));
  const bad = connections.filter(({ state }) => STATE_STYLES[state] !== 'good');
  const shown = bad.slice(0, BAD_CONNECTIONS_MAX);
  const rest = bad.length > shown.length ? `, ${bad.length - shown.length} more are not` : '';
  return [
    [label('connection'), [`${connections.length - bad.length} of ${connections.length} as they should be${rest}`, bad.length > 0 ? 'busy' : 'plain']],
    ...shown.flatMap((connection) => connectionLines(connection, width, now)),
  ];
}

function connectionLines(connection: ConnectionStatus, width: number, now: number): Line[] {
  const reconnects = connection.reconnects > 0 ? `  reconnects ${connection.reconnects}` : '';
  const lost = connection.pingsLost > 0 ? `  pings lost ${connection.pingsLost}` : '';
  const state: Span[] = [
    [`${connection.role}  `],
    [connection.state, STATE_STYLES[connection.state] ?? 'busy'],
    [` ${showDuration(Math.max(0, now - connection.sinceAt))}`, 'dim'],
    [reconnects + lost, 'busy'],
  ];
  const keepalive = `keepalive ${showDuration(connection.keepaliveIntervalMs)} (${keepaliveWhy(connection.keepaliveReason, connection.nodeTimeoutMs)})`;
  const roundTrip = connection.roundTripSmoothedMs > 0 ? `  round trip ${showDuration(connection.roundTripSmoothedMs)}` : '';
  const waiting = connection.unansweredReplies > 0 ? `  unanswered ${showCount(connection.unansweredReplies)}` : '';
  const facts: Span = [`${keepalive}${roundTrip}${waiting}`];
  const failed = STATE_STYLES[connection.state] !== 'good' && connection.lastError;
  const why: Line[] = failed ? [[label(''), [`${failed.code}: ${failed.message}`, 'bad']]] : [];
  if (width >= WIDE_COLUMNS) return [[label('connection'), ...state, ['  '], facts], ...why];
  return [[label('connection'), ...state], [label(''), facts], ...why];
}

function keepaliveWhy(reason: KeepaliveReason, nodeTimeoutMs: number): string {
  const texts: Record<KeepaliveReason, string> = {
    'node-timeout': `node's timeout ${showDuration(nodeTimeoutMs)}`,
    'idle-limit': 'idle limit given',
    'no-timeout': 'node has no timeout',
    'config-forbidden': 'timeout unknown: CONFIG forbidden',
    override: 'as configured',
    'replica-link': 'replica link',
    unknown: 'not known yet',
  };
  return texts[reason];
}

function lossLines({ conversion }: JobStatus): Line[] {
  const { skipped, degraded, first } = conversion;
  if (skipped + degraded === 0) return [];
  const [one] = first;
  const example = one === undefined ? '' : `  ${one.key || one.what}: ${one.reason}`;
  return [[label('losses'), [`${showCount(skipped)} left out  ${showCount(degraded)} degraded`, skipped > 0 ? 'bad' : 'busy'], [example, 'dim']]];
}

function errorLines(status: JobStatus): Line[] {
  const { retried, deadLetters, last } = status.errors;
  if (retried === 0 && deadLetters === 0 && !last) return [];
  const counts = `${showCount(retried)} retried  ${showCount(deadLetters)} dead letters`;
  return [[label('errors'), [counts, deadLetters > 0 ? 'bad' : 'busy'], [last ? `  last ${last.code}: ${last.message}` : '', 'dim']]];
}

function eventLine(event: JobEvent): Line {
  const time = new Date(event.at).toISOString().slice(11, 19);
  const style: Style = event.level === 'error' ? 'bad' : event.level === 'warn' ? 'busy' : 'plain';
  return [
    [`${time}Z  `.padEnd(LABEL_WIDTH), 'dim'],
    [event.message, style],
  ];
}

function paint(line: Line, options: ViewOptions): string {
  let room = Math.max(1, options.width);
  let text = '';
  for (const [raw, style = 'plain'] of line) {
    const shown = fit(raw, room);
    room -= columnsOf(shown);
    const code = STYLE_CODES[style];
    text += options.color && code !== '' && shown !== '' ? `\u001b[${code}m${shown}\u001b[0m` : shown;
  }
  return text.trimEnd();
}

/** The part of the text that fits into so many columns, control characters replaced. */
function fit(raw: string, room: number): string {
  let text = '';
  let columns = 0;
  for (const char of raw) {
    const point = char.codePointAt(0)!;
    const width = columnsOfPoint(point);
    if (columns + width > room) break;
    columns += width;
    text += point < 32 || (point >= 127 && point < 160) ? ' ' : char;
  }
  return text;
}

function columnsOf(text: string): number {
  let columns = 0;
  for (const char of text) columns += columnsOfPoint(char.codePointAt(0)!);
  return columns;
}

/** East Asian wide characters take two columns; near enough for host names and error texts. */
function columnsOfPoint(point: number): number {
  const wide = (point >= 0x1100 && point <= 0x115f) || (point >= 0x2e80 && point <= 0xa4cf) || (point >= 0xac00 && point <= 0xd7a3);
  return wide || (point >= 0xf900 && point <= 0xfaff) || (point >= 0xfe30 && point <= 0xfe6f) || (point >= 0xff00 && point <= 0xff60) || point > 0xffff ? 2 : 1;
}
