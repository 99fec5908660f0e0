/**
 * What can go wrong, each as a function that does it and ends when it is over (not when Godwit has got over it). `fullSyncs` says how many snapshots more
 * than none the source may have to make for it: in incremental sync, and while a full sync is under way.
 */
import { copyAppendOnlyFiles, cutIncrement, mendIncrement, putBackAppendOnlyFiles } from '../support/append-only-files.ts';
import type { Direction, FaultProxy } from '../support/fault-proxy.ts';
import type { Seeded } from '../support/rdb/seeded.ts';
import type { RealServer } from '../support/server.ts';
import type { ChaosStage } from './chaos-stage.ts';

export interface Fault {
  readonly kind: string;
  readonly fullSyncs: { readonly incremental: number; readonly full: number };
  /** @returns what it did, for the report: `214 bytes` */
  inflict(stage: ChaosStage, random: Seeded): Promise<string>;
}

const CUT_WAIT_MS = 1_500;
/** The target goes back, but never to before the beginning of the job. */
const NEVER = { incremental: 0, full: 0 };
/** The receipt of a snapshot cannot be continued. */
const IF_RECEIVING = { incremental: 0, full: 1 };
/** The mark of the full sync itself can be lost. */
const IF_JUST_BEGUN = { incremental: 0, full: 1 };
const ALWAYS = { incremental: 1, full: 1 };

export const FAULTS: readonly Fault[] = [
  { kind: 'kill target connections', fullSyncs: NEVER, inflict: (stage) => stage.ask(stage.target, 'CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes') },
  { kind: 'kill replica link', fullSyncs: IF_RECEIVING, inflict: (stage) => stage.ask(stage.source, 'CLIENT', 'KILL', 'TYPE', 'replica') },
  { kind: 'kill godwit', fullSyncs: IF_RECEIVING, inflict: killGodwit },
  { kind: 'restart target', fullSyncs: NEVER, inflict: restartTarget },
  { kind: 'cut target', fullSyncs: NEVER, inflict: (stage, random) => cut(stage.targetProxy, 'to-server', random) },
  { kind: 'cut source', fullSyncs: IF_RECEIVING, inflict: (stage, random) => cut(stage.sourceProxy, 'to-client', random) },
  { kind: 'trickle from source', fullSyncs: NEVER, inflict: (stage, random) => trickle(stage.sourceProxy, random) },
  { kind: 'stall target', fullSyncs: NEVER, inflict: (stage, random) => stall(stage.targetProxy, random) },
  { kind: 'stall source', fullSyncs: IF_RECEIVING, inflict: (stage, random) => stall(stage.sourceProxy, random) },
  { kind: 'detain target', fullSyncs: NEVER, inflict: (stage, random) => detain(stage.targetProxy, random) },
  { kind: 'swallow target replies', fullSyncs: NEVER, inflict: (stage, random) => swallow(stage.targetProxy, random) },
  { kind: 'swallow source replies', fullSyncs: IF_RECEIVING, inflict: (stage, random) => swallow(stage.sourceProxy, random) },
  { kind: 'freeze target', fullSyncs: NEVER, inflict: (stage, random) => freeze(stage.target, random) },
  { kind: 'freeze source', fullSyncs: IF_RECEIVING, inflict: (stage, random) => freeze(stage.source, random) },
  { kind: 'target loses tail', fullSyncs: IF_JUST_BEGUN, inflict: loseTail },
  { kind: 'target from older copy', fullSyncs: IF_JUST_BEGUN, inflict: goBackToCopy },
  { kind: 'target comes back empty', fullSyncs: ALWAYS, inflict: emptyTarget },
];

async function killGodwit(stage: ChaosStage, random: Seeded): Promise<string> {
  await stage.killGodwit();
  const awayMs = random.below(400);
  await sleep(awayMs);
  stage.startGodwit();
  return `away for ${awayMs} ms`;
}

async function restartTarget({ target }: ChaosStage, random: Seeded): Promise<string> {
  await target.kill();
  const awayMs = random.below(400);
  await sleep(awayMs);
  mendIncrement(target.dir);
  await target.start();
  return `away for ${awayMs} ms`;
}

async function loseTail({ target }: ChaosStage, random: Seeded): Promise<string> {
  await target.kill();
  const bytes = cutIncrement(target.dir, 1 + exponential(random, 4_000_000));
  await target.start();
  return `${bytes} bytes`;
}

async function goBackToCopy({ target, copyDir, load }: ChaosStage, random: Seeded): Promise<string> {
  copyAppendOnlyFiles(target.dir, copyDir);
  const { commands } = load;
  await sleep(random.below(1_500));
  await target.kill();
  putBackAppendOnlyFiles(target.dir, copyDir);
  await target.start();
  return `about ${load.commands - commands} commands ago`;
}

async function emptyTarget({ target }: ChaosStage): Promise<string> {
  await target.restart({ keepData: false });
  return 'all';
}

/** Within a transaction, a value or a reply; if so much does not pass in time, what is open is closed then. */
async function cut(proxy: FaultProxy, ofData: Direction, random: Seeded): Promise<string> {
  const ofReplies: Direction = ofData === 'to-server' ? 'to-client' : 'to-server';
  const direction = random.below(4) === 0 ? ofReplies : ofData;
  const bytes = exponential(random, 150_000);
  const done = proxy.cutAfter(bytes, direction).then(() => true);
  const isDone = await Promise.race([done, sleep(CUT_WAIT_MS).then(() => false)]);
  if (!isDone) {
    proxy.cutNoMore();
    proxy.cut();
  }
  return isDone ? `after ${bytes} bytes of ${direction === ofData ? 'data' : 'replies'}` : `closed after ${CUT_WAIT_MS} ms`;
}

async function stall(proxy: FaultProxy, random: Seeded): Promise<string> {
  const forMs = 100 + random.below(1_900);
  proxy.stall();
  await sleep(forMs);
  proxy.resume();
  return `${forMs} ms`;
}

async function trickle(proxy: FaultProxy, random: Seeded): Promise<string> {
  const [bytes, forMs] = [1 + random.below(500), 100 + random.below(1_400)];
  proxy.trickle(bytes);
  await sleep(forMs);
  proxy.trickle(0);
  return `${bytes} bytes at a time for ${forMs} ms`;
}

/** Long enough for Godwit to go on over another connection; what was under way on the first arrives behind that. */
async function detain(proxy: FaultProxy, random: Seeded): Promise<string> {
  const forMs = 1_200 + random.below(1_500);
  proxy.detain();
  await sleep(forMs);
  proxy.release();
  return `${forMs} ms`;
}

async function swallow(proxy: FaultProxy, random: Seeded): Promise<string> {
  const forMs = 50 + random.below(800);
  proxy.swallowReplies(true);
  await sleep(forMs);
  proxy.swallowReplies(false);
  return `${forMs} ms`;
}

async function freeze(server: RealServer, random: Seeded): Promise<string> {
  const forMs = 100 + random.below(1_900);
  server.suspend();
  await sleep(forMs);
  server.resume();
  return `${forMs} ms`;
}

/** 1 to max, small numbers as likely as large ones. */
function exponential(random: Seeded, max: number): number {
  return Math.max(1, Math.round(max ** (random.below(10_000) / 10_000)));
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
