// What the hidden layers do: a row a class (its mean) or a row an image, a column a unit.
import { bytesOf, signedBytesOf } from "./bytes";
import type { ActivationLayer, Activations, PackedMatrix } from "./data";
import { element, freshId } from "./element";
import { counted, significant } from "./format";
import { digit, paintSigned } from "./pixels";
import { drawnInTheme } from "./theme";

interface Row { heading: Node; name: string }

// Units in the order of the class that excites them most, so that what serves a class stands together.
export function unitOrder(means: ArrayLike<number>, classes: number, units: number): number[] {
  const best: { unit: number; row: number; value: number }[] = [];
  for (let u = 0; u < units; ++u) {
    let row = 0;
    for (let c = 1; c < classes; ++c) if ((means[c * units + u] ?? 0) > (means[row * units + u] ?? 0)) row = c;
    best.push({ unit: u, row, value: means[row * units + u] ?? 0 });
  }
  return best.sort((a, b) => a.row - b.row || b.value - a.value || a.unit - b.unit).map((b) => b.unit);
}

function heatMap(rows: Row[], matrix: PackedMatrix, layer: ActivationLayer, order: () => number[], redraws: (() => void)[]): HTMLElement {
  const whole = signedBytesOf(matrix.values);
  return element("div", { class: "heat" }, rows.map((row, r) => {
    const values = whole.subarray(r * layer.units, (r + 1) * layer.units);
    const active = values.reduce((n, v) => n + (v !== 0 ? 1 : 0), 0);
    const largest = values.reduce((m, v) => Math.max(m, Math.abs(v)), 0) * matrix.scale;
    const canvas = element("canvas", { width: layer.units, height: 1, class: "signed", role: "img",
      "aria-label": `${row.name}: ${counted(active, "unit")} of ${layer.units} away from 0, the largest ${significant(largest, 3)}` });
    redraws.push(() => paintSigned(canvas, order().map((u) => values[u] ?? 0), 127));
    return element("div", { class: "heat-row", title: canvas.getAttribute("aria-label") }, element("span", { class: "heading" }, row.heading), canvas);
  }));
}

export function activationViews(of: Activations, classes: string[]): HTMLElement {
  const { samples } = of;
  const size = samples.width * samples.height, pixels = bytesOf(samples.pixels);
  const name = (c: number | undefined): string => classes[c ?? -1] ?? String(c);
  const redraws: (() => void)[] = [];
  const orderId = freshId("units");
  const select = element("select", { id: orderId, onchange: () => redraws.forEach((draw) => draw()) },
    element("option", { value: "class" }, "class that excites them most"), element("option", { value: "unit" }, "number"));
  const sampleRow = (i: number): Row => {
    const says = `Image ${samples.index[i]}, label ${name(samples.labels[i])}${samples.labels[i] === samples.read[i] ? "" : `, read as ${name(samples.read[i])}`}`;
    return { name: says, heading: digit(pixels.subarray(i * size, (i + 1) * size), samples.width, samples.height, { role: "img", "aria-label": says }) };
  };
  const layers = of.layers.map((layer, l) => {
    const means = signedBytesOf(layer.mean_by_class.values);
    const byClass = unitOrder(means, classes.length, layer.units);
    const plain = byClass.map((_, i) => i);
    const order = (): number[] => (select.value === "class" ? byClass : plain);
    const silent = plain.filter((u) => classes.every((_, c) => (means[c * layer.units + u] ?? 0) === 0)).length;
    const words = [counted(layer.width, "unit"), layer.activation,
      layer.units < layer.width ? `the first ${layer.units} shown` : "",
      silent > 0 ? `${counted(silent, "unit")} all but silent for every class` : ""].filter((w) => w !== "");
    return element("section", { class: "layer" },
      element("h3", {}, `Hidden layer ${l + 1}`), element("p", { class: "note" }, `${words.join(", ")}.`),
      element("h4", {}, "Mean of each class"),
      heatMap(classes.map((c) => ({ name: `Mean of ${c}`, heading: document.createTextNode(c) })), layer.mean_by_class, layer, order, redraws),
      samples.index.length > 0 ? element("h4", {}, "One image of each class") : null,
      heatMap(samples.index.map((_, i) => sampleRow(i)), layer.of_samples, layer, order, redraws));
  });
  drawnInTheme(() => redraws.forEach((draw) => draw()));
  return element("div", {},
    element("div", { class: "filters", role: "group", "aria-label": "How activations are shown" },
      element("div", { class: "filter" }, element("label", { for: orderId }, "Units by"), select)), layers);
}
