/** The light form of the doctor, beside a job that runs: `[doctor]`. */
import { durationType } from '../option-type.ts';
import { option } from '../option-spec.ts';

export const DOCTOR_OPTIONS = {
  'doctor.interval': option(
    durationType({ min: 100, max: 86_400_000, or: { word: 'never', value: 0 } }),
    60_000,
    'How often a running sync or scan looks whether its servers and its disk are still as they should be (docs/doctor.md)',
  ),
} as const;
