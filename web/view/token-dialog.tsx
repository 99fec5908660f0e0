/** Asks for the token of this run. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { Modal } from './modal.tsx';
import { useWords } from './page-words.ts';

interface TokenDialogProps {
  /** The one before was wrong. */
  readonly isAgain: boolean;
  readonly onToken: (token: string) => void;
  readonly onCancel: () => void;
}

export function TokenDialog({ isAgain, onToken, onCancel }: TokenDialogProps): JSX.Element {
  const { control } = useWords();
  const [token, setToken] = useState('');
  return (
    <Modal title={control.tokenTitle} yes={control.tokenUse} onCancel={onCancel} onYes={() => token.trim() !== '' && onToken(token.trim())}>
      <p>{control.tokenText}</p>
      {isAgain && <p class="bad">{control.wrong}</p>}
      <label class="field">
        {control.token}
        <input type="password" autocomplete="off" required value={token} onInput={({ currentTarget }) => setToken(currentTarget.value)} />
      </label>
    </Modal>
  );
}
