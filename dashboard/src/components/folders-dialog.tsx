/* The folders: make, rename, delete. */

import { useState } from "preact/hooks";
import { cache } from "../api/cache";
import { call } from "../api/client";
import { changed, type Folder } from "../api/codes";
import { showToast } from "../state/toasts";
import { fill, words } from "../text";
import { Dialog } from "./dialog";
import { TextField, problemOf } from "./forms";
import { Icon } from "./icon";

export function FoldersDialog({ folders, close }: { folders: Folder[]; close: () => void }) {
  const { list: text } = words();
  const [name, setName] = useState("");
  const [error, setError] = useState<unknown>(null);
  const [sure, setSure] = useState<string | null>(null);

  async function change(method: string, path: string, body?: unknown): Promise<boolean> {
    setError(null);
    try {
      await call(method, path, body === undefined ? {} : { body });
      await cache.invalidateQueries({ queryKey: ["folders"] });
      changed();
      return true;
    } catch (problem) {
      setError(problem);
      return false;
    }
  }

  return (
    <Dialog title={text.folders} close={close}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void change("POST", "/v1/folders", { name: name.trim() }).then((made) => made && setName(""));
        }}
      >
        <TextField label={text.newFolder} name="folder" required value={name} change={setName} problem={problemOf(error, "name") ?? problemOf(error)}>
          <button class="button button-primary">
            <Icon name="plus" />
            {text.make}
          </button>
        </TextField>
      </form>
      {folders.length === 0 && <p class="muted">{text.noFolders}</p>}
      <ul class="stack folder-list">
        {folders.map((folder) => (
          <li key={folder.id} class="row">
            <Icon name="folder" />
            <Name folder={folder} rename={(to) => change("PATCH", `/v1/folders/${folder.id}`, { name: to })} />
            {sure === folder.id ? (
              <button type="button" class="button button-danger" onClick={() => void change("DELETE", `/v1/folders/${folder.id}`).then((gone) => gone && showToast(text.folderGone))}>
                {text.folderSure}
              </button>
            ) : (
              <button type="button" class="button button-plain" aria-label={`${words().codes.delete}: ${folder.name}`} onClick={() => setSure(folder.id)}>
                <Icon name="trash-2" />
              </button>
            )}
          </li>
        ))}
      </ul>
    </Dialog>
  );
}

/** Written when it is left, or by Enter. */
function Name({ folder, rename }: { folder: Folder; rename: (to: string) => Promise<boolean> }) {
  const [name, setName] = useState(folder.name);
  const keep = () => {
    if (name.trim() !== folder.name && name.trim() !== "") void rename(name.trim());
    else setName(folder.name);
  };
  return <input class="input folder-name" value={name} dir="auto" aria-label={fill(words().list.rename, { name: folder.name })} onInput={(event) => setName(event.currentTarget.value)} onBlur={keep} onKeyDown={(event) => event.key === "Enter" && (event.preventDefault(), event.currentTarget.blur())} />;
}
