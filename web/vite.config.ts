// One script and one style sheet, which the program embeds (inkling/report/page.h) and puts into every page.
import { defineConfig } from "vite";

export default defineConfig({
  publicDir: false,
  build: {
    target: "es2021",
    outDir: "dist",
    emptyOutDir: true,
    cssCodeSplit: false,
    lib: { entry: "src/report.ts", formats: ["iife"], name: "inkling", fileName: () => "report.js", cssFileName: "report" },
  },
});
