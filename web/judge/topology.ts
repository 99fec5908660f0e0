/**
 * The picture of a job: places of the source, pipelines, and nodes of the target, with the connections that each has. What it is made of: the addresses in the
 * status; a job without pipelines (a load, a scan, one that has just begun) has one course with no name.
 */
import type { ConnectionStatus } from '../../src/observe/job-status.ts';
import type { PageStatus } from '../feed/page-status.ts';
import { type Health, healthOf, worst } from './health.ts';

export interface PictureNode {
  readonly side: 'source' | 'target';
  readonly address: string;
  /** Product and version; '' while unknown. */
  readonly server: string;
  readonly connections: readonly ConnectionStatus[];
  readonly health: Health;
  /** Longest smoothed round trip of its connections, in ms; -1 while unknown. */
  readonly roundTripMs: number;
  readonly unansweredBytes: number;
}

export interface PictureCourse {
  readonly name: string;
  readonly sourceAddress: string;
  readonly phase: 'full-sync' | 'incremental-sync';
  /** 0 to 1; -1 while unknown. */
  readonly progress: number;
  readonly lagMs: number;
  readonly lagBytes: number;
  readonly waitsFor: 'turn' | 'snapshot' | null;
  readonly health: Health;
}

export interface PictureLine {
  readonly from: string;
  readonly to: string;
  readonly health: Health;
}

export interface Picture {
  readonly sources: readonly PictureNode[];
  readonly courses: readonly PictureCourse[];
  readonly targets: readonly PictureNode[];
  /** Between the ids of nodes (`source ADDRESS`, `target ADDRESS`) and courses (`course NAME`). */
  readonly lines: readonly PictureLine[];
  /** Of the target, the one that takes longest to answer; null where none has answered or there is only one. */
  readonly slowest: PictureNode | null;
}

export const nodeId = (side: string, address: string): string => `${side} ${address}`;
export const courseId = (name: string): string => `course ${name}`;

export function pictureOf(status: PageStatus): Picture {
  const isTarget = ({ role }: ConnectionStatus): boolean => role.startsWith('target');
  const sourceSide = status.connections.filter((connection) => !isTarget(connection));
  const targetSide = status.connections.filter(isTarget);
  const courses = coursesOf(status);
  const sources = nodesOf('source', [...courses.map(({ sourceAddress }) => sourceAddress), ...addressesOf(sourceSide)], sourceSide, serversOf(status));
  const ownTarget = targetSide.length === 0 ? [status.target.address] : [];
  const targets = nodesOf('target', [...ownTarget, ...addressesOf(targetSide)], targetSide, new Map([[status.target.address, status.target.server]]));
  return { sources, courses, targets, lines: linesOf(courses, sources, targets), slowest: slowestOf(targets) };
}

function coursesOf(status: PageStatus): PictureCourse[] {
  const { pipelines, connections, phase, fullSync, lagMs, lagBytes, source } = status;
  const healthOfCourse = (name: string): Health => worst(connections.filter(({ pipeline = '' }) => name === '' || pipeline === name).map(healthOf));
  if (pipelines.length === 0) {
    const ownPhase = phase === 'incremental-sync' ? phase : 'full-sync';
    const { progress } = fullSync;
    return [{ name: '', sourceAddress: source.address, phase: ownPhase, progress, lagMs, lagBytes, waitsFor: null, health: healthOfCourse('') }];
  }
  return pipelines.map((pipeline) => ({
    name: pipeline.name,
    sourceAddress: pipeline.source.address,
    phase: pipeline.phase,
    progress: pipeline.fullSync.progress,
    lagMs: pipeline.lagMs,
    lagBytes: pipeline.lagBytes,
    waitsFor: pipeline.fullSync.waitsFor,
    health: healthOfCourse(pipeline.name),
  }));
}

function serversOf({ pipelines, source }: PageStatus): Map<string, string> {
  return new Map([[source.address, source.server] as const, ...pipelines.map((one) => [one.source.address, one.source.server] as const)]);
}

function addressesOf(connections: readonly ConnectionStatus[]): string[] {
  return connections.map(({ address }) => address);
}

function nodesOf(
  side: PictureNode['side'],
  addresses: readonly string[],
  connections: readonly ConnectionStatus[],
  servers: ReadonlyMap<string, string>,
): PictureNode[] {
  return [...new Set(addresses)].map((address) => {
    const own = connections.filter((connection) => connection.address === address);
    return {
      side,
      address,
      server: servers.get(address) ?? '',
      connections: own,
      health: worst(own.map(healthOf)),
      roundTripMs: Math.max(-1, ...own.map(({ roundTripSmoothedMs }) => roundTripSmoothedMs)),
      unansweredBytes: own.reduce((sum, { unansweredBytes }) => sum + unansweredBytes, 0),
    };
  });
}

/** A connection without a pipeline (one that looks after all) is no line of its own where there are several. */
function linesOf(courses: readonly PictureCourse[], sources: readonly PictureNode[], targets: readonly PictureNode[]): PictureLine[] {
  const isOnly = courses.length === 1;
  const between = (node: PictureNode, name: string): ConnectionStatus[] => node.connections.filter(({ pipeline = '' }) => isOnly || pipeline === name);
  return courses.flatMap(({ name, sourceAddress }) => [
    ...sources
      .filter((node) => node.address === sourceAddress || between(node, name).length > 0)
      .map((node) => ({ from: nodeId('source', node.address), to: courseId(name), health: worst(between(node, name).map(healthOf)) })),
    ...targets
      .filter((node) => between(node, name).length > 0)
      .map((node) => ({ from: courseId(name), to: nodeId('target', node.address), health: worst(between(node, name).map(healthOf)) })),
  ]);
}

function slowestOf(targets: readonly PictureNode[]): PictureNode | null {
  const answered = targets.filter(({ roundTripMs }) => roundTripMs > 0);
  return answered.length < 2 ? null : answered.reduce((slowest, node) => (node.roundTripMs > slowest.roundTripMs ? node : slowest));
}
