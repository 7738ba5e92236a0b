import { describe, expect, it } from "vitest";
import { widthBounds, moduleSize, requestSize } from "../src/design/sizes";
import { PLAIN, hex, textColorField, designOf, withoutFieldPath, styleOf } from "../src/design/style";

describe("a style", () => {
  it("that says nothing is the plain one, and the plain one says nothing", () => {
    expect(designOf(null)).toEqual(PLAIN);
    expect(styleOf(PLAIN)).toEqual({});
  });
  it("is read in its short forms", () => {
    const design = designOf({ finder: "circle", frame: "Scan me", logo: "0d9a4a3e-6b0f-4c58-9a53-1f6f3f3c5e11", color: "#ABC", background: "rgb(255, 255, 0)", error_correction: "h" });
    expect([design.ring, design.eye, design.color, design.background, design.level]).toEqual(["circle", "circle", "#aabbcc", "#ffff00", "H"]);
    expect(design.frame?.caption).toBe("Scan me");
    expect(design.logo?.size).toBe(0.22);
  });
  it("comes out as it went in", () => {
    const style = {
      shape: "dots",
      finder: { ring: "leaf", eye: "diamond", eye_color: "#112233" },
      gradient: { type: "radial", colors: ["#111111", "#222222"], angle: 45 },
      background: "transparent",
      margin: 2,
      error_correction: "Q",
      logo: { image: "x", size: 0.2, margin: 1, safe_area: "circle" },
      frame: { caption: "Hi", color: "#000000", position: "top", corners: "square", text_color: "#ffffff" },
    };
    expect(styleOf(designOf(style))).toEqual(style);
  });
  it("keeps what the designer does not know", () => {
    expect(styleOf(PLAIN, { shape: "dots", theirs: 1 })).toEqual({ theirs: 1 });
  });
  it("has colours that an input can show", () => {
    expect(hex("#FfF")).toBe("#ffffff");
    expect(textColorField("#0f5f55")).toBe("#ffffff");
    expect(textColorField("#ffee00")).toBe("#000000");
  });
  it("has problems said without the name of their field", () => {
    expect(withoutFieldPath("style.color is too light", "style.color")).toBe("Is too light");
    expect(withoutFieldPath("no", null)).toBe("No");
  });
});

describe("sizes for print", () => {
  it("are pixels at a density, points, or pixels of the web", () => {
    expect(requestSize("png", 50.8, 300)).toBe(600);
    expect([requestSize("svg", 25.4, 300), requestSize("pdf", 25.4, 300), requestSize("eps", 50.8, 300)]).toEqual([96, 72, 144]);
  });
  it("stay within what can be drawn", () => {
    expect(widthBounds("png", 300)).toEqual([6, 346]);
    for (const [format, dpi] of [["png", 600], ["svg", 72], ["pdf", 72]] as const) {
      const [low, high] = widthBounds(format, dpi);
      expect(requestSize(format, low, dpi)).toBeGreaterThanOrEqual(64);
      expect(requestSize(format, high, dpi)).toBeLessThanOrEqual(4096);
    }
  });
  it("say what a module measures, and from how far it is read", () => {
    expect(moduleSize(37, 37, 29)).toEqual({ module: 1, distanceCm: 29 });
  });
});
