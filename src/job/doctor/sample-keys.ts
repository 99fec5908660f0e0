/** Some keys of the source by chance, with type and size: what none of INFO tells. Three questions for each; values are not read. */
import { ReplyError } from '../../resp/reply.ts';
import type { SampledKey } from './doctor-scene.ts';
import type { NodeSurvey } from './node-survey.ts';

const KEYS_MAX = 300;
const SAMPLES = 5;

export interface KeySample {
  readonly keys: readonly SampledKey[];
  /** '' = none. */
  readonly trouble: string;
}

/** @throws CONNECTION_* */
export async function sampleKeys(sources: readonly NodeSurvey[]): Promise<KeySample> {
  const total = sources.reduce((sum, { keys }) => sum + keys, 0);
  const found: SampledKey[] = [];
  let trouble = '';
  for (const source of sources) {
    for (const { database, keys } of source.info.keyspace()) {
      const wanted = Math.min(2 * keys, Math.max(1, Math.round((KEYS_MAX * keys) / Math.max(1, total))));
      const drawn = await draw(source, database, wanted);
      if (typeof drawn === 'string') trouble = drawn;
      else found.push(...drawn);
    }
  }
  return { keys: found, trouble };
}

/** @returns why there are none, where that is refused */
async function draw(source: NodeSurvey, database: number, wanted: number): Promise<SampledKey[] | string> {
  const { connection } = source;
  const select = database === 0 ? [] : [['SELECT', database]];
  const back = database === 0 ? [] : [['SELECT', 0]];
  const drawn = (await connection.callAll([...select, ...Array.from({ length: wanted }, () => ['RANDOMKEY']), ...back])).slice(
    select.length,
    select.length + wanted,
  );
  const refusal = drawn.find((reply) => reply instanceof ReplyError);
  if (refusal instanceof ReplyError) return `no keys could be sampled: ${refusal.text}`;
  const keys = [...new Map(drawn.flatMap((reply) => (Buffer.isBuffer(reply) ? [[reply.toString('latin1'), reply] as const] : []))).values()];
  const facts = (
    await connection.callAll([
      ...select,
      ...keys.flatMap((key) => [
        ['TYPE', key],
        ['MEMORY', 'USAGE', key, 'SAMPLES', SAMPLES],
      ]),
      ...back,
    ])
  ).slice(select.length);
  const denied = facts.slice(0, 2 * keys.length).find((reply) => reply instanceof ReplyError);
  if (denied instanceof ReplyError) return `types and sizes of keys are not told: ${denied.text}`;
  return keys.map((key, i) => {
    const [type, bytes] = [facts[2 * i], facts[2 * i + 1]];
    return { source, database, key, type: String(type), bytes: typeof bytes === 'number' ? bytes : -1 };
  });
}
