"""./run bench scaling: how the time of an epoch grows with threads, width, depth, batch and data.

Inkling alone. Each row changes one thing of 784-128-10 at batch 128; its workers, one for each number of threads, take
turns. GFLOP/s count the first layer as if it did not skip pixels.
"""

import sys

from report import begin, headline, parser, table, write_json
from workers import INKLING, Missing, Worker, take_turns, thread_counts

IMAGES = 12800
ROWS = [  # what changes, hidden widths, batch, images
    *[("width", [width], 128, IMAGES) for width in (32, 64, 128, 256, 512, 1024, 2048)],
    *[("depth", [256] * depth, 128, IMAGES) for depth in (1, 2, 4, 8)],
    *[("batch", [128], batch, IMAGES) for batch in (1, 8, 32, 128, 512, 2048)],
    *[("data", [128], 128, images) for images in (3750, 7500, 15000, 30000, 60000)],
]


def flops(widths, images):
    """Of an epoch, two for a multiply-add: forward, weight gradient, and but for the first layer the input gradient."""
    products = [a * b for a, b in zip(widths, widths[1:])]
    return 2 * images * (3 * sum(products) - products[0])


def measure(row, options):
    what, hidden, batch, images = row
    widths = [784, *hidden, 10]
    arguments = ["--data", options.data, "--widths", ",".join(map(str, widths)), "--batch", batch, "--rate", "0.01",
                 "--images", images]
    try:
        workers = [Worker(INKLING, arguments, threads, {}) for threads in thread_counts()]
    except Missing as why:
        sys.exit(f"{INKLING.name}: {why}")
    take_turns(workers, options.rounds)
    for worker in workers:
        worker.close()
    return {"changes": what, "widths": widths, "batch": batch, "images": images, "flops": flops(widths, images),
            "programs": [worker.report() for worker in workers], "medians": [worker.median() for worker in workers]}


def main():
    options = parser("scaling", "Time against threads, width, depth, batch and data.", rounds=5)
    options.add_argument("--only", choices=sorted({row[0] for row in ROWS}), help="the rows that change this")
    options = options.parse_args()
    computer = begin(options)
    results = []
    for number, row in enumerate(chosen := [row for row in ROWS if options.only in (None, row[0])], 1):
        print(f"row {number} of {len(chosen)} ...", file=sys.stderr)
        results.append(measure(row, options))
    headline(computer, f"Inkling {results[0]['programs'][0]['version']}, fp32: seconds an epoch, medians of "
                       f"{options.rounds} interleaved rounds.")
    rows, before = [], None
    for result in results:
        medians = result["medians"]
        same = before is not None and before["changes"] == result["changes"]
        rows.append([result["changes"], "-".join(map(str, result["widths"])), str(result["batch"]),
                     f"{result['images']:,}", *[f"{seconds:.4f}" for seconds in medians], f"{medians[0] / medians[-1]:.2f}",
                     f"{1e-9 * result['flops'] / medians[-1]:.0f}",
                     f"{result['flops'] / before['flops']:.2f}" if same else "-",
                     f"{medians[-1] / before['medians'][-1]:.2f}" if same else "-"])
        before = result
    table(["changes", "network", ">batch", ">images", *[f">{count} thr." for count in thread_counts()], ">speed-up",
           ">GFLOP/s", ">work", ">time"], rows)
    print("\nspeed-up: all threads against one. GFLOP/s, and work and time against the row above: with all threads.")
    write_json(options, computer, rows=results)


main()
