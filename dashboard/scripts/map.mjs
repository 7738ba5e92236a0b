// Draw the countries of world-atlas once, as paths by their two letters, so that the page needs neither d3 nor topojson.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { geoEqualEarth, geoPath } from "d3-geo";
import { feature } from "topojson-client";
import iso from "iso-3166-1";

const root = new URL("..", import.meta.url).pathname;
const world = JSON.parse(readFileSync(join(root, "node_modules/world-atlas/countries-110m.json"), "utf8"));
const shapes = feature(world, world.objects.countries).features.filter((one) => one.properties.name !== "Antarctica");
const [width, height] = [960, 440];
const projection = geoEqualEarth().fitExtent([[4, 4], [width - 4, height - 4]], { type: "FeatureCollection", features: shapes });
const path = geoPath(projection).digits(1);
const found = {};
for (const shape of shapes) {
  const code = iso.whereNumeric(shape.id ?? "")?.alpha2 ?? `-${shape.properties.name}`;
  found[code] = (found[code] ?? "") + path(shape);
}
writeFileSync(join(root, "src/assets/world.json"), JSON.stringify({ width, height, paths: found }));
