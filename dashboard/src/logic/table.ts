/* A pasted table of codes to create: CSV with a header, from a spreadsheet (tabs), or one address on each line. */

export interface Item {
  destination: string;
  label?: string;
  slug?: string;
  tags?: string[];
}

type Flaw = "destination" | "slug" | "twice" | "tags";

export interface Line {
  /** Of the pasted text, from 1. */
  number: number;
  text: string;
  item: Item;
  flaw: Flaw | null;
}

const COLUMNS: Record<string, keyof Item> = { destination: "destination", url: "destination", link: "destination", ziel: "destination", label: "label", name: "label", slug: "slug", tags: "tags", schlagwörter: "tags" };
const SLUG = /^(?=.{3,48}$)[a-z0-9]+(-[a-z0-9]+)*$/;

interface Read {
  header: string | null;
  lines: Line[];
}

export function readTable(text: string): Read {
  const rows = records(text);
  const first = rows[0]?.cells.map((cell) => COLUMNS[cell.trim().toLowerCase()]);
  const hasHeader = first !== undefined && first.includes("destination");
  const order = hasHeader ? first : (["destination", "label", "slug", "tags"] as const);
  const slugs = new Set<string>();
  const lines = (hasHeader ? rows.slice(1) : rows).map((row): Line => {
    const item: Item = { destination: "" };
    row.cells.forEach((cell, at) => {
      const value = cell.trim();
      const name = order[at];
      if (value === "" || name === undefined) return;
      if (name === "tags") item.tags = value.split(/[,;|]/).map((tag) => tag.trim()).filter(Boolean);
      else item[name] = value;
    });
    return { number: row.number, text: row.text, item, flaw: flaw(item, slugs) };
  });
  return { header: hasHeader ? (rows[0]?.text ?? null) : null, lines };
}

function flaw(item: Item, slugs: Set<string>): Flaw | null {
  if (!/^https?:$/.test(URL.canParse(item.destination) ? new URL(item.destination).protocol : "")) return "destination";
  if (item.slug !== undefined) {
    if (!SLUG.test(item.slug)) return "slug";
    if (slugs.has(item.slug)) return "twice";
    slugs.add(item.slug);
  }
  return (item.tags?.length ?? 0) > 10 ? "tags" : null;
}

interface Record_ {
  number: number;
  text: string;
  cells: string[];
}

/** RFC 4180, with the delimiter that the first line has most of. Empty lines are left out. */
function records(text: string): Record_[] {
  const line = text.replace(/^\ufeff/, "").split(/\r?\n/, 1)[0] ?? "";
  const delimiter = ["\t", ";", ","].map((one) => ({ one, times: line.split(one).length })).reduce((a, b) => (b.times > a.times ? b : a)).one;
  const all = text.replace(/^\ufeff/, "").replace(/\r\n?/g, "\n");
  const found: Record_[] = [];
  let [cells, cell, quoted, begin, number, at] = [[] as string[], "", false, 0, 1, 0];
  let next = 1;
  function end(): void {
    cells.push(cell);
    const whole = all.slice(begin, at);
    if (whole.trim() !== "") found.push({ number, text: whole, cells });
    [cells, cell, begin, number] = [[], "", at + 1, next];
  }
  for (; at < all.length; at++) {
    const letter = all[at];
    if (letter === "\n") next++;
    if (quoted) {
      if (letter !== '"') cell += letter;
      else if (all[at + 1] === '"') cell += all[++at];
      else quoted = false;
    } else if (letter === '"' && cell === "") quoted = true;
    else if (letter === delimiter) {
      cells.push(cell);
      cell = "";
    } else if (letter === "\n") end();
    else cell += letter;
  }
  end();
  return found;
}
