// The report of one run: its parts, in the order in which a reader asks for them.
import { activationViews } from "./activations";
import { reliabilityDiagram } from "./bars";
import { configTable } from "./config_table";
import { confusionMatrix } from "./confusion_matrix";
import { runCurves } from "./curves";
import type { Findings, RunReport } from "./data";
import { type Child, clear, element } from "./element";
import { counted, percent, seconds, significant, whole } from "./format";
import { filteredGallery, imageList } from "./gallery";
import { card, copyable, type Frame, type Part } from "./layout";
import { networkText, shortNames } from "./names";
import { imagesOf, type ReadImage } from "./read_image";
import { table } from "./table";
import { firstLayerWeights, weightHistograms } from "./weights";

function keyFigures(report: RunReport): HTMLElement {
  const { run, findings } = report;
  const cards: Child[] = [];
  if (findings) {
    cards.push(card("Accuracy", percent(findings.accuracy), `\u00b1 ${(100 * findings.standard_error).toFixed(2)} standard error`),
      card("Wrong", whole(findings.images - findings.correct), `of ${counted(findings.images, "test image")}`),
      card("Loss", significant(findings.negative_log_likelihood, 3), "negative log-likelihood, nats"),
      card("Calibration error", percent(findings.expected_calibration_error), `${percent(findings.mean_confidence)} sure on average`));
  } else if (run.recorded) {
    cards.push(card("Accuracy", percent(run.recorded.accuracy), `\u00b1 ${(100 * run.recorded.standard_error).toFixed(2)}, as recorded after epoch ${run.recorded.epoch}`),
      card("Loss", significant(run.recorded.loss, 3), "on the test images, as recorded"));
  }
  const done = run.curves.epoch[run.curves.epoch.length - 1] ?? 0;
  cards.push(card("Epochs", whole(done), done < run.epochs_asked ? `of ${whole(run.epochs_asked)} asked for` : "all that were asked for"));
  if (run.speed.train_seconds > 0)
    cards.push(card("Training", seconds(run.speed.train_seconds), run.speed.images_per_second ? `${whole(run.speed.images_per_second)} images/s` : null));
  return element("dl", { class: "figures" }, cards);
}

function facts(report: RunReport): Child[] {
  const { run } = report;
  const rows: [string, Child][] = [
    ["Folder", run.name],
    ["Network", `${networkText(run)}, ${run.network.output} outputs`],
    ["Trained on", `${counted(run.data.train_images, "image")} of ${run.data.origin}`],
    ...(run.data.validation_images > 0 ? [["Held out", counted(run.data.validation_images, "validation image")] as [string, Child]] : []),
    ["Tested on", report.test && report.findings ? `${counted(report.test.images, "image")} of ${report.test.origin}` : `${counted(run.data.test_images, "image")}, while it trained`],
    ["Machine", `${counted(run.machine.threads, "thread")}, ${run.machine.isa}`],
    ...(run.preset ? [["Preset", run.preset] as [string, Child]] : []),
    ...(run.init_from ? [["Weights from", run.init_from] as [string, Child]] : []),
    ...(report.temperature !== undefined && report.temperature !== 1 ? [["Temperature", significant(report.temperature, 3)] as [string, Child]] : []),
    ["Inkling", `${run.version}${run.finished ? "" : "; this run is not finished"}`],
  ];
  return [
    element("dl", { class: "facts" }, rows.map(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]).flat()),
    element("h3", {}, "To run it again"), copyable(run.command),
    element("p", { class: "note" }, "The same command on the same data gives the same weights, byte for byte, on any number of threads and any instruction set."),
    element("details", { class: "numbers" }, element("summary", {}, "Checksums of the data"),
      table({ caption: "SHA-256 of the uncompressed files", columns: ["file", "SHA-256"],
              rows: () => run.data.checksums.map((c) => [c.file, element("code", {}, c.sha256)]) })),
  ];
}

function confusionPart(findings: Findings, images: ReadImage[]): Part {
  const { classes } = findings;
  const title = element("h3", {}, "Images of a cell"), place = element("div", {});
  const status = element("p", { class: "note", role: "status" });
  const choose = (label: number, predicted: number): void => {
    const here = images.filter((image) => image.label === label && image.predicted === predicted);
    const count = findings.confusion?.[label]?.[predicted] ?? findings.confused_pairs.find((p) => p.label === label && p.predicted === predicted)?.images ?? 0;
    title.textContent = label === predicted ? `${classes[label]} read as ${classes[label]}` : `Label ${classes[label]}, read as ${classes[predicted]}`;
    status.textContent = here.length < count
      ? `${whole(here.length)} of ${counted(count, "image")}: those read with the ${label === predicted ? "least" : "most"} confidence.`
      : count === 0 ? "" : `${counted(count, "image")}.`;
    clear(place);
    place.append(imageList(here, classes, count === 0 ? "No image was read so." : "None of them fitted into this page."));
  };
  const side = element("div", { class: "cell-images" }, title, status, place);
  const worst = findings.confused_pairs[0];
  if (!findings.confusion) {
    const pairs = element("div", { class: "pairs" }, findings.confused_pairs.map((p) => element("button", { type: "button", onclick: () => choose(p.label, p.predicted) },
      `${classes[p.label]} \u2192 ${classes[p.predicted]}: ${whole(p.images)}`)));
    if (worst) choose(worst.label, worst.predicted);
    return { id: "confusion", title: "Confusion", content: [element("p", { class: "note" }, "The pairs that are confused most; choose one to see its images."), pairs, side] };
  }
  const matrix = confusionMatrix({ classes, counts: findings.confusion, onChoose: choose });
  matrix.choose(worst?.label ?? 0, worst?.predicted ?? 0);
  return { id: "confusion", title: "Confusion", content: [
    element("p", { class: "note" }, "Rows: the label. Columns: what was read. ", element("span", { class: "hint" }, "Choose a cell, by click or by arrow keys and Enter, to see its images.")),
    element("div", { class: "beside" }, matrix.root, side)] };
}

function perClass(findings: Findings): HTMLElement {
  return table({ caption: "Scores of each class", columns: ["class", "images", "precision", "recall", "F1"],
    rows: () => findings.per_class.map((c, i) => [findings.classes[i] ?? String(i), whole(c.images), percent(c.precision), percent(c.recall), percent(c.f1)]) });
}

function calibrationPart(findings: Findings): Part {
  const sure = findings.mean_confidence - findings.accuracy;
  const verdict = Math.abs(sure) < 2 * findings.standard_error ? "about as sure as it is right"
    : sure > 0 ? "surer than it is right" : "less sure than it is right";
  return { id: "calibration", title: "Calibration", content: [
    element("div", { class: "beside" }, reliabilityDiagram(findings.bins), element("div", {},
      element("p", {}, `On average this model is ${percent(findings.mean_confidence)} sure and ${percent(findings.accuracy)} right: ${verdict}. `
        + `Its expected calibration error, over 15 bins, is ${percent(findings.expected_calibration_error)}.`),
      element("p", { class: "note" }, "Bars: accuracy of the images read with that confidence. The line: where accuracy and confidence agree. Hatched: the gap between them. Below: how many images, as square roots."),
      element("dl", { class: "facts" }, ([["Negative log-likelihood", `${significant(findings.negative_log_likelihood)} nats`], ["Brier score", significant(findings.brier_score)],
        ["Label among the top two", percent(findings.top2_accuracy)]] as const).map(([n, v]) => [element("dt", {}, n), element("dd", {}, v)]).flat()))),
  ] };
}

export function runFrame(report: RunReport): Frame {
  const { run, findings } = report;
  const images = findings ? imagesOf(findings.gallery) : [];
  const parts: Part[] = [{ id: "run", title: "The run", content: [keyFigures(report), facts(report)] }];
  if (run.curves.epoch.length > 0) parts.push({ id: "curves", title: "Curves", content: runCurves(run) });
  if (findings) {
    parts.push(confusionPart(findings, images),
      { id: "images", title: "Mistakes", content: [filteredGallery(images, findings.classes, findings.images - findings.correct)] },
      { id: "classes", title: "Classes", content: [perClass(findings)] }, calibrationPart(findings));
  }
  if (report.weights) {
    parts.push({ id: "weights", title: "Weights", content: [
      report.weights.units.length > 0 ? firstLayerWeights(report.weights, findings?.classes ?? []) : element("p", { class: "none" }, "A unit of this network looks at more pixels than a report can show."),
      report.weight_layers ? [element("h3", {}, "All weights by layer"), element("p", { class: "note" }, "Heights are square roots of counts."), weightHistograms(report.weight_layers)] : null] });
  }
  if (report.activations && findings && report.activations.layers.length > 0)
    parts.push({ id: "activations", title: "Activations", content: [activationViews(report.activations, findings.classes)] });
  parts.push({ id: "options", title: "Options", content: [configTable(run.config)] });
  return { kind: "Report of a training run", title: shortNames([run.name])[0] ?? run.name, subtitle: [networkText(run)], notes: report.notes, parts };
}
