"""./run bench kernels: the products of training at real shapes, one by one, beside OpenBLAS's and oneDNN's.

Each product is asked of each library in turn, round by round, and so is what the machine's multiply-adds reach: the
peak that GFLOP/s are a share of. Inkling's products do what a layer does besides (bias and ReLU, ReLU's gradient); the
others' are bare. Those that read pixels work on integers and count as if they were floats: their share can exceed
100 %. oneDNN's are its matmul primitive or its sgemm, whichever is faster.
"""

import statistics
import sys

from report import begin, headline, name_missing, parser, table, write_json
from workers import BUILT, Missing, Peer, Worker, openblas_settings, openmp_settings, thread_counts

LAYERS = [  # images, inputs, outputs
    (32, 784, 128), (128, 784, 128), (128, 128, 10), (500, 784, 500), (256, 784, 1024), (256, 1024, 1024),
    (256, 784, 2500), (256, 2500, 2000),
]
PIXELS = 784
INKLING = Peer("Inkling", [str(BUILT / "bench/inkling_products")])
OPENBLAS = Peer("OpenBLAS", [str(BUILT / "bench/openblas_products")], openblas_settings)
ONEDNN = Peer("oneDNN", [str(BUILT / "bench/onednn_products")], openmp_settings)


def kinds(inputs):
    first = ["forward", "forward_pixels", "weight_gradient", "weight_gradient_pixels"]
    return first if inputs == PIXELS else ["forward", "weight_gradient", "input_gradient"]


def question(kind, layer, dense):
    return " ".join([kind.removesuffix("_pixels") if dense else kind, *map(str, layer)])


def best_worker(peer, arguments, threads):
    """The peer in the environment that is fastest at one product of middling size."""
    workers = [Worker(peer, arguments, threads, environment) for environment in peer.settings(threads)]
    trials = [statistics.median(worker.ask("forward 128 784 128")["seconds"] for _ in range(5)) for worker in workers]
    best = workers[trials.index(min(trials))]
    for worker in workers:
        if worker is not best:
            worker.close()
    return best


def start(arguments, threads, left_out):
    workers = {}
    for peer in (INKLING, OPENBLAS, ONEDNN):
        try:
            workers[peer.name] = best_worker(peer, arguments, threads)
        except Missing as why:
            left_out[peer.name] = str(why)
    if INKLING.name not in workers:
        sys.exit(f"{INKLING.name}: {left_out[INKLING.name]}")
    return workers


def measure(threads, options, computer):
    """Times every product on so many threads, prints the table, returns the samples."""
    left_out = {}
    workers = start(["--data", options.data], threads, left_out)
    products = [(kind, layer) for layer in LAYERS for kind in kinds(layer[1])]
    samples = {(*product, name): [] for product in products for name in workers}
    peaks = []
    for number in range(options.rounds):
        print(f"{threads} threads: round {number + 1} of {options.rounds} ...", file=sys.stderr)
        for kind, layer in products:
            for name, worker in workers.items():
                answer = worker.ask(question(kind, layer, dense=name != INKLING.name))
                samples[kind, layer, name].append(answer["seconds"])
        peaks.append(workers[INKLING.name].ask("peak")["flops"])
    for worker in workers.values():
        worker.close()

    peak = statistics.median(peaks)
    headline(computer, f"Products in fp32 on {threads} thread{'s' * (threads > 1)}: GFLOP/s and share of the peak, "
                       f"{peak / 1e9:.0f} GFLOP/s ({min(peaks) / 1e9:.0f}..{max(peaks) / 1e9:.0f}).")
    rows = []
    for kind, layer in products:
        flops = {name: 2 * layer[0] * layer[1] * layer[2] / statistics.median(samples[kind, layer, name])
                 for name in workers}
        row = [kind, "x".join(map(str, layer))]
        for name in workers:
            row += [f"{flops[name] / 1e9:.1f}", f"{100 * flops[name] / peak:.0f} %"]
        fastest = max((flops[name] for name in workers if name != INKLING.name), default=None)
        rows.append(row + [f"{flops[INKLING.name] / fastest:.2f}" if fastest else "-"])
    columns = ["product", "B x I x O"]
    for name in workers:
        columns += [f">{name}", ">peak"]
    table([*columns, ">x best"], rows)
    print("\nx best: Inkling's speed over that of the faster of the others.")
    name_missing(left_out)
    print()
    return {"threads": threads, "peak_flops": peaks, "left_out": left_out,
            "programs": {name: {**worker.info, "environment": worker.environment} for name, worker in workers.items()},
            "products": [{"product": kind, "images": layer[0], "inputs": layer[1], "outputs": layer[2],
                          "seconds": {name: samples[kind, layer, name] for name in workers}}
                         for kind, layer in products]}


def main():
    options = parser("kernels", "The products of training, one by one.", rounds=10)
    options.add_argument("--threads", type=lambda text: [int(count) for count in text.split(",")],
                         help="a table for each of these numbers (1,2,... up to the cores)")
    options = options.parse_args()
    computer = begin(options)
    counts = options.threads or thread_counts()
    write_json(options, computer, tables=[measure(threads, options, computer) for threads in counts])


main()
