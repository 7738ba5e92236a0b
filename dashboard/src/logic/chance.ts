/* Whether shares differ from what their weights promise by more than chance: Pearson's test, two-sided. */

interface Part {
  seen: number;
  weight: number;
}

/** The probability of a difference at least this large if there were none; null where the test says nothing (too few seen). */
export function chance(parts: Part[]): number | null {
  const live = parts.filter((part) => part.weight > 0);
  const [seen, weight] = [sum(live.map((part) => part.seen)), sum(live.map((part) => part.weight))];
  const expected = live.map((part) => (seen * part.weight) / weight);
  // The usual bound below which the approximation is poor.
  if (live.length < 2 || expected.some((one) => one < 5)) return null;
  const square = sum(live.map((part, at) => (part.seen - (expected[at] ?? 0)) ** 2 / (expected[at] ?? 1)));
  return upperGamma((live.length - 1) / 2, square / 2);
}

function sum(values: number[]): number {
  return values.reduce((a, b) => a + b, 0);
}

/** The regularised upper incomplete gamma function Q(a, x): by its series below a + 1, by its continued fraction above. */
export function upperGamma(a: number, x: number): number {
  if (x <= 0) return 1;
  const front = Math.exp(-x + a * Math.log(x) - logGamma(a));
  if (x < a + 1) {
    let [term, total] = [1 / a, 1 / a];
    for (let n = 1; n < 1000 && term > total * 1e-15; n++) {
      term *= x / (a + n);
      total += term;
    }
    return 1 - front * total;
  }
  const tiny = 1e-300;
  let b = x + 1 - a;
  let c = 1 / tiny;
  let d = 1 / b;
  let h = d;
  for (let n = 1; n < 1000; n++) {
    const an = -n * (n - a);
    b += 2;
    d = 1 / (Math.abs(an * d + b) < tiny ? tiny : an * d + b);
    c = Math.abs(b + an / c) < tiny ? tiny : b + an / c;
    const by = d * c;
    h *= by;
    if (Math.abs(by - 1) < 1e-15) break;
  }
  return front * h;
}

/** Of halves and whole numbers only, by Γ(a) = (a − 1) Γ(a − 1). */
function logGamma(a: number): number {
  let [total, at] = [0, a];
  while (at > 1) total += Math.log(--at);
  return at === 0.5 ? total + Math.log(Math.PI) / 2 : total;
}
