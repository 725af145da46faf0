// Bars as SVG: histograms, probabilities, accuracies with their error bars, and the reliability diagram. They print, and
// follow the colours of the page by themselves.
import type { Bin } from "./data";
import { type Child, element, freshId, svg } from "./element";
import { percent, significant, whole } from "./format";
import { dataTable } from "./table";

function figure(title: string, picture: SVGElement, rest: Child[] = []): HTMLElement {
  const id = freshId("figure");
  picture.setAttribute("role", "img");
  picture.setAttribute("aria-labelledby", id);
  return element("figure", { class: "chart" }, element("figcaption", {}, element("h3", { id }, title)), picture, rest);
}

// Counts over bins from -most to most; the height is the count's square root, so that tails are seen.
export function histogram(title: string, counts: number[], most: number): HTMLElement {
  const width = 240, height = 90, bottom = 18, bar = width / counts.length;
  const top = Math.sqrt(Math.max(1, ...counts));
  const picture = svg("svg", { viewBox: `0 0 ${width} ${height + bottom}`, class: "bars" },
    counts.map((n, i) => {
      const h = (Math.sqrt(n) / top) * height;
      const side = i < (counts.length - 1) / 2 ? "negative" : i > (counts.length - 1) / 2 ? "positive" : "middle";
      return svg("rect", { x: i * bar + 0.5, y: height - h, width: Math.max(0.5, bar - 1), height: h, class: side });
    }),
    svg("line", { x1: 0, x2: width, y1: height, y2: height, class: "axis" }),
    ([[0, "start", -most], [width / 2, "middle", 0], [width, "end", most]] as const).map(([x, anchor, value]) =>
      svg("text", { x, y: height + 14, "text-anchor": anchor }, significant(value, 3))));
  const step = (2 * most) / counts.length;
  return figure(title, picture, [dataTable({
    summary: "Numbers", caption: title, columns: ["from", "to", "weights"],
    rows: () => counts.map((n, i) => [significant(-most + i * step, 3), significant(-most + (i + 1) * step, 3), whole(n)]),
  })]);
}

// Confidence against accuracy in bins; the diagonal is what a calibrated model does (Guo et al. 2017).
export function reliabilityDiagram(bins: Bin[]): HTMLElement {
  const size = 280, left = 58, bottom = 40, top = 10, counts = 56;
  const x = (v: number): number => left + v * size, y = (v: number): number => top + (1 - v) * size;
  const most = Math.sqrt(Math.max(1, ...bins.map((b) => b.images)));
  const ticks = [0, 0.2, 0.4, 0.6, 0.8, 1];
  const floor = top + size + 14 + counts;
  const hatch = freshId("hatch");
  const picture = svg("svg", { viewBox: `0 0 ${left + size + 18} ${floor + bottom}`, class: "bars reliability" },
    svg("defs", {}, svg("pattern", { id: hatch, width: 5, height: 5, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
      svg("line", { x1: 0, x2: 0, y1: 0, y2: 5, class: "hatch" }))),
    ticks.map((t) => [
      svg("line", { x1: x(0), x2: x(1), y1: y(t), y2: y(t), class: "grid" }),
      svg("text", { x: left - 6, y: y(t) + 4, "text-anchor": "end" }, percent(t, 0)),
      svg("text", { x: x(t), y: floor + 15, "text-anchor": "middle" }, percent(t, 0)),
    ]).flat(),
    bins.map((b) => {
      if (b.images === 0 || b.accuracy === null || b.confidence === null) return null;
      const w = (b.high - b.low) * size - 2;
      const low = Math.min(b.accuracy, b.confidence), high = Math.max(b.accuracy, b.confidence);
      return [
        svg("rect", { x: x(b.low) + 1, width: w, y: y(b.accuracy), height: y(0) - y(b.accuracy), class: "share" },
            svg("title", {}, `Confidence ${percent(b.confidence, 1)}, accuracy ${percent(b.accuracy, 1)}, ${whole(b.images)} images`)),
        svg("rect", { x: x(b.low) + 1, width: w, y: y(high), height: Math.max(1, y(low) - y(high)), class: "gap", fill: `url(#${hatch})` }),
        svg("rect", { x: x(b.low) + 1, width: w, y: floor - (Math.sqrt(b.images) / most) * counts,
                      height: (Math.sqrt(b.images) / most) * counts, class: "count" }),
      ];
    }).flat(),
    svg("line", { x1: x(0), y1: y(0), x2: x(1), y2: y(1), class: "diagonal" }),
    svg("line", { x1: x(0), x2: x(1), y1: y(0), y2: y(0), class: "axis" }),
    svg("line", { x1: x(0), x2: x(1), y1: floor, y2: floor, class: "axis" }),
    svg("text", { x: x(0.5), y: floor + 33, "text-anchor": "middle", class: "label" }, "confidence"),
    svg("text", { x: 11, y: y(0.5), transform: `rotate(-90 11 ${y(0.5)})`, "text-anchor": "middle", class: "label" }, "accuracy"),
    svg("text", { x: 11, y: floor - counts / 2, transform: `rotate(-90 11 ${floor - counts / 2})`, "text-anchor": "middle", class: "label" }, "images"));
  return figure("Reliability", picture, [dataTable({
    summary: "Numbers", caption: "Reliability",
    columns: ["confidence from", "to", "images", "mean confidence", "accuracy"],
    rows: () => bins.map((b) => [percent(b.low, 1), percent(b.high, 1), whole(b.images), percent(b.confidence, 1), percent(b.accuracy, 1)]),
  })]);
}

// Accuracies as dots with one standard error to each side, on a scale that just holds them.
export function errorBars(title: string, rows: { name: string; value: number; error: number; series: string }[]): HTMLElement {
  const low = Math.min(...rows.map((r) => r.value - 2 * r.error)), high = Math.max(...rows.map((r) => r.value + 2 * r.error));
  const span = Math.max(1e-6, high - low), width = 360, left = 12, step = 46;
  const x = (v: number): number => left + ((v - low) / span) * (width - 2 * left);
  const bottom = rows.length * step + 4;
  const raw = span / 5, ten = 10 ** Math.floor(Math.log10(raw));
  const tick = ten * ([1, 2, 5, 10].find((m) => m * ten >= raw) ?? 10);
  const ticks: number[] = [];
  for (let t = Math.ceil(low / tick) * tick; t <= high; t += tick) ticks.push(t);
  const digits = Math.max(0, Math.ceil(-Math.log10(tick)) - 2);
  const picture = svg("svg", { viewBox: `0 0 ${width} ${bottom + 22}`, class: "bars errors" },
    ticks.map((t) => [
      svg("line", { x1: x(t), x2: x(t), y1: 0, y2: bottom, class: "grid" }),
      svg("text", { x: x(t), y: bottom + 15, "text-anchor": "middle" }, percent(t, digits)),
    ]).flat(),
    rows.map((r, i) => {
      const y = i * step + 32;
      return svg("g", { class: r.series },
        svg("text", { x: left, y: y - 15, class: "label" }, `${r.name}: ${percent(r.value)} \u00b1 ${(100 * r.error).toFixed(2)}`),
        svg("line", { x1: x(r.value - r.error), x2: x(r.value + r.error), y1: y, y2: y, class: "whisker" }),
        [-1, 1].map((s) => svg("line", { x1: x(r.value + s * r.error), x2: x(r.value + s * r.error), y1: y - 5, y2: y + 5, class: "whisker" })),
        svg("circle", { cx: x(r.value), cy: y, r: 5, class: "dot" }));
    }));
  return figure(title, picture);
}
