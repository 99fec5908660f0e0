/** Asks for the limits of the rate. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { Modal } from './modal.tsx';
import { useWords } from './page-words.ts';

interface RateDialogProps {
  /** Per second and node of the target; 0 = no limit. */
  readonly onRate: (commands: number, bytes: number) => void;
  readonly onCancel: () => void;
}

export function RateDialog({ onRate, onCancel }: RateDialogProps): JSX.Element {
  const { control } = useWords();
  const [commands, setCommands] = useState('0');
  const [bytes, setBytes] = useState('0');
  const field = (name: string, value: string, set: (value: string) => void): JSX.Element => (
    <label class="field">
      {name}
      <input
        type="number"
        inputMode="numeric"
        min="0"
        max={2 ** 40}
        step="1"
        required
        value={value}
        onInput={({ currentTarget }) => set(currentTarget.value)}
      />
    </label>
  );
  return (
    <Modal title={control.rateTitle} yes={control.rateSet} onCancel={onCancel} onYes={() => onRate(Number(commands), Number(bytes))}>
      <p>{control.rateText}</p>
      {field(control.rateCommands, commands, setCommands)}
      {field(control.rateBytes, bytes, setBytes)}
    </Modal>
  );
}
