/* What the reader chooses for this browser, and the way out: in the side, and on a phone in the settings. */

import { opened } from "../state/open";
import { signOut } from "../state/session";
import { setTheme, theme, type Theme } from "../state/theme";
import { language, languages, setLanguage, words } from "../text";
import { Icon } from "./icon";

export function Preferences() {
  return (
    <>
      <button type="button" class="nav-link button-plain nav-keys" aria-keyshortcuts="?" onClick={() => (opened.value = "shortcuts")}>
        <Icon name="keyboard" />
        {words().keys.title}
      </button>
      <label class="field">
        <span>{words().languageLabel}</span>
        <select class="input" value={language.value} onChange={(event) => setLanguage(event.currentTarget.value)}>
          {Object.entries(languages).map(([name, title]) => (
            <option key={name} value={name}>
              {title}
            </option>
          ))}
        </select>
      </label>
      <label class="field">
        <span>{words().theme.label}</span>
        <select class="input" value={theme.value} onChange={(event) => setTheme(event.currentTarget.value as Theme)}>
          {(["auto", "light", "dark"] as const).map((one) => (
            <option key={one} value={one}>
              {words().theme[one]}
            </option>
          ))}
        </select>
      </label>
      <button type="button" class="nav-link button-plain" onClick={() => void signOut()}>
        <Icon name="log-out" />
        {words().signIn.out}
      </button>
    </>
  );
}
