// Several runs beside each other: what differs, what came of it, and whether it can be chance.
import { errorBars } from "./bars";
import { bytesOf, sharesOf } from "./bytes";
import { overlaidCurves } from "./curves";
import type { ComparedRun, ComparisonReport, Disagreements, Pair } from "./data";
import { type Child, element } from "./element";
import { counted, percent, pValue, seconds, significant, whole } from "./format";
import { copyable, type Frame, type Part } from "./layout";
import { networkText, shortNames } from "./names";
import { digit } from "./pixels";
import { table } from "./table";

const accuracyOf = (run: ComparedRun): { value: number; error: number } | null => {
  const from = run.scores ?? run.recorded;
  return from ? { value: from.accuracy, error: from.standard_error } : null;
};

function differencesPart(report: ComparisonReport, names: string[]): Part {
  return { id: "differences", title: "What differs", content: [
    report.differences.length === 0 ? element("p", { class: "none" }, "Nothing: the same options, data and machine.")
      : table({ caption: "Options, data and machine that differ", columns: ["option", ...names],
        rows: () => report.differences.map((d) => [element("span", {}, element("code", {}, d.name), " ", element("span", { class: "note" }, d.group)),
          ...d.values.map((v) => element("strong", {}, v === "" ? "none" : v))]) })] };
}

function scoresTable(runs: ComparedRun[], names: string[]): HTMLElement {
  const row = (name: string, of: (run: ComparedRun) => string): Child[] => [name, ...runs.map(of)];
  return table({ caption: "Scores on the test images", columns: ["score", ...names], rows: () => [
    row("Accuracy", (r) => { const a = accuracyOf(r); return a ? `${percent(a.value)} \u00b1 ${(100 * a.error).toFixed(2)}` : "\u2013"; }),
    row("Wrong", (r) => (r.scores ? whole(r.scores.images - r.scores.correct) : "\u2013")),
    row("Loss, nats", (r) => significant(r.scores?.negative_log_likelihood ?? r.recorded?.loss)),
    row("Brier score", (r) => significant(r.scores?.brier_score)),
    row("Calibration error", (r) => percent(r.scores?.expected_calibration_error)),
    row("Top two", (r) => percent(r.scores?.top2_accuracy)),
    row("Parameters", (r) => whole(r.network.parameters)),
    row("Epochs", (r) => whole(r.curves.epoch[r.curves.epoch.length - 1] ?? 0)),
    row("Training", (r) => seconds(r.speed.train_seconds)),
    row("Images/s", (r) => (r.speed.images_per_second ? whole(r.speed.images_per_second) : "\u2013")),
  ] });
}

export function verdict(pair: Pair, names: string[]): string {
  const first = names[pair.first] ?? "", second = names[pair.second] ?? "";
  if (pair.p_value >= 0.05) return `no evidence of a difference (${pValue(pair.p_value)})`;
  return `${pair.only_first > pair.only_second ? first : second} is better (${pValue(pair.p_value)})`;
}

function mcnemarPart(pairs: Pair[], names: string[]): Child[] {
  return [element("h3", {}, "Can it be chance?"),
    element("p", { class: "note" }, "McNemar\u2019s exact test: of the images that one model alone reads rightly, how uneven is the split? With many pairs some will be below 0.05 by luck."),
    table({ caption: "McNemar\u2019s test of each pair", columns: ["pair", "both right", "first alone", "second alone", "neither", "verdict"],
      rows: () => pairs.map((p) => [`${names[p.first]} and ${names[p.second]}`, whole(p.both_right), whole(p.only_first), whole(p.only_second), whole(p.neither), verdict(p, names)]) })];
}

function disagreementCards(of: Disagreements, classes: string[], names: string[]): Child[] {
  const pixels = bytesOf(of.pixels), labels = bytesOf(of.label), read = bytesOf(of.read), shares = sharesOf(of.share);
  const size = of.width * of.height, models = names.length;
  const name = (c: number | undefined): string => classes[c ?? -1] ?? String(c);
  const cards = of.index.map((index, i) => element("figure", { class: "card disagreement" },
    digit(pixels.subarray(i * size, (i + 1) * size), of.width, of.height, { role: "img", "aria-label": `Image ${index}, label ${name(labels[i])}` }),
    element("figcaption", {}, element("span", { class: "verdict" }, `label ${name(labels[i])}`),
      names.map((model, k) => {
        const c = read[i * models + k], right = c === labels[i];
        return element("span", { class: right ? "answer right" : "answer wrong", title: model }, `${right ? "\u2713" : "\u2717"} ${model}: ${name(c)}, ${percent(shares[i * models + k], 0)}`);
      }))));
  const place = element("div", { class: "cards wide" });
  const more = element("button", { type: "button", class: "more" });
  let shown = 0;
  const grow = (): void => {
    place.append(...cards.slice(shown, shown + 36));
    shown = Math.min(cards.length, shown + 36);
    more.hidden = shown >= cards.length;
    more.textContent = `Show ${counted(Math.min(36, cards.length - shown), "more image", "more images")}`;
  };
  more.addEventListener("click", grow);
  grow();
  return [element("p", { class: "note" }, of.index.length < of.total
    ? `${of.index.length} of ${counted(of.total, "image")} that some read rightly and others not: those of which a model was wrongly most sure.`
    : `${counted(of.total, "image")} that some read rightly and others not, those first of which a model was wrongly most sure.`), place, more];
}

export function comparisonFrame(report: ComparisonReport): Frame {
  const { runs } = report;
  const names = shortNames(runs.map((run) => run.name));
  const scored = runs.map((run, i) => ({ name: names[i] ?? "", series: `series-${i + 1}`, of: accuracyOf(run) }))
    .flatMap((r) => (r.of ? [{ name: r.name, series: r.series, value: r.of.value, error: r.of.error }] : []));
  const studied = names.filter((_, i) => runs[i]?.scores);
  const parts: Part[] = [differencesPart(report, names),
    { id: "scores", title: "Accuracy", content: [
      report.test ? element("p", { class: "note" }, `All were tested on the same ${counted(report.test.images, "image")}: ${report.test.origin}.`)
        : element("p", { class: "note" }, "As each run recorded it while it trained: there are no test images here."),
      scored.length > 0 ? errorBars("Accuracy, with one standard error to each side", scored) : null, scoresTable(runs, names),
      report.pairs && report.pairs.length > 0 ? mcnemarPart(report.pairs, names) : null] },
    { id: "curves", title: "Curves", content: overlaidCurves(runs, names) }];
  if (report.disagreements && report.classes && studied.length > 1)
    parts.push({ id: "images", title: "Disagreements", content: disagreementCards(report.disagreements, report.classes, studied) });
  parts.push({ id: "repeat", title: "To run them again", content: runs.map((run, i) => [element("h3", {}, names[i] ?? ""), element("p", { class: "note" }, networkText(run)), copyable(run.command)]) });
  return { kind: "Comparison of training runs", title: names.join(names.length === 2 ? " and " : ", "), subtitle: [`${runs.length} runs`], notes: report.notes, parts };
}
