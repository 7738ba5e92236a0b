import { words } from "../text";

export default function NotFound({ code }: { code?: boolean }) {
  return (
    <div class="card empty">
      <h1>{words().problems.notFound}</h1>
      {code && <p>{words().problems.noCode}</p>}
      <a class="button button-primary" href={code ? "/codes" : "/"}>
        {code ? words().keys.codes : words().problems.home}
      </a>
    </div>
  );
}
