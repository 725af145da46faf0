// ONNX Runtime's side of ./run bench predict and start, by its Node.js binding. worker.h has the protocol.
//
// Pixels are floats before any clock runs, and each batch is a tensor made beforehand. With --batch 1 every image's
// time is that of one run() as a program in JavaScript sees it.
"use strict";
const fs = require("fs");
const path = require("path");
const readline = require("readline");
const zlib = require("zlib");

const say = (word, value) => process.stdout.write((word ? word + " " : "") + JSON.stringify(value) + "\n");
const missing = (why) => {
  process.stdout.write(`missing ${why}\n`);
  process.exit(1);
};

const options = {};
for (let i = 2; i + 1 < process.argv.length; i += 2) options[process.argv[i].slice(2)] = process.argv[i + 1];

// The bytes behind an IDX file's header; gzip or raw, either spelling of the name.
function readIdx(name) {
  for (const spelling of [name, name.replace("-idx", ".idx")])
    for (const ending of ["", ".gz"]) {
      const file = path.join(options.data, spelling + ending);
      if (!fs.existsSync(file)) continue;
      const raw = ending ? zlib.gunzipSync(fs.readFileSync(file)) : fs.readFileSync(file);
      return raw.subarray(4 + 4 * raw[3]);
    }
  return missing(`no ${name} in ${options.data}`);
}

const quantile = (sorted, q) => sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)];
const seconds = (start) => Number(process.hrtime.bigint() - start) * 1e-9;

async function main() {
  const folder = path.join(__dirname, "../build/peers/node_modules/onnxruntime-node");
  if (!fs.existsSync(folder)) missing("not installed; ./run bench --install-peers installs it");
  const ort = require(folder);
  const start = process.hrtime.bigint();
  const session = await ort.InferenceSession.create(options.onnx, {
    intraOpNumThreads: Number(options.threads), interOpNumThreads: 1, executionMode: "sequential",
    graphOptimizationLevel: "all"});
  const loadSeconds = seconds(start);

  const labels = readIdx("t10k-labels-idx1-ubyte");
  const pixels = readIdx("t10k-images-idx3-ubyte");
  const inputs = pixels.length / labels.length, batch = Math.min(Number(options.batch), labels.length);
  const values = Float32Array.from(pixels, (pixel) => pixel * Number(options.ink) / 255);
  const feeds = [];
  for (let first = 0; first < labels.length; first += batch) {
    const count = Math.min(batch, labels.length - first);
    const data = values.subarray(first * inputs, (first + count) * inputs);
    feeds.push({images: new ort.Tensor("float32", data, [count, inputs])});
  }

  async function epoch() {
    const each = new Float64Array(feeds.length);
    const begin = process.hrtime.bigint();
    for (let b = 0; b < feeds.length; ++b) {
      const start = process.hrtime.bigint();
      await session.run(feeds[b]);
      each[b] = seconds(start);
    }
    const answer = {seconds: seconds(begin)};
    if (batch > 1) return answer;
    each.sort();
    return {...answer, p50: quantile(each, 0.5), p99: quantile(each, 0.99), p99_9: quantile(each, 0.999)};
  }

  async function accuracy() {
    let right = 0, image = 0;
    for (const feed of feeds) {
      const p = (await session.run(feed)).probabilities;
      const classes = p.dims[1];
      for (let row = 0; row < p.dims[0]; ++row, ++image) {
        let best = 0;
        for (let c = 1; c < classes; ++c) if (p.data[row * classes + c] > p.data[row * classes + best]) best = c;
        right += best === labels[image];
      }
    }
    return {accuracy: right / labels.length};
  }

  await epoch();
  const version = JSON.parse(fs.readFileSync(path.join(folder, "package.json"))).version;
  say("ready", {version, detail: "onnxruntime-node", images: labels.length, load_seconds: loadSeconds});
  for await (const line of readline.createInterface({input: process.stdin})) {
    if (line === "epoch") say("", await epoch());
    if (line === "test") say("", await accuracy());
    if (line === "quit") break;
  }
}

main().catch((error) => missing(String(error.message).split("\n")[0]));
