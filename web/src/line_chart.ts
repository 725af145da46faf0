// Lines over epochs (or any x) that can be hovered, zoomed and read without seeing or pointing: uPlot draws; here are
// the legend, the keys, and the table behind it.
//
// Pointer: hover reads, dragging zooms, a double click shows all. Keys: arrows, Home and End read; + and - zoom, 0 or
// Escape shows all. Lines are told apart by dashes as well as colours.
import uPlot from "uplot";
import { type Child, clear, element, freshId, svg } from "./element";
import type { Look } from "./series";
import { dataTable } from "./table";
import { colour, drawnInTheme } from "./theme";

export interface Line { label: string; values: (number | null)[]; look: Look }
export interface LineChart {
  title: string;
  note?: string;
  xLabel: string;
  yLabel: string;
  x: number[];
  lines: Line[];
  format: (value: number | null | undefined) => string;
  tick: (value: number, step: number) => string;  // the same on the axis, whose ticks are a step apart
  marker?: { x: number; label: string };
  log?: boolean;  // begins with a logarithmic y axis; where it is given at all there is a button for it
  sync?: string;  // charts of one name show their cursors together
}

const kFont = "12px system-ui, sans-serif";

function swatch(look: Look): SVGElement {
  return svg("svg", { class: "swatch", viewBox: "0 0 28 8", width: 28, height: 8, "aria-hidden": "true" },
    svg("line", { x1: 0, x2: 28, y1: 4, y2: 4, stroke: `var(${look.colour})`, "stroke-width": 2.5,
                  "stroke-dasharray": look.dash.join(" ") || null }));
}

function powersOfTen(_: uPlot, splits: number[]): (number | null)[] {
  return splits.map((v) => (Math.abs(Math.log10(v) - Math.round(Math.log10(v))) < 1e-9 ? v : null));
}

function drawMarker(u: uPlot, marker: { x: number; label: string }): void {
  const x = Math.round(u.valToPos(marker.x, "x", true));
  const { left, top, width, height } = u.bbox;
  if (x < left || x > left + width) return;
  const ratio = devicePixelRatio || 1;
  const { ctx } = u;
  ctx.save();
  ctx.strokeStyle = colour("--marker");
  ctx.fillStyle = colour("--muted");
  ctx.lineWidth = ratio;
  ctx.setLineDash([3 * ratio, 3 * ratio]);
  ctx.beginPath();
  ctx.moveTo(x, top);
  ctx.lineTo(x, top + height);
  ctx.stroke();
  ctx.font = `${11 * ratio}px system-ui, sans-serif`;
  const right = x > left + width / 2;
  ctx.textAlign = right ? "right" : "left";
  ctx.textBaseline = "top";
  ctx.fillText(marker.label, x + (right ? -5 : 5) * ratio, top + 3 * ratio);
  ctx.restore();
}

export function lineChart(chart: LineChart): HTMLElement {
  const first = chart.x[0] ?? 0, last = chart.x[chart.x.length - 1] ?? first;
  const shown = chart.lines.map(() => true);
  let log = chart.log ?? false;
  let plot: uPlot | null = null;
  let at = chart.x.length - 1;

  const titleId = freshId("chart");
  const values = chart.lines.map(() => element("span", { class: "value" }));
  const where = element("span", { class: "where" });
  const target = element("div", { class: "plot", tabindex: 0, role: "slider", "aria-labelledby": titleId,
                                  "aria-valuemin": first, "aria-valuemax": last, "aria-orientation": "horizontal",
                                  "aria-description": "Arrow keys read the values. Plus and minus zoom, 0 shows all." });
  const keys = chart.lines.map((line, i) => element("button", {
    type: "button", class: "key", "aria-pressed": "true", title: "Show or hide this line",
    onclick: () => toggle(i),
  }, swatch(line.look), element("span", { class: "label" }, line.label), values[i]));
  const reset = element("button", { type: "button", class: "tool", disabled: true, onclick: () => zoomTo(first, last) }, "Show all");
  const logButton = chart.log === undefined ? null : element("button", {
    type: "button", class: "tool", "aria-pressed": String(log), onclick: () => {
      log = !log;
      logButton?.setAttribute("aria-pressed", String(log));
      draw();
    },
  }, "Log scale");

  function toggle(i: number): void {
    shown[i] = !shown[i];
    keys[i]?.setAttribute("aria-pressed", String(shown[i]));
    plot?.setSeries(i + 1, { show: shown[i] === true });
  }

  function read(i: number): void {
    at = i;
    const x = chart.x[i];
    if (x === undefined) return;
    where.textContent = `${chart.xLabel} ${x}`;
    const texts = chart.lines.map((line, k) => {
      const text = chart.format(line.values[i]);
      const value = values[k];
      if (value) value.textContent = text;
      return `${line.label} ${text}`;
    });
    target.setAttribute("aria-valuenow", String(x));
    target.setAttribute("aria-valuetext", `${chart.xLabel} ${x}: ${texts.join(", ")}`);
  }

  function zoomTo(min: number, max: number): void {
    plot?.setScale("x", { min, max });
  }

  function zoomBy(factor: number): void {
    const scale = plot?.scales["x"];
    if (!scale || scale.min == null || scale.max == null) return;
    const centre = chart.x[at] ?? first, half = Math.max(1, ((scale.max - scale.min) / 2) * factor);
    zoomTo(Math.max(first, centre - half), Math.min(last, centre + half));
  }

  function moveTo(i: number): void {
    const to = Math.max(0, Math.min(chart.x.length - 1, i));
    read(to);
    if (!plot) return;
    const left = plot.valToPos(chart.x[to] ?? first, "x");
    const y = chart.lines.map((line) => line.values[to]).find((v) => typeof v === "number") ?? 0;
    plot.setCursor({ left, top: plot.valToPos(y, "y") });
  }

  target.addEventListener("keydown", (event) => {
    const page = Math.max(1, Math.round(chart.x.length / 10));
    const steps: Record<string, () => void> = {
      ArrowRight: () => moveTo(at + 1), ArrowUp: () => moveTo(at + 1), ArrowLeft: () => moveTo(at - 1),
      ArrowDown: () => moveTo(at - 1), Home: () => moveTo(0), End: () => moveTo(chart.x.length - 1),
      PageUp: () => moveTo(at + page), PageDown: () => moveTo(at - page),
      "+": () => zoomBy(0.5), "=": () => zoomBy(0.5), "-": () => zoomBy(2),
      "0": () => zoomTo(first, last), Escape: () => zoomTo(first, last),
    };
    const step = steps[event.key];
    if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    step();
  });

  function options(width: number): uPlot.Options {
    const axis = { stroke: colour("--muted"), grid: { stroke: colour("--grid"), width: 1 }, font: kFont, labelFont: kFont,
                   ticks: { stroke: colour("--grid"), width: 1, size: 5 }, labelGap: 2 };
    return {
      width, height: target.clientWidth < 420 ? 210 : 250, padding: [12, 12, 0, 0],
      legend: { show: false },
      cursor: { drag: { x: true, y: false }, points: { size: 7 }, ...(chart.sync ? { sync: { key: chart.sync } } : {}) },
      scales: { x: { time: false, ...(first === last ? { range: [first - 1, last + 1] as [number, number] } : {}) },
                y: log ? { distr: 3 } : {} },
      axes: [{ ...axis, label: chart.xLabel, labelSize: 16, size: 28, incrs: [1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000, 2000,
                                                          5000, 10000, 20000, 50000, 100000, 200000, 500000] },
             { ...axis, label: chart.yLabel, labelSize: 20, size: 58, ...(log ? { grid: { ...axis.grid, filter: powersOfTen } } : {}),
               values: (_, ticks, __, ___, step) => ticks.map((v) => (v === null ? "" : chart.tick(v, log ? v : step))) }],
      series: [{}, ...chart.lines.map((line, i) => ({
        label: line.label, stroke: colour(line.look.colour), width: 2, dash: line.look.dash, show: shown[i] === true,
        points: { show: chart.x.length < 2, size: 7, fill: colour(line.look.colour) },
      }))],
      hooks: {
        setCursor: [(u) => { if (u.cursor.idx != null && u.cursor.left != null && u.cursor.left >= 0) read(u.cursor.idx); }],
        setScale: [(u, key) => {
          if (key !== "x") return;
          const { min, max } = u.scales["x"] ?? {};
          reset.disabled = first === last || (min != null && max != null && min <= first && max >= last);
        }],
        draw: [(u) => { if (chart.marker) drawMarker(u, chart.marker); }],
      },
    };
  }

  function draw(): void {
    if (!target.isConnected || target.clientWidth === 0) return;
    plot?.destroy();
    clear(target);
    const columns = chart.lines.map((l) => l.values.map((v) => (log && v !== null && v <= 0 ? null : v)));
    plot = new uPlot(options(target.clientWidth), [chart.x, ...columns], target);
    plot.root.setAttribute("aria-hidden", "true");
  }

  drawnInTheme(draw);
  new ResizeObserver(() => {
    if (!plot) draw();
    else if (target.clientWidth > 0 && plot.width !== target.clientWidth)
      plot.setSize({ width: target.clientWidth, height: plot.height });
  }).observe(target);
  read(at);

  const tools: Child[] = [logButton, reset];
  return element("figure", { class: "chart" },
    element("figcaption", {}, element("h3", { id: titleId }, chart.title), element("div", { class: "tools" }, tools)),
    chart.note ? element("p", { class: "note" }, chart.note) : null,
    target,
    element("div", { class: "legend" }, where, keys),
    dataTable({
      summary: "Numbers",
      caption: chart.title,
      columns: [chart.xLabel, ...chart.lines.map((l) => l.label)],
      rows: () => chart.x.map((x, i) => [String(x), ...chart.lines.map((l) => chart.format(l.values[i]))]),
    }));
}
