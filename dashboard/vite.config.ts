import { defineConfig } from "vitest/config";

// Everything is a file of our own origin: no inline script or style, so that the page's policy can forbid them.
export default defineConfig({
  base: "/",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    target: "es2022",
    outDir: "dist",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
    reportCompressedSize: false,
  },
  server: { proxy: { "/v1": "http://localhost:8000" } },
  test: { include: ["tests/**/*.test.ts"] },
});
