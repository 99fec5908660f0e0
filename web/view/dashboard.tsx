/** The whole page, in the order in which it is needed: is it well, how far, what to do, what is in trouble and why, then everything else. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Control } from '../feed/control.ts';
import type { LiveFeed } from '../feed/live-feed.ts';
import type { PageStatus } from '../feed/page-status.ts';
import { pictureOf } from '../judge/topology.ts';
import { type Verdict, verdictOf } from '../judge/verdict.ts';
import { chosenTheme, chosenWords, chooseTheme, chooseWords, type Theme } from '../words/choice.ts';
import { AlertPanel } from './alert-panel.tsx';
import { Banner } from './banner.tsx';
import { ChartPanel } from './chart-panel.tsx';
import { ConnectionPanel } from './connection-panel.tsx';
import { EventPanel } from './event-panel.tsx';
import { FactPanel } from './fact-panel.tsx';
import { FindingPanel } from './finding-panel.tsx';
import { LostContact } from './lost-contact.tsx';
import { Numbers } from './numbers.tsx';
import { PageHeader } from './page-header.tsx';
import { PageWords } from './page-words.ts';
import { Phases } from './phases.tsx';
import { PicturePanel } from './picture-panel.tsx';
import { Steering } from './steering.tsx';
import { VerificationPanel } from './verification-panel.tsx';

interface DashboardProps {
  readonly feed: LiveFeed;
  readonly control: Control;
  readonly root: string;
  /** Another number each time something in the feed is new. */
  readonly version: number;
}

export function Dashboard({ feed, control, root }: DashboardProps): JSX.Element {
  const [words, setWords] = useState(chosenWords);
  const [theme, setTheme] = useState<Theme>(chosenTheme);
  const { status, contact, now } = feed;
  const verdict = status === null ? null : verdictOf(status, now);
  useTitle(status, verdict, contact.state === 'lost');
  return (
    <PageWords.Provider value={words}>
      <a class="skip" href="#facts">
        {words.head.skip}
      </a>
      <PageHeader
        status={status}
        contact={contact}
        theme={theme}
        onWords={(next) => {
          chooseWords(next);
          setWords(next);
        }}
        onTheme={(next) => {
          chooseTheme(next);
          setTheme(next);
        }}
      />
      <main id="facts" tabIndex={-1} class={contact.state === 'lost' && status !== null ? 'stale' : ''}>
        {contact.state === 'lost' && <LostContact heardAt={contact.heardAt} phase={status?.phase ?? null} />}
        {status === null || verdict === null ? (
          contact.state !== 'lost' && <p class="waiting">{words.head.waiting}</p>
        ) : (
          <Facts feed={feed} control={control} status={status} verdict={verdict} theme={theme} />
        )}
      </main>
      {status !== null && (
        <footer>
          {words.footer(status.version)} <a href={`${root}status`}>/status</a>
        </footer>
      )}
    </PageWords.Provider>
  );
}

interface FactsProps {
  readonly feed: LiveFeed;
  readonly control: Control;
  readonly status: PageStatus;
  readonly verdict: Verdict;
  readonly theme: Theme;
}

function Facts({ feed, control, status, verdict, theme }: FactsProps): JSX.Element {
  const { now, contact } = feed;
  const [search, setSearch] = useState('');
  const picture = pictureOf(status);
  return (
    <>
      <Banner status={status} verdict={verdict} isStale={contact.state === 'lost'} />
      <Numbers status={status} slowest={picture.slowest} now={now} />
      <div class="side-by-side">
        <Phases status={status} now={now} />
        <Steering control={control} status={status} isReachable={contact.state !== 'lost'} onDone={() => feed.refresh()} />
      </div>
      <PicturePanel picture={picture} isLoad={status.load !== undefined} onShow={setSearch} />
      <ChartPanel series={feed.series} theme={theme} hasLag={status.load === undefined && status.scan === undefined} />
      <div class="side-by-side">
        <EventPanel events={feed.events} status={status} />
        <div class="stack">
          <FindingPanel findings={status.findings} />
          <AlertPanel alerts={status.alerts} />
          <VerificationPanel verification={status.verification ?? null} />
        </div>
      </div>
      <ConnectionPanel connections={status.connections} now={now} search={search} onSearch={setSearch} />
      <FactPanel status={status} />
    </>
  );
}

/** Seen in a tab that is not in front. */
function useTitle(status: PageStatus | null, verdict: Verdict | null, isLost: boolean): void {
  const sign = isLost || verdict?.level === 'bad' ? '✖ ' : verdict?.level === 'warn' ? '⚠ ' : '';
  const title = `${sign}${status === null ? '' : `${status.job} · `}Godwit`;
  useEffect(() => {
    document.title = title;
  }, [title]);
}
