// First-layer weights as images, one a unit: two colours on a scale that is symmetric about 0.
import { signedBytesOf } from "./bytes";
import type { FirstLayer, WeightLayer, WeightUnit } from "./data";
import { clear, element, freshId } from "./element";
import { counted, significant } from "./format";
import { histogram } from "./bars";
import { paintSigned } from "./pixels";
import { drawnInTheme } from "./theme";

interface Tile { unit: WeightUnit; root: HTMLElement; canvas: HTMLCanvasElement; whole: Int8Array }

export function colourScale(): HTMLElement {
  return element("p", { class: "scale" }, element("span", {}, "negative"), element("span", { class: "ramp", "aria-hidden": "true" }),
    element("span", {}, "positive"));
}

// classes: names, for the order by class; empty where nobody knows which class a unit serves.
export function firstLayerWeights(layer: FirstLayer, classes: string[]): HTMLElement {
  const size = layer.width * layer.height, all = signedBytesOf(layer.values);
  const known = classes.length > 0 && layer.units.some((u) => u.serves >= 0);
  const name = (u: WeightUnit): string => (u.serves >= 0 ? classes[u.serves] ?? String(u.serves) : "none");
  const tiles: Tile[] = layer.units.map((unit, i) => {
    const canvas = element("canvas", { width: layer.width, height: layer.height, class: "signed", role: "img",
      "aria-label": `Unit ${unit.unit}: norm ${significant(unit.norm, 3)}, bias ${significant(unit.bias, 3)}${known ? `, most excited by ${name(unit)}` : ""}` });
    return { unit, canvas, whole: all.subarray(i * size, (i + 1) * size),
      root: element("figure", { class: "card", title: canvas.getAttribute("aria-label") }, canvas,
        element("figcaption", {}, element("span", {}, `#${unit.unit}`), known ? element("span", { class: "verdict" }, name(unit)) : null)) };
  });
  const largest = Math.max(...layer.units.map((u) => u.scale * 127), 0);
  const orderId = freshId("order"), scaleId = freshId("scale");
  const order = element("select", { id: orderId, onchange: () => arrange() },
    element("option", { value: "norm" }, "norm, largest first"),
    known ? element("option", { value: "class" }, "class that excites the unit most") : null,
    element("option", { value: "unit" }, "number"));
  const scale = element("select", { id: scaleId, onchange: () => paintAll() },
    element("option", { value: "own" }, "each unit\u2019s own"), element("option", { value: "one" }, "one for all"));
  const place = element("div", { class: "cards weights" });

  const paintAll = (): void => tiles.forEach((tile) =>
    paintSigned(tile.canvas, tile.whole, scale.value === "own" ? 127 : largest / Math.max(tile.unit.scale, 1e-30)));
  const arrange = (): void => {
    const by: Record<string, (a: Tile, b: Tile) => number> = {
      norm: (a, b) => b.unit.norm - a.unit.norm, unit: (a, b) => a.unit.unit - b.unit.unit,
      class: (a, b) => a.unit.serves - b.unit.serves || b.unit.norm - a.unit.norm,
    };
    clear(place);
    place.append(...[...tiles].sort(by[order.value]).map((tile) => tile.root));
  };
  arrange();
  drawnInTheme(paintAll);
  return element("div", {},
    element("p", { class: "note" }, layer.units.length < layer.total
      ? `${counted(layer.units.length, "unit")} of ${layer.total}: those of the largest norm. ` : "",
      "What a unit of the first layer looks for: ink where a weight is positive excites it, ink where it is negative silences it."),
    element("div", { class: "filters", role: "group", "aria-label": "How weights are shown" },
      element("div", { class: "filter" }, element("label", { for: orderId }, "Order"), order),
      element("div", { class: "filter" }, element("label", { for: scaleId }, "Scale"), scale), colourScale()),
    place);
}

export function weightHistograms(layers: WeightLayer[]): HTMLElement {
  return element("div", { class: "grid small" }, layers.map((layer) =>
    histogram(`${layer.name}, ${layer.inputs} \u00d7 ${layer.outputs}`, layer.histogram, layer.largest)));
}
