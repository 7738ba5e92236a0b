import { useEffect, useState } from "preact/hooks";
import { ApiError } from "../api/client";
import { signIn } from "../state/session";
import { words } from "../text";
import mark from "../assets/mark.svg";

export default function SignIn() {
  const { signIn: text } = words();
  const [before, after] = text.intro.split("{command}");
  const [key, setKey] = useState("");
  const [wrong, setWrong] = useState("");
  const [busy, setBusy] = useState(false);

  async function enter(by: { key: string } | { token: string }): Promise<void> {
    setBusy(true);
    setWrong("");
    try {
      await signIn(by);
    } catch (error) {
      const status = error instanceof ApiError ? error.status : 0;
      setWrong(status === 429 ? text.slow : status === 401 ? ("token" in by ? text.used : text.wrong) : words().problems.noAnswer);
    } finally {
      setBusy(false);
    }
  }

  useEffect(() => {
    // The printed link. A fragment is never sent to a server, nor kept in its log.
    const token = /^#token=([\w-]+)$/.exec(location.hash)?.[1];
    if (token) {
      history.replaceState(null, "", location.pathname + location.search);
      void enter({ token });
    }
  }, []);

  return (
    <main class="sign-in">
      <form
        class="card stack"
        onSubmit={(event) => {
          event.preventDefault();
          void enter({ key: key.trim() });
        }}
      >
        <p class="brand">
          <img src={mark} alt="" /> {words().name}
        </p>
        <h1>{text.title}</h1>
        <p class="muted">
          {before}
          <code class="mono">waymark up</code>
          {after}
        </p>
        <label class="field">
          <span>{text.key}</span>
          <input class="input mono" type="password" name="key" autocomplete="current-password" required value={key} aria-invalid={wrong !== ""} aria-describedby="wrong" onInput={(event) => setKey(event.currentTarget.value)} />
        </label>
        <p class="problem" id="wrong" role="alert">
          {wrong}
        </p>
        <button class="button button-primary" disabled={busy}>
          {text.go}
        </button>
      </form>
    </main>
  );
}
