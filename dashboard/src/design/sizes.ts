/* From the printed width to what a picture is asked for, and what can be said of it. */

export const FORMATS = ["png", "svg", "pdf", "eps"] as const;
export type Format = (typeof FORMATS)[number];
export const DPI = [72, 150, 300, 600] as const;
const SMALLEST = 64;
const LARGEST = 4096;
// Printers blur a module smaller than this (mm).
export const FINE = 0.4;

/** The `size` that `/v1` takes: pixels of PNG (at this dpi) and SVG (96 an inch), points of PDF and EPS. */
export function requestSize(format: Format, mm: number, dpi: number): number {
  const perInch = format === "png" ? dpi : format === "svg" ? 96 : 72;
  return Math.round((mm / 25.4) * perInch);
}

/** The widest and narrowest that can be asked for. */
export function widthBounds(format: Format, dpi: number): [number, number] {
  const one = 25.4 / (format === "png" ? dpi : format === "svg" ? 96 : 72);
  return [Math.ceil(SMALLEST * one), Math.floor(LARGEST * one)];
}

/** What a module measures, and from how far it is scanned: about ten times the symbol's width. */
export function moduleSize(mm: number, width: number, modules: number): { module: number; distanceCm: number } {
  const module = mm / width;
  return { module, distanceCm: Math.round(module * modules) };
}
