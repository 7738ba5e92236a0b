// Make one sprite of the icons that the sources name: <Icon name="…">, <Icon name={… "…"}>, or icon: "…".
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const root = new URL("..", import.meta.url).pathname;
const names = new Set();
for (const entry of readdirSync(join(root, "src"), { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || !/\.tsx?$/.test(entry.name)) continue;
  const text = readFileSync(join(entry.parentPath, entry.name), "utf8");
  for (const [asked] of text.matchAll(/<Icon name=(?:"[^"]*"|\{[^}]*\})|\bicon: "[^"]*"/g)) {
    for (const [, name] of asked.matchAll(/"([a-z0-9-]+)"/g)) names.add(name);
  }
}
const symbols = [...names].sort().map((name) => {
  const file = join(root, "node_modules/lucide-static/icons", `${name}.svg`);
  // (A text that is compared beside the name is no icon.)
  if (!existsSync(file)) return "";
  const icon = readFileSync(file, "utf8");
  const inside = icon.replace(/<!--[\s\S]*?-->/g, "").replace(/<svg[\s\S]*?>/, "").replace("</svg>", "");
  return `<symbol id="${name}" viewBox="0 0 24 24">${inside.replace(/\s+/g, " ").trim()}</symbol>`;
});
writeFileSync(join(root, "src/assets/icons.svg"), `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("\n")}</svg>\n`);
