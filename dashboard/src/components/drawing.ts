/* The series as a file of its own: an SVG drawing, made of the same numbers. */

interface Chart {
  title: string;
  ticks: string[];
  values: number[];
  before: number[] | null;
  colours: { ground: string; ink: string; line: string; series: string; before: string };
  number: (value: number) => string;
}

const [WIDTH, HEIGHT] = [960, 400];
const [LEFT, RIGHT, TOP, BOTTOM] = [72, 16, 48, 32];

/** The ends of steps on an axis from 0: 1, 2 or 5 times a power of ten, four of them or so. */
export function steps(most: number): number[] {
  const rough = Math.max(1, most) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, [1, 2, 5, 10].map((one) => one * power).find((one) => one >= rough) ?? 1);
  return Array.from({ length: Math.ceil(Math.max(1, most) / step) + 1 }, (_, at) => at * step);
}

export function chartSvg({ title, ticks, values, before, colours, number }: Chart): string {
  const marks = steps(Math.max(0, ...values, ...(before ?? [])));
  const top = marks.at(-1) ?? 1;
  const x = (at: number) => (LEFT + (at / Math.max(1, ticks.length - 1)) * (WIDTH - LEFT - RIGHT)).toFixed(1);
  const y = (value: number) => (HEIGHT - BOTTOM - (value / top) * (HEIGHT - TOP - BOTTOM)).toFixed(1);
  const line = (some: number[]) => some.map((value, at) => `${x(at)},${y(value)}`).join(" ");
  const every = Math.max(1, Math.ceil(ticks.length / 8));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="system-ui, sans-serif" font-size="13">`,
    `<title>${escaped(title)}</title><rect width="${WIDTH}" height="${HEIGHT}" fill="${colours.ground}"/>`,
    `<text x="${LEFT}" y="26" font-size="16" font-weight="600" fill="${colours.ink}">${escaped(title)}</text>`,
    ...marks.map((mark) => `<path d="M${LEFT} ${y(mark)}H${WIDTH - RIGHT}" stroke="${colours.line}"/><text x="${LEFT - 8}" y="${Number(y(mark)) + 4}" text-anchor="end" fill="${colours.ink}">${escaped(number(mark))}</text>`),
    ...ticks.map((tick, at) => (at % every === 0 ? `<text x="${x(at)}" y="${HEIGHT - 10}" text-anchor="${at === 0 ? "start" : "middle"}" fill="${colours.ink}">${escaped(tick)}</text>` : "")),
    before ? `<polyline points="${line(before)}" fill="none" stroke="${colours.before}" stroke-width="1.5" stroke-dasharray="4 4"/>` : "",
    `<polygon points="${x(0)},${y(0)} ${line(values)} ${x(Math.max(0, values.length - 1))},${y(0)}" fill="${colours.series}" fill-opacity="0.14"/>`,
    `<polyline points="${line(values)}" fill="none" stroke="${colours.series}" stroke-width="2" stroke-linejoin="round"/>`,
    "</svg>",
  ].join("\n");
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
