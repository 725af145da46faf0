// What a report's page is given: the JSON that inkling/report/report_data.h writes. A number that was not finite is
// null.

export type Numbers = (number | null)[];

export interface ConfigRow { name: string; group: string; help: string; value: string; changed: boolean }
export interface Checksum { file: string; sha256: string }
export interface DataFacts {
  source: string; origin: string; checksums: Checksum[];
  train_images: number; validation_images: number; test_images: number;
}
export interface TensorCurves { name: string; gradient_norm: Numbers; update_ratio: Numbers }
export interface Curves {
  records: number;  // epochs that the run recorded; the curves may keep fewer
  epoch: number[]; steps: number[]; learning_rate: Numbers;
  train_loss: Numbers; train_accuracy: Numbers;
  validation_loss?: Numbers; validation_accuracy?: Numbers;
  test_loss: Numbers; test_accuracy: Numbers; train_seconds: Numbers;
  tensors: TensorCurves[];
  best?: number;  // place in these arrays
  best_by?: string;
}
export interface Complaint { text: string; first: number; last: number }
export interface RecordedScores { epoch: number; images: number; accuracy: number; standard_error: number; loss: number }
export interface RunFacts {
  name: string;
  network: { widths: number[]; activation: string; output: string; parameters: number };
  finished: boolean; version: string;
  machine: { threads: number; isa: string };
  data: DataFacts; command: string; config: ConfigRow[]; epochs_asked: number;
  curves: Curves; complaints: Complaint[];
  speed: { train_seconds: number; test_seconds: number; images_per_second?: number };
  preset?: string; init_from?: string;
  recorded: RecordedScores | null;
}

export interface Bin { low: number; high: number; images: number; confidence: number | null; accuracy: number | null }
export interface Scores {
  images: number; correct: number; accuracy: number; standard_error: number; top2_accuracy: number;
  negative_log_likelihood: number; brier_score: number; mean_confidence: number; expected_calibration_error: number;
  bins: Bin[];
}
export interface ClassScores {
  images: number; predicted: number; correct: number;
  precision: number | null; recall: number | null; f1: number | null;
}
// Images with what was read in them; base64 of bytes, but for shares: of little-endian 16-bit wholes.
export interface GalleryData {
  height: number; width: number; ranks: number; index: number[];
  label: string; label_share: string; top_class: string; top_share: string; pixels: string;
}
export interface Findings extends Scores {
  classes: string[]; per_class: ClassScores[];
  confusion?: number[][];  // [label][predicted]; left out where there are too many classes
  confused_pairs: { label: number; predicted: number; images: number }[];
  gallery: GalleryData;
}

export interface WeightUnit { unit: number; norm: number; bias: number; scale: number; serves: number }
export interface FirstLayer { height: number; width: number; total: number; units: WeightUnit[]; values: string }
export interface WeightLayer { name: string; inputs: number; outputs: number; largest: number; histogram: number[] }

export interface PackedMatrix { scale: number; values: string }  // base64 of signed bytes, times scale
export interface ActivationLayer {
  width: number; units: number; activation: string; mean_by_class: PackedMatrix; of_samples: PackedMatrix;
}
export interface Activations {
  samples: { index: number[]; height: number; width: number; labels: number[]; read: number[]; pixels: string };
  layers: ActivationLayer[];
}

export interface TestFacts { origin: string; images: number; checksums: string[] }

export interface RunReport {
  format: 1; kind: "run"; notes: string[]; run: RunFacts; test: TestFacts | null;
  weights?: FirstLayer; weight_layers?: WeightLayer[]; temperature?: number;
  findings?: Findings; activations?: Activations;
}

export interface Pair {
  first: number; second: number;
  both_right: number; only_first: number; only_second: number; neither: number; p_value: number;
}
export interface Disagreements {
  total: number; height: number; width: number; index: number[];
  label: string; read: string; share: string; pixels: string;
}
export interface Difference { name: string; group: string; values: string[] }
export interface ComparedRun extends RunFacts { scores?: Scores }
export interface ComparisonReport {
  format: 1; kind: "comparison"; notes: string[]; test: TestFacts | null;
  differences: Difference[]; runs: ComparedRun[];
  classes?: string[]; pairs?: Pair[]; disagreements?: Disagreements;
}

export type Report = RunReport | ComparisonReport;

// The data that stand in the page itself.
export function reportInPage(id: string): Report {
  const text = document.getElementById(id)?.textContent;
  if (!text) throw new Error(`this page has no data (#${id})`);
  const report = JSON.parse(text) as Report;
  if (report.format !== 1) throw new Error(`data of format ${String(report.format)}; this page reads format 1`);
  return report;
}
