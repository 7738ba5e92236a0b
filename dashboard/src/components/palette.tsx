/* Find a code, or something to do, by typing a part of its name. */

import { useLocation } from "preact-iso";
import { useEffect, useId, useState } from "preact/hooks";
import { nameOf } from "../api/code-names";
import { listPath, type CodePage } from "../api/codes";
import { get } from "../api/client";
import { opened } from "../state/open";
import { mayWrite, signOut } from "../state/session";
import { shownTabs } from "../state/settings";
import { setTheme } from "../state/theme";
import { PERIODS, viewQuery, setView, view } from "../state/view";
import { fill, language, languages, setLanguage, words } from "../text";
import { Dialog } from "./dialog";
import { Icon } from "./icon";

interface Found {
  id: string;
  name: string;
  icon: string;
  note?: string;
  run: () => void;
}

const CODES = 8;

export default function Palette() {
  const { keys, nav } = words();
  const { route } = useLocation();
  const [search, setSearch] = useState("");
  const [codes, setCodes] = useState<{ of: string; found: Found[] }>({ of: "", found: [] });
  const [at, setAt] = useState(0);
  const id = useId();
  const close = () => (opened.value = null);

  useEffect(() => {
    const stop = new AbortController();
    const wait = setTimeout(async () => {
      try {
        const page = await get<CodePage>(listPath({ q: search.trim(), tag: "", folder: "" }, null, CODES), stop.signal);
        setCodes({ of: search, found: page.codes.map((code) => ({ id: code.id, name: nameOf(code), icon: "qr-code", note: code.short_url.replace(/^https?:\/\//, ""), run: () => route(`/codes/${code.id}${viewQuery.value}`) })) });
      } catch {
        // What there is to do is found all the same.
        if (!stop.signal.aborted) setCodes({ of: search, found: [] });
      }
    }, search === "" ? 0 : 120);
    return () => {
      clearTimeout(wait);
      stop.abort();
    };
  }, [search]);

  const actions: Found[] = [
    { id: "overview", name: nav.overview, icon: "chart-column", run: () => route(`/${viewQuery.value}`) },
    { id: "codes", name: nav.codes, icon: "layout-list", run: () => route(`/codes${viewQuery.value}`) },
    ...shownTabs().map((tab) => ({ id: `settings ${tab}`, name: `${nav.settings}: ${words().settings.tabs[tab]}`, icon: "settings", run: () => route(`/settings/${tab}${viewQuery.value}`) })),
    ...(mayWrite() ? [{ id: "save", name: words().settings.reports.save, icon: "bookmark-plus", run: () => (opened.value = "save") }] : []),
    ...PERIODS.map((one) => ({ id: one, name: fill(keys.period, { name: words().periods[one] }), icon: "calendar-days", run: () => setView({ period: one }) })),
    ...(view.value.filters.length > 0 ? [{ id: "clear", name: keys.clear, icon: "filter-x", run: () => setView({ filters: [] }) }] : []),
    { id: "dark", name: keys.dark, icon: "moon", run: () => setTheme("dark") },
    { id: "light", name: keys.light, icon: "sun", run: () => setTheme("light") },
    ...Object.entries(languages)
      .filter(([name]) => name !== language.value)
      .map(([name, title]) => ({ id: name, name: title, icon: "languages", run: () => setLanguage(name) })),
    { id: "keys", name: keys.title, icon: "keyboard", run: () => (opened.value = "shortcuts") },
    { id: "out", name: words().signIn.out, icon: "log-out", run: () => void signOut() },
  ];
  const wanted = search.trim().toLocaleLowerCase(language.value);
  const fits = (one: Found) => one.name.toLocaleLowerCase(language.value).includes(wanted);
  // While an answer is awaited, those of the one before that fit: Enter never runs what was not meant.
  const those = codes.of === search ? codes.found : codes.found.filter(fits);
  const found = [...(wanted === "" ? those.slice(0, 4) : those), ...actions.filter(fits)];
  const chosen = Math.min(at, found.length - 1);

  function run(one: Found | undefined): void {
    if (!one) return;
    close();
    one.run();
  }

  function pressed(event: KeyboardEvent): void {
    const by = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (event.key === "Enter") run(found[chosen]);
    else if (by !== 0 && found.length > 0) {
      const next = (chosen + by + found.length) % found.length;
      setAt(next);
      document.getElementById(`${id}-${next}`)?.scrollIntoView({ block: "nearest" });
    } else return;
    event.preventDefault();
  }

  return (
    <Dialog title={keys.find} close={() => opened.value === "palette" && close()}>
      <input
        class="input palette-input"
        type="text"
        role="combobox"
        aria-expanded="true"
        aria-controls={`${id}-list`}
        aria-activedescendant={chosen >= 0 ? `${id}-${chosen}` : undefined}
        aria-label={keys.search}
        placeholder={keys.hint}
        autocomplete="off"
        autofocus
        value={search}
        onInput={(event) => {
          setSearch(event.currentTarget.value);
          setAt(0);
        }}
        onKeyDown={pressed}
      />
      <div class="palette-list" role="listbox" id={`${id}-list`} aria-label={keys.search}>
        {found.map((one, index) => (
          <div key={one.id} id={`${id}-${index}`} role="option" aria-selected={index === chosen} class="palette-option" onClick={() => run(one)} onPointerMove={() => setAt(index)}>
            <Icon name={one.icon} />
            <bdi>{one.name}</bdi>
            {one.note && <bdi class="muted mono palette-note">{one.note}</bdi>}
          </div>
        ))}
        {found.length === 0 && <p class="muted">{keys.none}</p>}
      </div>
    </Dialog>
  );
}
