/** What a job has besides: rules, conversion, the scan or the file, and where its offsets stand. */
import type { JSX } from 'preact';
import { showCount } from '../../src/status/format-quantity.ts';
import type { RulesStatus } from '../../src/observe/job-status.ts';
import type { PageStatus } from '../feed/page-status.ts';
import type { Words } from '../words/en.ts';
import { FactList } from './fact-list.tsx';
import { clockTime, useWords } from './page-words.ts';
import { Panel } from './panel.tsx';

export function FactPanel({ status }: { readonly status: PageStatus }): JSX.Element {
  const words = useWords();
  const { facts } = words;
  return (
    <Panel id="more" title={facts.title}>
      <div class="fact-groups">
        <div>
          <h3>{facts.run}</h3>
          <FactList facts={runFacts(status, words)} />
        </div>
        <Conversion status={status} words={words} />
        {status.scan !== undefined && (
          <div>
            <h3>{facts.scan}</h3>
            <FactList facts={scanFacts(status.scan, words)} />
          </div>
        )}
        {status.load !== undefined && (
          <div>
            <h3>{facts.load}</h3>
            <FactList facts={loadFacts(status.load, words)} />
          </div>
        )}
        {status.rules !== undefined && <Rules rules={status.rules} words={words} />}
      </div>
    </Panel>
  );
}

type Facts = (readonly [string, string])[];

function runFacts({ startedAt, source, target, checkpoint, incrementalSync, spool, load, scan }: PageStatus, words: Words): Facts {
  const names = words.facts.runFacts;
  const offset = (value: number): string => (value < 0 ? '–' : String(value));
  const hasOffsets = load === undefined && scan === undefined;
  return [
    [names.started, clockTime(startedAt, words)],
    [names.source, `${source.address} ${source.server}`],
    [names.target, `${target.address} ${target.server}`],
    [names.epoch, offset(checkpoint.epoch)],
    [names.commands, showCount(incrementalSync.commandsApplied)],
    ...(hasOffsets
      ? ([
          [names.offsetSource, offset(incrementalSync.offsetSource)],
          [names.offsetReceived, offset(incrementalSync.offsetReceived)],
          [names.offsetApplied, offset(incrementalSync.offsetApplied)],
          [names.offsetMark, offset(checkpoint.offset)],
        ] satisfies Facts)
      : []),
    ...(spool.dir === '' ? [] : ([[names.spoolDir, spool.dir]] satisfies Facts)),
  ];
}

function scanFacts(scan: NonNullable<PageStatus['scan']>, { facts, verification }: Words): Facts {
  const names = facts.scanFacts;
  const count = (name: Exclude<keyof typeof names, 'stage' | 'follows'>): readonly [string, string] => [names[name], showCount(scan[name])];
  return [
    [names.stage, facts.stages[scan.stage] ?? scan.stage],
    [names.follows, scan.follows ? verification.yes : verification.no],
    ...(['keysSeen', 'passes', 'keysCompared', 'keysRemoved', 'queued', 'events', 'overflows', 'gaps'] as const).map(count),
  ];
}

function loadFacts(load: NonNullable<PageStatus['load']>, { facts, verification, bytes }: Words): Facts {
  const names = facts.loadFacts;
  return [
    [names.done, load.done ? verification.yes : verification.no],
    [names.keysExpired, showCount(load.keysExpired)],
    [names.tailBytes, bytes(load.tailBytes)],
    [names.position, load.position === '' ? '–' : load.position],
  ];
}

function Conversion({ status: { conversion }, words }: { readonly status: PageStatus; readonly words: Words }): JSX.Element {
  const { facts } = words;
  const { encoded, degraded, skipped, first, report } = conversion;
  const counts: Facts = [
    [facts.encoded, showCount(encoded)],
    [facts.degraded, showCount(degraded)],
    [facts.skipped, showCount(skipped)],
    ...(report === '' ? [] : ([[facts.report, report]] satisfies Facts)),
  ];
  return (
    <div>
      <h3>{facts.conversion}</h3>
      {encoded + degraded + skipped === 0 ? <p class="quiet">{facts.conversionNone}</p> : <FactList facts={counts} />}
      {first.length > 0 && (
        <ul class="losses">
          {first.map(({ outcome, db, key, what, reason }, i) => (
            <li key={i}>
              <strong>{facts.outcomes[outcome]}</strong> <code>{key === '' ? what : key}</code> <span class="quiet">{`db ${db} · ${what}`}</span> {reason}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function Rules({ rules, words }: { readonly rules: RulesStatus; readonly words: Words }): JSX.Element {
  const { facts } = words;
  const names = Object.keys(facts.transforms) as (keyof typeof facts.transforms)[];
  const counts = names.filter((name) => rules[name] > 0).map((name) => [facts.transforms[name], showCount(rules[name])] as const);
  return (
    <div>
      <h3>{facts.rules}</h3>
      <table>
        <thead>
          <tr>
            <th scope="col">{facts.rule}</th>
            <th scope="col">{facts.effect}</th>
            <th scope="col">{facts.count}</th>
          </tr>
        </thead>
        <tbody>
          {rules.decided.map(({ rule, effect, count }) => (
            <tr key={`${rule} ${effect}`}>
              <th scope="row">
                <code>{rule}</code>
              </th>
              <td>{effect}</td>
              <td class="number">{showCount(count)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {counts.length > 0 && <FactList facts={counts} />}
    </div>
  );
}
