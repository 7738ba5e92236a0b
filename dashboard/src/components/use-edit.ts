/* Saving a part of a code: live everywhere, undone by the toast, told when somebody else was first. */

import { useState } from "preact/hooks";
import { ApiError } from "../api/client";
import { editCode, undoEdit, type Code, type CodeEdit } from "../api/codes";
import { showToast } from "../state/toasts";
import { words } from "../text";

export interface PartProps {
  code: Code;
  etag: string | null;
  again: () => void;
}

export interface Edit {
  busy: boolean;
  error: unknown;
  /** True when it is saved. With `back`, the toast offers to write that again. */
  save: (changes: CodeEdit, back?: CodeEdit) => Promise<boolean>;
}

export function useEdit({ code, etag, again }: PartProps): Edit {
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);

  async function save(changes: CodeEdit, back?: CodeEdit): Promise<boolean> {
    setBusy(true);
    setError(null);
    try {
      const { etag: next } = await editCode(code.id, changes, etag);
      showToast(words().codes.live, back ? { label: words().undo, run: () => void undoEdit(code.id, back, next).then(again, again) } : undefined);
      again();
      return true;
    } catch (problem) {
      if (problem instanceof ApiError && problem.status === 412) {
        showToast(words().codes.conflict);
        again();
      } else setError(problem);
      return false;
    } finally {
      setBusy(false);
    }
  }

  return { busy, error, save };
}
