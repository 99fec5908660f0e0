/** A question in front of the page: the browser's own dialog, so that the keyboard stays in it and Escape leaves it. */
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { useWords } from './page-words.ts';

interface ModalProps {
  readonly title: string;
  /** On the button that says yes. */
  readonly yes: string;
  readonly isDangerous?: boolean;
  readonly onYes: () => void;
  readonly onCancel: () => void;
  readonly children: ComponentChildren;
}

export function Modal({ title, yes, isDangerous = false, onYes, onCancel, children }: ModalProps): JSX.Element {
  const words = useWords();
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  return (
    <dialog ref={dialog} aria-labelledby={titleId} onClose={onCancel}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          onYes();
        }}
      >
        <h2 id={titleId}>{title}</h2>
        {children}
        <div class="buttons">
          <button type="button" onClick={onCancel}>
            {words.control.cancel}
          </button>
          <button type="submit" class={isDangerous ? 'danger' : 'main'}>
            {yes}
          </button>
        </div>
      </form>
    </dialog>
  );
}
