/**
 * What can go wrong between Godwit and a cluster, each as a function that does it and ends when the cluster has got over it (not when Godwit has).
 * `fullSyncs` as in chaos-faults.ts.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { JobStatus } from '../../src/observe/job-status.ts';
import type { Seeded } from '../support/rdb/seeded.ts';
import type { ClusterChaosStage } from './cluster-chaos-stage.ts';

export interface ClusterFault {
  readonly kind: string;
  readonly fullSyncs: { readonly incremental: number; readonly full: number };
  /** It changes who has which slot, or who is the primary: two such are not done at one moment. */
  readonly reshapes: boolean;
  /** A node loses what it had been sent. */
  readonly loses?: boolean;
  /** Slots go to other nodes. */
  readonly moves?: boolean;
  /** Every message arrives nevertheless. */
  readonly keepsMessages?: boolean;
  /** @returns what it did, for the report */
  inflict(stage: ClusterChaosStage, random: Seeded): Promise<string>;
}

const NEVER = { incremental: 0, full: 0 };
const IF_RECEIVING = { incremental: 0, full: 1 };
const ALWAYS = { incremental: 1, full: 1 };
const HALF_MOVED_MS = 1_000;
const SHORT_SLEEP_MS = 1_100;

export const CLUSTER_FAULTS: readonly ClusterFault[] = [
  { kind: 'kill connections', fullSyncs: NEVER, reshapes: false, keepsMessages: true, inflict: killConnections },
  { kind: 'kill replica link', fullSyncs: IF_RECEIVING, reshapes: false, keepsMessages: true, inflict: killLink },
  { kind: 'kill godwit', fullSyncs: IF_RECEIVING, reshapes: false, keepsMessages: true, inflict: killGodwit },
  { kind: 'failover', fullSyncs: NEVER, reshapes: true, inflict: (stage, random) => failover(stage, random, false) },
  { kind: 'failover by force', fullSyncs: NEVER, reshapes: true, loses: true, inflict: (stage, random) => failover(stage, random, true) },
  { kind: 'failover loses tail', fullSyncs: IF_RECEIVING, reshapes: true, loses: true, inflict: loseTail },
  { kind: 'kill primary', fullSyncs: IF_RECEIVING, reshapes: true, loses: true, inflict: killPrimary },
  { kind: 'primary comes back empty', fullSyncs: ALWAYS, reshapes: true, loses: true, inflict: emptyPrimary },
  { kind: 'primary comes back old', fullSyncs: IF_RECEIVING, reshapes: true, loses: true, inflict: oldPrimary },
  {
    kind: 'move some slots',
    fullSyncs: NEVER,
    reshapes: true,
    moves: true,
    keepsMessages: true,
    inflict: (stage, random) => move(stage, 1 + random.below(60), random),
  },
  {
    kind: 'move many slots',
    fullSyncs: NEVER,
    reshapes: true,
    moves: true,
    keepsMessages: true,
    inflict: (stage, random) => move(stage, 300 + random.below(1_700), random),
  },
  { kind: 'slot half moved', fullSyncs: NEVER, reshapes: true, moves: true, keepsMessages: true, inflict: halfMoved },
  { kind: 'take over a sleeper', fullSyncs: IF_RECEIVING, reshapes: false, keepsMessages: true, inflict: takeOver },
  { kind: 'freeze godwit', fullSyncs: IF_RECEIVING, reshapes: false, keepsMessages: true, inflict: freezeGodwit },
  { kind: 'freeze node', fullSyncs: NEVER, reshapes: true, loses: true, inflict: freezeNode },
  { kind: 'node is full', fullSyncs: NEVER, reshapes: true, keepsMessages: true, inflict: fillNode },
  { kind: 'cut source', fullSyncs: IF_RECEIVING, reshapes: false, keepsMessages: true, inflict: cutSource },
  { kind: 'flushall', fullSyncs: NEVER, reshapes: false, keepsMessages: true, inflict: flushAll },
];

async function killConnections(stage: ClusterChaosStage, random: Seeded): Promise<string> {
  const nodes = random.below(3) === 0 ? stage.cluster.nodes : [stage.cluster.node(random.below(stage.cluster.nodes.length))];
  for (const node of nodes) await stage.ask(node, 'CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
  return `at ${nodes.length} nodes`;
}

async function killLink(stage: ClusterChaosStage): Promise<string> {
  return stage.ask(stage.source, 'CLIENT', 'KILL', 'TYPE', 'replica');
}

async function killGodwit(stage: ClusterChaosStage, random: Seeded): Promise<string> {
  await stage.killGodwit();
  const awayMs = random.below(400);
  await sleep(awayMs);
  stage.startGodwit();
  return `away for ${awayMs} ms`;
}

async function failover(stage: ClusterChaosStage, random: Seeded, force: boolean): Promise<string> {
  const shard = await stage.owningShard(random);
  await stage.cluster.failover(shard, { force });
  return `shard ${shard}`;
}

async function loseTail(stage: ClusterChaosStage, random: Seeded): Promise<string> {
  const shard = await stage.owningShard(random);
  const commands = 50 + random.below(600);
  await stage.cluster.loseTail(shard, () => stage.load.more(commands));
  return `shard ${shard}, about ${commands} commands`;
}

async function killPrimary(stage: ClusterChaosStage, random: Seeded): Promise<string> {
  const shard = await stage.owningShard(random);
  const killed = await stage.cluster.killPrimary(shard);
  await killed.start();
  await stage.cluster.settled();
  return `shard ${shard}`;
}

/** It has no file, and is back before anybody has noticed. */
async function emptyPrimary(stage: ClusterChaosStage, random: Seeded): Promise<string> {
  const shard = await stage.owningShard(random);
  const primary = await stage.cluster.primary(shard);
  await primary.kill();
  // One that was a replica once has what it got then, of slots that it may have no more.
  rmSync(join(primary.dir, 'dump.rdb'), { force: true });
  await primary.start();
  await stage.cluster.settled();
  return `shard ${shard}`;
}

/** With its replica: to what it saved some hundred commands ago. */
async function oldPrimary(stage: ClusterChaosStage, random: Seeded): Promise<string> {
  const shard = await stage.owningShard(random);
  const primary = await stage.cluster.primary(shard);
  await stage.ask(primary, 'SAVE');
  const commands = 50 + random.below(600);
  await stage.load.more(commands);
  await primary.kill();
  await primary.start();
  await stage.cluster.settled();
  return `shard ${shard}, about ${commands} commands ago`;
}

async function move(stage: ClusterChaosStage, count: number, random: Seeded): Promise<string> {
  const { from, to, first, last } = await stage.planMove(count, random);
  const beganMs = performance.now();
  await stage.cluster.moveSlots(from, to, [[first, last]]);
  return `${last - first + 1} of shard ${from} to ${to} in ${Math.round(performance.now() - beganMs)} ms`;
}

async function halfMoved(stage: ClusterChaosStage, random: Seeded): Promise<string> {
  const { from, to, slot, keys } = await stage.planMoveOfKeys(random);
  const half = await stage.cluster.beginMove(from, to, slot);
  await half.moveKeys(Math.max(1, Math.floor(keys / 2)));
  await sleep(HALF_MOVED_MS);
  await half.moveKeys();
  await half.finish();
  await stage.cluster.settled();
  return `slot ${slot} with ${keys} keys of shard ${from} to ${to}`;
}

async function takeOver(stage: ClusterChaosStage): Promise<string> {
  const sleeper = stage.godwit;
  const isOwner = ({ phase }: JobStatus): boolean => phase === 'incremental-sync' || phase === 'full-sync';
  // One that has only begun would take over when it wakes up.
  await sleeper.waitForStatus('its own take-over', isOwner);
  sleeper.suspend();
  stage.startGodwit();
  await stage.godwit.waitForStatus('the take-over', isOwner);
  await stage.load.more(100);
  sleeper.resume();
  const { code, stderr } = await sleeper.exit;
  if (code !== 7 || !stderr.includes('FENCED')) throw new Error(`the sleeper ended with ${code}: ${stderr}`);
  return 'fenced';
}

async function freezeGodwit(stage: ClusterChaosStage, random: Seeded): Promise<string> {
  const forMs = 100 + random.below(2_000);
  stage.godwit.suspend();
  await sleep(forMs);
  stage.godwit.resume();
  return `${forMs} ms`;
}

/** Sometimes so long that its replica takes over. */
async function freezeNode(stage: ClusterChaosStage, random: Seeded): Promise<string> {
  const shard = await stage.owningShard(random);
  const node = await stage.cluster.primary(shard);
  const forMs = random.below(3) === 0 ? 3_500 : 100 + random.below(SHORT_SLEEP_MS);
  node.suspend();
  await sleep(forMs);
  node.resume();
  await stage.cluster.settled();
  return `shard ${shard}, ${forMs} ms`;
}

async function fillNode(stage: ClusterChaosStage, random: Seeded): Promise<string> {
  const node = await stage.cluster.primary(await stage.owningShard(random));
  await stage.ask(node, 'CONFIG', 'SET', 'maxmemory', '1');
  await sleep(200 + random.below(600));
  await stage.ask(node, 'CONFIG', 'SET', 'maxmemory', '0');
  return `port ${node.port}`;
}

async function cutSource(stage: ClusterChaosStage, random: Seeded): Promise<string> {
  const bytes = 1 + random.below(60_000);
  const isDone = await Promise.race([stage.sourceProxy.cutAfter(bytes, 'to-client').then(() => true), sleep(1_000).then(() => false)]);
  if (!isDone) {
    stage.sourceProxy.cutNoMore();
    stage.sourceProxy.cut();
  }
  return `after ${bytes} bytes`;
}

/** Half of the time Godwit or its connections go while it is carried out. */
async function flushAll(stage: ClusterChaosStage, random: Seeded): Promise<string> {
  await stage.load.pause();
  await stage.load.sweep('FLUSHALL');
  stage.load.start();
  if (random.below(2) === 0) return 'alone';
  await sleep(random.below(60));
  return random.below(2) === 0 ? killGodwit(stage, random) : killConnections(stage, random);
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
