// The confusion matrix as a grid of buttons: what was there down the side, what was read along the top.
//
// Arrow keys move through the cells, Enter or a click chooses one. Shade shows the share of its row, and every cell
// has its number, so that nothing depends on colour.
import { clear, element } from "./element";
import { counted, percent, whole } from "./format";

export interface Confusion {
  classes: string[];
  counts: number[][];  // [label][predicted]
  onChoose: (label: number, predicted: number) => void;
}

// Shades that grow as a power of the share: a confusion of 1 % is to be seen beside 99 %.
const kShades = 9;
function shade(share: number): number {
  return share <= 0 ? 0 : Math.max(1, Math.min(kShades, Math.ceil(kShades * share ** 0.45)));
}

export interface ConfusionMatrix { root: HTMLElement; choose: (label: number, predicted: number) => void }

export function confusionMatrix(of: Confusion): ConfusionMatrix {
  const size = of.classes.length;
  const supports = of.counts.map((row) => row.reduce((a, b) => a + b, 0));
  const mostWrong = Math.max(1, ...of.counts.flatMap((row, i) => row.filter((_, j) => j !== i)));
  const buttons: HTMLButtonElement[][] = [];
  let current: [number, number] = [0, 0];

  const focusable = (label: number, predicted: number): void => {
    buttons[current[0]]?.[current[1]]?.setAttribute("tabindex", "-1");
    current = [label, predicted];
    buttons[label]?.[predicted]?.setAttribute("tabindex", "0");
  };
  const choose = (label: number, predicted: number): void => {
    for (const row of buttons) for (const button of row) button.setAttribute("aria-pressed", "false");
    buttons[label]?.[predicted]?.setAttribute("aria-pressed", "true");
    focusable(label, predicted);
    of.onChoose(label, predicted);
  };

  const cell = (label: number, predicted: number): HTMLTableCellElement => {
    const count = of.counts[label]?.[predicted] ?? 0;
    const right = label === predicted;
    const share = right ? count / Math.max(1, supports[label] ?? 1) : count / mostWrong;
    const says = right ? `${of.classes[label]}: ${whole(count)} read rightly`
      : `${of.classes[label]} read as ${of.classes[predicted]}: ${counted(count, "image")}`;
    const button = element("button", {
      type: "button", tabindex: label === 0 && predicted === 0 ? 0 : -1, "aria-pressed": "false", "aria-label": says,
      title: `${says} (${percent(count / Math.max(1, supports[label] ?? 1))} of ${of.classes[label]})`,
      class: `${right ? "right" : "wrong"} shade-${shade(share)}`, onclick: () => choose(label, predicted),
    }, count === 0 ? "\u00b7" : whole(count));
    (buttons[label] ??= [])[predicted] = button;
    return element("td", {}, button);
  };

  const words = of.classes.some((name) => name.length > 3);
  const grid = element("table", { class: `confusion${size > 14 ? " dense" : ""}${words ? " words" : ""}` },
    element("caption", { class: "unseen" }, "Confusion matrix: a row for each label, a column for each class that was read"),
    element("thead", {}, element("tr", {},
      element("td", { class: "corner" }, element("span", {}, "label"), element("span", {}, "read as")),
      of.classes.map((name) => element("th", { scope: "col", title: name }, name)))),
    element("tbody", {}, of.classes.map((name, label) => element("tr", {},
      element("th", { scope: "row", title: name }, name), of.classes.map((_, predicted) => cell(label, predicted))))));

  grid.addEventListener("keydown", (event) => {
    const [label, predicted] = current;
    const moves: Record<string, [number, number]> = {
      ArrowLeft: [label, predicted - 1], ArrowRight: [label, predicted + 1], ArrowUp: [label - 1, predicted],
      ArrowDown: [label + 1, predicted], Home: [label, 0], End: [label, size - 1],
    };
    const to = moves[event.key];
    if (!to) return;
    event.preventDefault();
    focusable(Math.max(0, Math.min(size - 1, to[0])), Math.max(0, Math.min(size - 1, to[1])));
    buttons[current[0]]?.[current[1]]?.focus();
  });

  const root = element("div", { class: "matrix scroll" });
  clear(root);
  root.append(grid);
  return { root, choose };
}
