/** When somebody is told that something is wrong, and where: `[alerts]`. */
import { durationType, integerType, pathType, sizeType } from '../option-type.ts';
import { option, optional } from '../option-spec.ts';
import { webhooksType } from '../webhook-type.ts';

const DAY_MS = 86_400_000;
const TIB = 1024 ** 4;
const duration = (): ReturnType<typeof durationType> => durationType({ min: 100, max: DAY_MS, or: { word: 'off', value: 0 } });

export const ALERT_OPTIONS = {
  'alerts.webhooks': {
    ...option(
      webhooksType(),
      [],
      'Where alerts are sent: URLs, each with its kind before it; the variable or webhooks_file keep them out of the list of processes',
    ),
    fallbackText: 'none',
  },
  'alerts.webhooks_file': optional(pathType('a file that can be read'), 'none', 'File with one of them on each line'),
  'alerts.away': option(duration(), 30_000, 'A connection, or a target that takes no writes, that is away for so long'),
  'alerts.reconnects': option(
    integerType({ min: 1, max: 1_000_000, or: { word: 'off', value: 0 } }),
    6,
    'A connection that was made again so often within a minute',
  ),
  'alerts.round_trip': option(duration(), 500, 'A PING that takes so long, smoothed'),
  'alerts.lag': option(duration(), 60_000, 'Changes that wait for so long in incremental sync'),
  'alerts.lag_bytes': option(
    sizeType({ min: 1, max: 1024 * TIB, or: { word: 'off', value: 0 } }),
    1024 ** 3,
    'A target that is so far behind in incremental sync',
  ),
  'alerts.spool': option(integerType({ min: 1, max: 100, or: { word: 'off', value: 0 } }), 80, 'A spool that is so full, in percent of what it may take'),
  'alerts.backlog_left': option(duration(), 60_000, 'While the link to the source is away: the time until its backlog no longer has what is needed'),
  'alerts.recover_after': option(durationType({ min: 0, max: DAY_MS }), 10_000, 'How long something has to be well again before that is told'),
  'alerts.repeat': option(
    durationType({ min: 1000, max: 30 * DAY_MS, or: { word: 'never', value: 0 } }),
    4 * 3_600_000,
    'An alert that goes on is sent again this often',
  ),
} as const;
