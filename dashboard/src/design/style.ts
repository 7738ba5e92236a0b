/* A style as the designer edits it: every field there. `/v1` takes shorter forms, too, and knows defaults. */

export const SHAPES = ["square", "rounded", "dots", "diamond", "classy", "horizontal", "vertical"] as const;
export const RINGS = ["square", "rounded", "circle", "leaf"] as const;
export const EYES = [...RINGS, "diamond"] as const;
export const LEVELS = ["L", "M", "Q", "H"] as const;

export type Json = Record<string, unknown>;

interface Gradient {
  type: "linear" | "radial";
  colors: string[];
  angle: number;
}
export interface Logo {
  image: string;
  size: number;
  margin: number;
  safe_area: "square" | "circle";
}
export interface Frame {
  caption: string;
  color: string;
  text_color: string | null;
  position: "bottom" | "top";
  corners: "rounded" | "square";
}
export interface Design {
  shape: string;
  ring: string;
  eye: string;
  ringColor: string | null;
  eyeColor: string | null;
  color: string;
  background: string;
  gradient: Gradient | null;
  margin: number;
  level: string;
  logo: Logo | null;
  frame: Frame | null;
}

export const PLAIN: Design = {
  shape: "square", ring: "square", eye: "square", ringColor: null, eyeColor: null, color: "#000000", background: "#ffffff",
  gradient: null, margin: 4, level: "", logo: null, frame: null,
};
export const NEW_FRAME: Frame = { caption: "", color: "#000000", text_color: null, position: "bottom", corners: "rounded" };
export const LOGO: Omit<Logo, "image"> = { size: 0.22, margin: 1, safe_area: "square" };

/** `#rrggbb`, as a colour input wants it. */
export function hex(colour: string): string {
  const text = colour.trim().toLowerCase();
  const short = /^#([\da-f])([\da-f])([\da-f])$/.exec(text);
  if (short) return `#${short.slice(1).map((one) => one + one).join("")}`;
  const numbers = /^rgb\((\d+)[\s,]+(\d+)[\s,]+(\d+)\)$/.exec(text)?.slice(1).map(Number);
  if (numbers) return `#${numbers.map((one) => Math.min(255, one).toString(16).padStart(2, "0")).join("")}`;
  return text;
}

function object(value: unknown): Json | null {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : null;
}

function text(value: unknown, otherwise: string): string {
  return typeof value === "string" ? value : otherwise;
}

function numeric(value: unknown, otherwise: number): number {
  return typeof value === "number" ? value : otherwise;
}

const colour = (value: unknown): string | null => (typeof value === "string" ? hex(value) : null);

/** From the style of a code. */
export function designOf(style: Json | null): Design {
  const said = style ?? {};
  const finder = typeof said["finder"] === "string" ? { ring: said["finder"], eye: said["finder"] } : (object(said["finder"]) ?? {});
  const gradient = object(said["gradient"]);
  const logo = typeof said["logo"] === "string" ? { image: said["logo"] } : object(said["logo"]);
  const frame = typeof said["frame"] === "string" ? { caption: said["frame"] } : object(said["frame"]);
  const ring = text((finder as Json)["ring"], "square");
  return {
    shape: text(said["shape"], "square"),
    ring,
    eye: text((finder as Json)["eye"], ring),
    ringColor: colour((finder as Json)["ring_color"]),
    eyeColor: colour((finder as Json)["eye_color"]),
    color: colour(said["color"]) ?? PLAIN.color,
    background: colour(said["background"]) ?? PLAIN.background,
    gradient: gradient && {
      type: gradient["type"] === "radial" ? "radial" : "linear",
      colors: (Array.isArray(gradient["colors"]) ? gradient["colors"] : []).map((one) => hex(String(one))),
      angle: numeric(gradient["angle"], 45),
    },
    margin: numeric(said["margin"], PLAIN.margin),
    level: text(said["error_correction"], "").toUpperCase(),
    logo: logo && {
      image: text((logo as Json)["image"], ""),
      size: numeric((logo as Json)["size"], LOGO.size),
      margin: numeric((logo as Json)["margin"], LOGO.margin),
      safe_area: (logo as Json)["safe_area"] === "circle" ? "circle" : "square",
    },
    frame: frame && {
      caption: text((frame as Json)["caption"], ""),
      color: colour((frame as Json)["color"]) ?? NEW_FRAME.color,
      text_color: colour((frame as Json)["text_color"]),
      position: (frame as Json)["position"] === "top" ? "top" : "bottom",
      corners: (frame as Json)["corners"] === "square" ? "square" : "rounded",
    },
  };
}

const DRAWN = ["shape", "finder", "color", "background", "gradient", "margin", "error_correction", "logo", "frame"];

/** As `/v1` takes it, without what is a default. What the code's style says beyond is kept. */
export function styleOf(design: Design, before: Json | null = null): Json {
  const style: Json = Object.fromEntries(Object.entries(before ?? {}).filter(([name]) => !DRAWN.includes(name)));
  if (design.shape !== PLAIN.shape) style["shape"] = design.shape;
  if (design.ring !== "square" || design.eye !== "square" || design.ringColor || design.eyeColor) {
    const finder: Json = { ring: design.ring, eye: design.eye };
    if (design.ringColor) finder["ring_color"] = design.ringColor;
    if (design.eyeColor) finder["eye_color"] = design.eyeColor;
    style["finder"] = finder;
  }
  if (design.color !== PLAIN.color) style["color"] = design.color;
  if (design.background !== PLAIN.background) style["background"] = design.background;
  if (design.gradient) style["gradient"] = { ...design.gradient };
  if (design.margin !== PLAIN.margin) style["margin"] = design.margin;
  if (design.level) style["error_correction"] = design.level;
  if (design.logo?.image) style["logo"] = { ...design.logo };
  if (design.frame) {
    const { text_color, ...frame } = design.frame;
    style["frame"] = text_color ? { ...frame, text_color } : frame;
  }
  return style;
}

export const sameDesign = (one: Design, other: Design): boolean => JSON.stringify(one) === JSON.stringify(other);

export const PRESETS: { name: string; design: Partial<Design> }[] = [
  { name: "classic", design: {} },
  { name: "soft", design: { shape: "rounded", ring: "rounded", eye: "rounded", color: "#14342f" } },
  { name: "dots", design: { shape: "dots", ring: "circle", eye: "circle", color: "#1b3a6b" } },
  { name: "leaf", design: { shape: "classy", ring: "leaf", eye: "leaf", color: "#1d5c2f" } },
  { name: "dusk", design: { shape: "rounded", ring: "rounded", eye: "circle", gradient: { type: "linear", colors: ["#7b1e3a", "#2b2a6c"], angle: 45 } } },
  { name: "stripes", design: { shape: "vertical", ring: "rounded", eye: "rounded", color: "#3a2413", background: "#fff8ec" } },
];

/** What the server says of a field, without the field's name before it. */
export function withoutFieldPath(message: string, field: string | null): string {
  const rest = field !== null && message.startsWith(`${field} `) ? message.slice(field.length + 1) : message;
  return rest.slice(0, 1).toUpperCase() + rest.slice(1);
}

/** The lettering that a frame gets by itself: white on dark, black on light. */
export function textColorField(frame: string): string {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const part = parseInt(frame.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * (red ?? 0) + 0.7152 * (green ?? 0) + 0.0722 * (blue ?? 0) < 0.4 ? "#ffffff" : "#000000";
}
