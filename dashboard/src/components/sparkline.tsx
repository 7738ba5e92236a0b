/* The last weeks of a code, as a line without numbers. */

const [WIDTH, HEIGHT] = [120, 28];

export function Sparkline({ values }: { values: number[] }) {
  if (values.length < 2) return <svg class="sparkline" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true" />;
  const most = Math.max(1, ...values);
  const points = values.map((value, at) => `${((at / (values.length - 1)) * WIDTH).toFixed(1)},${(HEIGHT - 2 - (value / most) * (HEIGHT - 4)).toFixed(1)}`);
  return (
    <svg class="sparkline" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true" preserveAspectRatio="none">
      <polyline points={points.join(" ")} />
    </svg>
  );
}
