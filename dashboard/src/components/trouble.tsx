/* What went wrong in a part of the page, and a way on. */

import { ApiError } from "../api/client";
import { fill, words } from "../text";
import { Icon } from "./icon";

export function Trouble({ error, retry }: { error: Error; retry: () => void }) {
  const text = error instanceof ApiError ? fill(words().problems.failed, { message: error.message }) : words().problems.noAnswer;
  return (
    <div class="notice notice-bad" role="alert">
      <Icon name="circle-alert" />
      <span>{text}</span>
      <button type="button" class="button" onClick={retry}>
        {words().problems.retry}
      </button>
    </div>
  );
}
