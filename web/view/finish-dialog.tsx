/** The only change that cannot be taken back is asked about. */
import type { JSX } from 'preact';
import { Modal } from './modal.tsx';
import { useWords } from './page-words.ts';

interface FinishDialogProps {
  readonly lagBytes: number;
  readonly onFinish: () => void;
  readonly onCancel: () => void;
}

export function FinishDialog({ lagBytes, onFinish, onCancel }: FinishDialogProps): JSX.Element {
  const { control, bytes } = useWords();
  return (
    <Modal title={control.finishTitle} yes={control.finishYes} isDangerous onCancel={onCancel} onYes={onFinish}>
      <p>{control.finishText}</p>
      {lagBytes > 0 && <p class="bad">{control.finishBehind(bytes(lagBytes))}</p>}
    </Modal>
  );
}
