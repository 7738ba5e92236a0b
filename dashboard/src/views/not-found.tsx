import { words } from "../text";

export default function NotFound() {
  return (
    <div class="card empty">
      <h1>{words().problems.notFound}</h1>
      <a class="button button-primary" href="/">
        {words().problems.home}
      </a>
    </div>
  );
}
