/** What a running sync does to know that it is right: `[verify]`. */
import { option } from '../option-spec.ts';
import { booleanType, stringType } from '../option-type.ts';

const BUDGET = /^(?:off|\d{1,3}(?:\.\d+)?%\/(?:h|d)|[1-9]\d{0,8}\/s)$/;

export const VERIFY_OPTIONS = {
  'verify.continuous': option(
    stringType('off, a share of all keys in a time such as 1%/h or 100%/d, or keys per second such as 500/s', BUDGET),
    'off',
    'Compare keys of both sides all the time, so many; what differs is told in the status and as an event',
  ),
  'verify.repair': option(booleanType(), false, 'Bring keys that are found to differ anew, at their place in the stream'),
} as const;
