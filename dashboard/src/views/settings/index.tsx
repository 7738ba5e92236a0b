/* Everything of a workspace that is neither codes nor scans, in tabs that are loaded when they are opened. */

import { Route, Router, lazy, useLocation } from "preact-iso";
import { useEffect, useRef } from "preact/hooks";
import { Preferences } from "../../components/preferences";
import { TABS, shownTabs } from "../../state/settings";
import { viewQuery } from "../../state/view";
import { words } from "../../text";
import NotFound from "../not-found";

const Domains = lazy(() => import("./domains"));
const Branding = lazy(() => import("./branding"));
const Keys = lazy(() => import("./keys"));
const Sessions = lazy(() => import("./sessions"));
const Webhooks = lazy(() => import("./webhooks"));
const Reports = lazy(() => import("./reports"));
const SharedViews = lazy(() => import("./shared-views"));
const Exports = lazy(() => import("./exports"));
const Files = lazy(() => import("./files"));
const Usage = lazy(() => import("./usage"));
const System = lazy(() => import("./system"));

export default function Settings() {
  const { path } = useLocation();
  const { settings: text, nav } = words();
  const open = path.split("/")[2] || TABS[0];
  const tabs = useRef<HTMLElement>(null);
  // On a phone not all tabs have room.
  useEffect(() => tabs.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" }), [open]);
  if (!(TABS as readonly string[]).includes(open)) return <NotFound />;
  return (
    <>
      <header class="page-head">
        <h1>{nav.settings}</h1>
      </header>
      <nav class="settings-tabs" ref={tabs} aria-label={nav.settings}>
        {shownTabs().map((tab) => (
          <a key={tab} href={`/settings/${tab}${viewQuery.value}`} aria-current={tab === open ? "page" : undefined}>
            {text.tabs[tab]}
          </a>
        ))}
      </nav>
      <Router>
        <Route default component={Domains} />
        <Route path="/domains" component={Domains} />
        <Route path="/branding" component={Branding} />
        <Route path="/keys" component={Keys} />
        <Route path="/sessions" component={Sessions} />
        <Route path="/webhooks" component={Webhooks} />
        <Route path="/reports" component={Reports} />
        <Route path="/shared" component={SharedViews} />
        <Route path="/exports" component={Exports} />
        <Route path="/files" component={Files} />
        <Route path="/usage" component={Usage} />
        <Route path="/system" component={System} />
      </Router>
      <div class="card settings-own">
        <Preferences />
      </div>
    </>
  );
}
