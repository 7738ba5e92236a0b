import { describe, expect, it } from "vitest";
import { bounds, printed, size } from "../src/design/sizes";
import { PLAIN, hex, lettering, opened, plainly, written } from "../src/design/style";

describe("a style", () => {
  it("that says nothing is the plain one, and the plain one says nothing", () => {
    expect(opened(null)).toEqual(PLAIN);
    expect(written(PLAIN)).toEqual({});
  });
  it("is read in its short forms", () => {
    const design = opened({ finder: "circle", frame: "Scan me", logo: "0d9a4a3e-6b0f-4c58-9a53-1f6f3f3c5e11", color: "#ABC", background: "rgb(255, 255, 0)", error_correction: "h" });
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
    expect(written(opened(style))).toEqual(style);
  });
  it("keeps what the designer does not know", () => {
    expect(written(PLAIN, { shape: "dots", theirs: 1 })).toEqual({ theirs: 1 });
  });
  it("has colours that an input can show", () => {
    expect(hex("#FfF")).toBe("#ffffff");
    expect(lettering("#0f5f55")).toBe("#ffffff");
    expect(lettering("#ffee00")).toBe("#000000");
  });
  it("has problems said without the name of their field", () => {
    expect(plainly("style.color is too light", "style.color")).toBe("Is too light");
    expect(plainly("no", null)).toBe("No");
  });
});

describe("sizes for print", () => {
  it("are pixels at a density, points, or pixels of the web", () => {
    expect(size("png", 50.8, 300)).toBe(600);
    expect([size("svg", 25.4, 300), size("pdf", 25.4, 300), size("eps", 50.8, 300)]).toEqual([96, 72, 144]);
  });
  it("stay within what can be drawn", () => {
    expect(bounds("png", 300)).toEqual([6, 346]);
    for (const [format, dpi] of [["png", 600], ["svg", 72], ["pdf", 72]] as const) {
      const [low, high] = bounds(format, dpi);
      expect(size(format, low, dpi)).toBeGreaterThanOrEqual(64);
      expect(size(format, high, dpi)).toBeLessThanOrEqual(4096);
    }
  });
  it("say what a module measures, and from how far it is read", () => {
    expect(printed(37, 37, 29)).toEqual({ module: 1, distanceCm: 29 });
  });
});
