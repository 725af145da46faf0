// The pure parts of the page: numbers as people read them, bytes out of base64, curves on one axis, orders.
import assert from "node:assert/strict";
import { test } from "node:test";
import { unitOrder } from "../../web/src/activations";
import { bytesOf, sharesOf, signedBytesOf } from "../../web/src/bytes";
import { verdict } from "../../web/src/comparison_page";
import { onOneAxis } from "../../web/src/curves";
import { confidence, counted, percent, pValue, seconds, significant, tick, whole } from "../../web/src/format";
import { shortNames } from "../../web/src/names";
import { imagesOf } from "../../web/src/read_image";
import { lookOf } from "../../web/src/series";
import { between, diverging } from "../../web/src/theme";

const plain = (text: string): string => text.replaceAll("\u202f", " ").replaceAll("\u2212", "-");

test("whole numbers have commas", () => {
  assert.deepEqual([0, 999, 1000, 1234567, -4321].map((n) => plain(whole(n))), ["0", "999", "1,000", "1,234,567", "-4,321"]);
});

test("shares are percent, and what is none is a dash", () => {
  assert.equal(plain(percent(0.97744)), "97.74 %");
  assert.equal(plain(percent(1, 0)), "100 %");
  assert.equal(percent(null), "\u2013");
  assert.equal(percent(Number.NaN), "\u2013");
});

test("significant digits, with an exponent only where it is shorter", () => {
  const of = (x: number | null, digits?: number): string => plain(significant(x, digits));
  assert.deepEqual([of(0), of(0.012345), of(1.5), of(123.456), of(54321), of(-2.5)], ["0", "0.01235", "1.500", "123.5", "54321", "-2.500"]);
  assert.deepEqual([of(0.0000123), of(1e-300, 3), of(2e6, 3), of(1.2345e7, 3)], ["1.23e-5", "1e-300", "2e6", "1.23e7"]);
  assert.equal(of(null), "\u2013");
});

test("ticks have no more decimals than their step needs", () => {
  assert.deepEqual([[0.3, 0.1], [0, 0.1], [100, 2], [97.5, 0.5], [0.05, 0.05], [1.25, 0.25], [-2, 1]].map(([x, step]) => plain(tick(x, step))),
    ["0.3", "0.0", "100", "97.5", "0.05", "1.25", "-2"]);
  assert.deepEqual([[1e-6, 1e-6], [0.001, 0.001], [10, 10], [0.00025, 0.00005]].map(([x, step]) => plain(tick(x, step))), ["1e-6", "0.001", "10", "0.00025"]);
});

test("a confidence is short", () => {
  assert.deepEqual([1, 0.9996, 0.9994, 0.5].map((c) => plain(confidence(c))), ["100 %", "100 %", "99.9 %", "50.0 %"]);
});

test("seconds grow into minutes and hours", () => {
  assert.deepEqual([0.0123, 4.3, 75, 150, 7300].map((s) => plain(seconds(s))), ["12.3 ms", "4.30 s", "75.0 s", "2 min 30 s", "2 h 1 min"]);
});

test("counted things agree with their number", () => {
  assert.deepEqual([counted(1, "image"), counted(0, "image"), counted(2, "mistake")], ["1 image", "0 images", "2 mistakes"]);
});

test("a p value is never 0", () => {
  assert.deepEqual([0, 0.00005, 0.0123, 0.127, 1].map(pValue), ["p < 0.0001", "p < 0.0001", "p = 0.012", "p = 0.127", "p = 1"]);
});

test("bytes, signed bytes and shares come out of base64", () => {
  const text = (bytes: number[]): string => Buffer.from(bytes).toString("base64");
  assert.deepEqual([...bytesOf(text([0, 1, 127, 128, 255]))], [0, 1, 127, 128, 255]);
  assert.deepEqual([...signedBytesOf(text([0, 127, 129, 255]))], [0, 127, -127, -1]);
  assert.deepEqual([...sharesOf(text([0, 0, 255, 255]))], [0, 1]);
  assert.ok(Math.abs((sharesOf(text([0x34, 0x12]))[0] ?? 0) - 0x1234 / 65535) < 1e-7);
  assert.equal(bytesOf("").length, 0);
});

test("images come with what was read in them", () => {
  const text = (bytes: number[]): string => Buffer.from(bytes).toString("base64");
  const images = imagesOf({
    height: 1, width: 2, ranks: 2, index: [7, 9], label: text([1, 0]), label_share: text([0, 64, 0, 128]),
    top_class: text([2, 1, 0, 3]), top_share: text([255, 255, 0, 0, 255, 127, 0, 0]), pixels: text([1, 2, 3, 4]),
  });
  assert.deepEqual(images.map((i) => [i.index, i.label, i.predicted, [...i.pixels]]), [[7, 1, 2, [1, 2]], [9, 0, 0, [3, 4]]]);
  assert.deepEqual(images[0]?.ranked.map(([c]) => c), [2, 1]);
  assert.ok(Math.abs((images[1]?.share ?? 0) - 0.5) < 1e-4);
});

test("runs of other lengths share one axis, with gaps", () => {
  const { x, columns } = onOneAxis([{ x: [1, 2, 4], values: [5, 6, 7] }, { x: [2, 3], values: [8, null] }]);
  assert.deepEqual(x, [1, 2, 3, 4]);
  assert.deepEqual(columns, [[5, 6, null, 7], [null, 8, null, null]]);
});

test("units stand with the class that excites them most", () => {
  // classes 2, units 3: unit 0 serves class 1, unit 1 class 0, unit 2 class 0 and more so
  assert.deepEqual(unitOrder([1, 4, 9, 5, 2, 3], 2, 3), [2, 1, 0]);
});

test("runs are called by the shortest ends of their names that differ", () => {
  assert.deepEqual(shortNames(["runs/a", "runs/b"]), ["a", "b"]);
  assert.deepEqual(shortNames(["x/run", "y/run"]), ["x/run", "y/run"]);
  assert.deepEqual(shortNames(["r", "r"]), ["r (1)", "r (2)"]);
});

test("a verdict names the better model, or none", () => {
  const pair = { first: 0, second: 1, both_right: 9, only_first: 1, only_second: 20, neither: 0, p_value: 0.00002 };
  assert.equal(verdict(pair, ["a", "b"]), "b is better (p < 0.0001)");
  assert.equal(verdict({ ...pair, only_first: 30, p_value: 0.04 }, ["a", "b"]), "a is better (p = 0.040)");
  assert.equal(verdict({ ...pair, p_value: 0.05 }, ["a", "b"]), "no evidence of a difference (p = 0.050)");
});

test("colours go from one end to the other", () => {
  assert.deepEqual(between([0, 0, 0], [200, 100, 50], 0.5), [100, 50, 25]);
  const scale = { negative: [0, 0, 255], zero: [255, 255, 255], positive: [255, 0, 0] } as const;
  const of = (t: number): number[] => diverging({ negative: [...scale.negative], zero: [...scale.zero], positive: [...scale.positive] }, t);
  assert.deepEqual([of(-2), of(0), of(1)], [[0, 0, 255], [255, 255, 255], [255, 0, 0]]);
});

test("eight lines differ in colour and in dashes", () => {
  const looks = Array.from({ length: 8 }, (_, i) => lookOf(i));
  assert.equal(new Set(looks.map((l) => l.colour)).size, 8);
  assert.equal(new Set(looks.map((l) => l.dash.join())).size, 8);
});
