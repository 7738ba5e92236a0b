const id = "b1c2…";
const res = await fetch(
`https://openqr.uk/v1/dynamic/${id}/scans?days=7`,
{ headers: { Authorization: `Bearer ${process.env.OPENQR_KEY}` } }
);
const { slug, scans, analytics } = await res.json();
const yesterday = analytics.daily.at(-1); // newest bucket
const top = (arr) => (arr[0] ? arr[0].value : "—");
await fetch(process.env.SLACK_WEBHOOK_URL, {
method: "POST",
headers: { "Content-Type": "application/json" },
body: JSON.stringify({
text:
`*oqr.to/${slug}* — ${yesterday.n} scans on ${yesterday.day}\n` +
`7-day total: ${analytics.window_total} · lifetime: ${scans.total}\n` +
`Top country: ${top(analytics.by_country)} · top referrer: ${top(analytics.by_referrer)}`,
}),
});
