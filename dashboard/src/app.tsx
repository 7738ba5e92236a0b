/* The frame of every page, and which view an address shows. */

import { ErrorBoundary, LocationProvider, Route, Router, lazy, useLocation } from "preact-iso";
import { useEffect } from "preact/hooks";
import { Banner } from "./components/banner";
import { Icon } from "./components/icon";
import { Keys } from "./components/keys";
import { Preferences } from "./components/preferences";
import { Toasts } from "./components/toasts";
import mark from "./assets/mark.svg";
import { session, whoAmI } from "./state/session";
import { sharedToken } from "./state/shared";
import { opened } from "./state/open";
import { syncView, viewQuery } from "./state/view";
import "./state/theme";
import { language, words } from "./text";
import SignIn from "./views/sign-in";
import Overview from "./views/overview";

const Codes = lazy(() => import("./views/codes"));
const Code = lazy(() => import("./views/code"));
const Design = lazy(() => import("./views/design"));
const Settings = lazy(() => import("./views/settings"));
const Shared = lazy(() => import("./views/shared"));
const Sheet = lazy(() => import("./views/sheet"));
const NotFound = lazy(() => import("./views/not-found"));

export function App() {
  useEffect(() => void (sharedToken === null && whoAmI()), []);
  useEffect(() => {
    document.documentElement.lang = language.value;
  }, [language.value]);
  return (
    <>
      <Banner />
      {sharedToken === null ? (
        <Page />
      ) : (
        <ErrorBoundary>
          <Shared />
          <Toasts />
        </ErrorBoundary>
      )}
    </>
  );
}

function Page() {
  if (session.value === undefined) return <div class="skeleton boot" role="status" aria-label={words().loading} />;
  if (session.value === null) return <SignIn />;
  return (
    <LocationProvider>
      <a class="skip button" href="#content">
        {words().nav.skip}
      </a>
      <div class="shell">
        <Side />
        <main class="main" id="content" tabIndex={-1}>
          <Router>
            <Route path="/" component={Overview} />
            <Route path="/codes" component={Codes} />
            <Route path="/codes/print" component={Sheet} />
            <Route path="/codes/:id/design" component={Design} />
            <Route path="/settings" component={Settings} />
            <Route path="/settings/*" component={Settings} />
            <Route path="/codes/:id/:part?" component={Code} />
            <Route default component={NotFound} />
          </Router>
        </main>
      </div>
      <Keys />
      <Toasts />
    </LocationProvider>
  );
}

function Side() {
  const { path, url } = useLocation();
  useEffect(syncView, [url]);
  const { nav } = words();
  const pages = [
    { href: "/", icon: "chart-column", name: nav.overview },
    { href: "/codes", icon: "qr-code", name: nav.codes },
    { href: "/settings", icon: "settings", name: nav.settings },
  ];
  return (
    <nav class="side" aria-label={nav.main}>
      <a class="brand" href="/">
        <img src={mark} alt="" /> {words().name}
      </a>
      {pages.map((page) => (
        <a key={page.href} class="nav-link" href={page.href + viewQuery.value} aria-current={(page.href === "/" ? path === "/" : path.startsWith(page.href)) ? "page" : undefined}>
          <Icon name={page.icon} />
          {page.name}
        </a>
      ))}
      <button type="button" class="nav-link button-plain nav-find" aria-keyshortcuts="Control+K" onClick={() => (opened.value = "palette")}>
        <Icon name="search" />
        {words().keys.find}
        <kbd aria-hidden="true">Ctrl K</kbd>
      </button>
      <div class="side-end">
        <Preferences />
      </div>
    </nav>
  );
}
