/** Keys that are large, among some of the source chosen by chance. */
import { quotedKey } from '../../../bytes/quoted-key.ts';
import { type Check, type DoctorScene, fine } from '../doctor-scene.ts';
import { countWords, sizeWords } from '../in-words.ts';
import { optionMend } from '../setting-mend.ts';

const BIG_BYTES = 64 * 1024 ** 2;
const PART = '8mb';
const NAMES_MAX = 3;

export const bigKeys: Check = {
  id: 'big-keys',
  title: 'big keys',
  group: 'Data',
  looksAt: 'TYPE and MEMORY USAGE of up to 300 keys of the source, chosen by chance (RANDOMKEY). Rare ones are missed: `godwit inspect` finds all',
  severities:
    'warn: 64 MB or more in one value, which would go in one command; info: the same where --target-value-bytes-max has it written in parts; nothing could be sampled',
  mends: '`--target-value-bytes-max 8mb`',
  kinds: ['sync', 'scan'],
  look: (scene) => {
    const { sample, sampleTrouble, sources, config } = scene;
    if (sources.length === 0) return [];
    const where = sources.length === 1 ? sources[0].name : 'the source';
    if (sampleTrouble !== '')
      return [
        { severity: 'info', where, measured: sampleTrouble, why: 'Large values and keys that exist on both sides are not known before the start.', mends: [] },
      ];
    if (sample.length === 0) return [fine(where, 'no keys')];
    const big = biggest(scene);
    const largest = Math.max(...sample.map(({ bytes }) => bytes));
    if (big.length === 0) return [fine(where, `the largest of ${countWords(sample.length, 'key')} has ${sizeWords(Math.max(0, largest))}`)];
    const inParts = config.limits.valueBytesMax > 0;
    return [
      {
        severity: inParts ? 'info' : 'warn',
        where,
        measured: big
          .slice(0, NAMES_MAX)
          .map(({ database, key, type, bytes }) => `${quotedKey(key)} in database ${database}: ${type} of ${sizeWords(bytes)}`)
          .join('; '),
        why: `A value that goes in one command holds up the target for as long as that runs, and a \`timeout\` that is shorter closes the connection. ${
          inParts ? 'It is written in parts.' : 'Of the snapshot it can be written in parts.'
        }`,
        mends: inParts ? [] : [optionMend(`--target-value-bytes-max ${PART}`)],
      },
    ];
  },
};

function biggest({ sample }: DoctorScene): DoctorScene['sample'] {
  const byName = new Map(
    sample.filter(({ bytes }) => bytes >= BIG_BYTES).map((one) => [`${one.source.name} ${one.database} ${one.key.toString('latin1')}`, one]),
  );
  return [...byName.values()].toSorted((a, b) => b.bytes - a.bytes);
}
