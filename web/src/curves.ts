// The charts of one run's record, and the same of several runs beside each other.
import type { ComparedRun, Numbers, RunFacts } from "./data";
import { type Child, element } from "./element";
import { percent, significant, tick } from "./format";
import { type Line, lineChart } from "./line_chart";
import { kTest, kTraining, kValidation, lookOf } from "./series";

const accuracy = (v: number | null | undefined): string => percent(v, 2);
const plain = (v: number | null | undefined): string => significant(v, 4);
const percentTick = (v: number, step: number): string => `${tick(100 * v, 100 * step)}\u202f%`;
const inAccuracy = { format: accuracy, tick: percentTick }, inNumbers = { format: plain, tick };

export function runCurves(run: RunFacts): Child[] {
  const { curves } = run;
  const last = curves.epoch.length - 1;
  const best = curves.best === undefined || last < 1 ? undefined : curves.epoch[curves.best];
  const marker = best === undefined ? {} : { marker: { x: best, label: `best ${curves.best_by ?? ""}, epoch ${best}` } };
  const parts = (train: Numbers, validation: Numbers | undefined, test: Numbers): Line[] => [
    { label: "training", values: train, look: kTraining },
    ...(validation ? [{ label: "validation", values: validation, look: kValidation }] : []),
    { label: "test", values: test, look: kTest },
  ];
  const chart = { xLabel: "epoch", x: curves.epoch, sync: "epochs" };
  const tensors = (of: (t: RunFacts["curves"]["tensors"][number]) => Numbers): Line[] => curves.tensors
    .filter((t) => t.name.endsWith(".weight")).slice(0, 8).map((t, i) => ({ label: t.name, values: of(t), look: lookOf(i) }));
  const shortened = curves.epoch.length < curves.records
    ? element("p", { class: "note" }, `The curves keep ${curves.epoch.length} of ${curves.records} recorded epochs, the best and the last among them.`) : null;
  return [
    element("p", { class: "note" }, "Training figures are means over the epoch while the weights still moved; the others are taken at its end. ", element("span", { class: "hint" }, "Hover or use the arrow keys to read, drag or press + to zoom.")),
    shortened,
    element("div", { class: "grid" },
      lineChart({ ...chart, ...marker, title: "Loss", yLabel: "loss, nats", lines: parts(curves.train_loss, curves.validation_loss, curves.test_loss), ...inNumbers, log: false }),
      lineChart({ ...chart, ...marker, title: "Accuracy", yLabel: "accuracy", lines: parts(curves.train_accuracy, curves.validation_accuracy, curves.test_accuracy), ...inAccuracy }),
      lineChart({ ...chart, title: "Learning rate", yLabel: "learning rate", lines: [{ label: "learning rate", values: curves.learning_rate, look: { ...lookOf(4), dash: [] } }], ...inNumbers }),
      lineChart({ ...chart, title: "Gradient norms", note: "Of each weight matrix, at the last step of the epoch.", yLabel: "norm", lines: tensors((t) => t.gradient_norm), ...inNumbers, log: true }),
      lineChart({ ...chart, title: "Size of the steps", note: "Norm of a step over norm of the weights; about 0.001 is usual.", yLabel: "ratio", lines: tensors((t) => t.update_ratio), ...inNumbers, log: true }),
      lineChart({ ...chart, title: "Time", note: "Seconds of training from one record to the next.", yLabel: "seconds", lines: [{ label: "training", values: curves.train_seconds, look: { ...lookOf(5), dash: [] } }], ...inNumbers })),
    run.complaints.length > 0 ? [element("h3", {}, "What Inkling complained about"), element("ul", { class: "complaints" }, run.complaints.map((c) =>
      element("li", {}, c.first === c.last ? `Epoch ${c.first}: ${c.text}` : `Epochs ${c.first} to ${c.last}: ${c.text}`)))] : null,
  ];
}

// Several runs on one set of epochs: where a run has no record of an epoch, there is a gap.
export function onOneAxis(runs: { x: number[]; values: Numbers }[]): { x: number[]; columns: Numbers[] } {
  const x = [...new Set(runs.flatMap((r) => r.x))].sort((a, b) => a - b);
  const columns = runs.map((run) => {
    const at = new Map(run.x.map((epoch, i) => [epoch, run.values[i] ?? null]));
    return x.map((epoch) => at.get(epoch) ?? null);
  });
  return { x, columns };
}

export function overlaidCurves(runs: ComparedRun[], names: string[]): Child[] {
  const of = (title: string, yLabel: string, pick: (run: ComparedRun) => Numbers, unit: typeof inNumbers, log?: boolean): HTMLElement => {
    const { x, columns } = onOneAxis(runs.map((run) => ({ x: run.curves.epoch, values: pick(run) })));
    return lineChart({ title, xLabel: "epoch", yLabel, x, ...unit, sync: "epochs", ...(log === undefined ? {} : { log }),
      lines: runs.map((_, i) => ({ label: names[i] ?? "", values: columns[i] ?? [], look: lookOf(i) })) });
  };
  const validated = runs.some((run) => run.curves.validation_loss);
  return [element("div", { class: "grid" },
    of("Test accuracy", "accuracy", (r) => r.curves.test_accuracy, inAccuracy),
    of("Test loss", "loss, nats", (r) => r.curves.test_loss, inNumbers, false),
    of("Training accuracy", "accuracy", (r) => r.curves.train_accuracy, inAccuracy),
    of("Training loss", "loss, nats", (r) => r.curves.train_loss, inNumbers, false),
    validated ? of("Validation accuracy", "accuracy", (r) => r.curves.validation_accuracy ?? [], inAccuracy) : null,
    validated ? of("Validation loss", "loss, nats", (r) => r.curves.validation_loss ?? [], inNumbers, false) : null,
    of("Learning rate", "learning rate", (r) => r.curves.learning_rate, inNumbers))];
}
