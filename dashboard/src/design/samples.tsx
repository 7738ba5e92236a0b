/* What a shape looks like, small. */

const CELLS = ["1101", "1011", "0110", "1101"];

export function ShapeSample({ shape }: { shape: string }) {
  const dark = (x: number, y: number): boolean => CELLS[y]?.[x] === "1";
  const cells = CELLS.flatMap((row, y) => [...row].flatMap((one, x) => (one === "1" ? [[x, y] as const] : [])));
  return (
    <svg class="sample" viewBox="-0.2 -0.2 4.4 4.4" aria-hidden="true">
      {cells.map(([x, y]) => {
        const key = `${x} ${y}`;
        if (shape === "dots") return <circle key={key} cx={x + 0.5} cy={y + 0.5} r="0.45" />;
        if (shape === "diamond") return <path key={key} d={`M${x + 0.5} ${y}l.5 .5-.5 .5-.5-.5Z`} />;
        if (shape === "horizontal") return <path key={key} class="sample-line" d={`M${x + 0.5} ${y + 0.5}h${dark(x + 1, y) ? 1 : 0.01}`} />;
        if (shape === "vertical") return <path key={key} class="sample-line" d={`M${x + 0.5} ${y + 0.5}v${dark(x, y + 1) ? 1 : 0.01}`} />;
        if (shape === "rounded") return <path key={key} class="sample-line sample-wide" d={`M${x + 0.5} ${y + 0.5}h${dark(x + 1, y) ? 1 : 0.01}M${x + 0.5} ${y + 0.5}v${dark(x, y + 1) ? 1 : 0.01}`} />;
        if (shape === "classy") return <path key={key} d={`M${x + (dark(x - 1, y) || dark(x, y - 1) ? 0 : 0.5)} ${y}H${x + 1}V${y + (dark(x + 1, y) || dark(x, y + 1) ? 1 : 0.5)}L${x + (dark(x + 1, y) || dark(x, y + 1) ? 1 : 0.5)} ${y + 1}H${x}V${y + (dark(x - 1, y) || dark(x, y - 1) ? 0 : 0.5)}Z`} />;
        return <rect key={key} x={x} y={y} width="1.01" height="1.01" />;
      })}
    </svg>
  );
}

export function FinderSample({ shape, part }: { shape: string; part: "ring" | "eye" }) {
  return (
    <svg class="sample" viewBox="0 0 7 7" aria-hidden="true">
      <Outline shape={part === "ring" ? shape : "square"} at={0.5} side={6} ring faint={part === "eye"} />
      <Outline shape={part === "eye" ? shape : "square"} at={2} side={3} faint={part === "ring"} />
    </svg>
  );
}

function Outline({ shape, at, side, ring, faint }: { shape: string; at: number; side: number; ring?: boolean; faint?: boolean }) {
  const far = at + side;
  const kind = `${ring ? "sample-ring" : ""} ${faint ? "sample-faint" : ""}`;
  if (shape === "circle") return <circle class={kind} cx={at + side / 2} cy={at + side / 2} r={side / 2} />;
  if (shape === "diamond") return <path class={kind} d={`M${at + side / 2} ${at}L${far} ${at + side / 2}L${at + side / 2} ${far}L${at} ${at + side / 2}Z`} />;
  const soft = side * 0.33;
  if (shape === "leaf") return <path class={kind} d={`M${at} ${at}H${far - soft}Q${far} ${at} ${far} ${at + soft}V${far}H${at + soft}Q${at} ${far} ${at} ${far - soft}Z`} />;
  return <rect class={kind} x={at} y={at} width={side} height={side} rx={shape === "rounded" ? side * 0.25 : 0} />;
}
