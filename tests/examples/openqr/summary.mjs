const KEY = process.env.OPENQR_KEY;
const id = "b1c2…";
const res = await fetch(
`https://openqr.uk/v1/dynamic/${id}/scans?days=14`,
{ headers: { Authorization: `Bearer ${KEY}` } }
);
const { scans, analytics } = await res.json();
const busiest = analytics.daily.reduce(
(a, b) => (b.n > a.n ? b : a),
{ day: "—", n: 0 }
);
const top = (arr) => arr[0] ? `${arr[0].value} (${arr[0].n})` : "none";
console.log(`Lifetime: ${scans.total} | last 14d: ${analytics.window_total}`);
console.log(`Busiest day: ${busiest.day} (${busiest.n})`);
console.log(`Top country: ${top(analytics.by_country)}`);
console.log(`Top referrer: ${top(analytics.by_referrer)}`);
