/** What can be done to the running job. Each change needs the token, which is asked for once; what came of it is told in words, and the state shows the rest. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Change, Control } from '../feed/control.ts';
import type { PageStatus } from '../feed/page-status.ts';
import type { Words } from '../words/en.ts';
import { FinishDialog } from './finish-dialog.tsx';
import { useWords } from './page-words.ts';
import { Panel } from './panel.tsx';
import { RateDialog } from './rate-dialog.tsx';
import { TokenDialog } from './token-dialog.tsx';

export type ChangeName = 'pause' | 'resume' | 'rate' | 'checkpoint' | 'finish';

interface Asked {
  readonly name: ChangeName;
  readonly change: Change;
}

interface Answer {
  readonly text: string;
  readonly isGood: boolean;
}

interface SteeringProps {
  readonly control: Control;
  readonly status: PageStatus;
  readonly isReachable: boolean;
  /** Something was changed: look again. */
  readonly onDone: () => void;
}

const ENDING = ['draining', 'stopped', 'failed'];

export function Steering({ control, status, isReachable, onDone }: SteeringProps): JSX.Element {
  const words = useWords();
  const texts = words.control;
  const [open, setOpen] = useState<'rate' | 'finish' | null>(null);
  const [waiting, setWaiting] = useState<Asked | null>(null);
  const [answer, setAnswer] = useState<Answer | null>(null);
  const ask = async (asked: Asked): Promise<void> => {
    setOpen(null);
    setWaiting(null);
    setAnswer(null);
    const outcome = await control.ask(asked.change);
    if (outcome.kind === 'token-missing') return setWaiting(asked);
    if (outcome.kind === 'token-wrong') setWaiting(asked);
    if (outcome.kind === 'done') onDone();
    setAnswer(answerOf(outcome, asked.name, words));
  };
  const post = (name: ChangeName): Promise<void> => ask({ name, change: { method: 'POST', path: `control/${name}` } });
  const isOff = !isReachable || ENDING.includes(status.phase);
  const button = (label: string, onClick: () => void, kind = ''): JSX.Element => (
    <button type="button" class={kind} disabled={isOff} onClick={onClick}>
      {label}
    </button>
  );
  return (
    <Panel id="steering" title={texts.title}>
      <div class="buttons">
        {status.paused ? button(texts.resume, () => void post('resume'), 'main') : button(texts.pause, () => void post('pause'))}
        {button(texts.rate, () => setOpen('rate'))}
        {button(texts.checkpoint, () => void post('checkpoint'))}
        {button(texts.finish, () => setOpen('finish'), 'danger')}
        {control.hasToken && (
          <button
            type="button"
            class="plain"
            onClick={() => {
              control.forget();
              setAnswer({ text: '', isGood: true });
            }}
          >
            {texts.forget}
          </button>
        )}
      </div>
      <p class={`answer ${answer?.isGood === false ? 'bad' : ''}`} role="status">
        {answer?.text}
      </p>
      {waiting !== null && (
        <TokenDialog
          isAgain={answer?.isGood === false}
          onCancel={() => setWaiting(null)}
          onToken={(token) => {
            control.keep(token);
            void ask(waiting);
          }}
        />
      )}
      {open === 'rate' && (
        <RateDialog
          onCancel={() => setOpen(null)}
          onRate={(commands, bytes) => void ask({ name: 'rate', change: { method: 'PUT', path: `rate?commands=${commands}&bytes=${bytes}` } })}
        />
      )}
      {open === 'finish' && <FinishDialog lagBytes={status.lagBytes} onCancel={() => setOpen(null)} onFinish={() => void post('finish')} />}
    </Panel>
  );
}

function answerOf(outcome: Awaited<ReturnType<Control['ask']>>, name: ChangeName, { control }: Words): Answer {
  switch (outcome.kind) {
    case 'done':
      return { text: control.done[name], isGood: true };
    case 'refused':
      return { text: control.refused(outcome.message), isGood: false };
    case 'unreachable':
      return { text: control.unreachable, isGood: false };
    case 'token-missing':
    case 'token-wrong':
      return { text: control.wrong, isGood: false };
  }
}
