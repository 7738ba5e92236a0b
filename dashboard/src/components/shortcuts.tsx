import { opened } from "../state/open";
import { words } from "../text";
import { Dialog } from "./dialog";

export default function Shortcuts() {
  const { keys } = words();
  const all: [string[], string][] = [
    [["Ctrl", "K"], keys.hint],
    [["g", "o"], keys.overview],
    [["g", "c"], keys.codes],
    [["[", "]"], keys.shift],
    [["x"], keys.clear],
    [["?"], keys.show],
  ];
  return (
    <Dialog title={keys.title} close={() => (opened.value = null)}>
      <dl class="shortcuts">
        {all.map(([pressed, does]) => (
          <div key={does}>
            <dt>{does}</dt>
            <dd>
              {pressed.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
