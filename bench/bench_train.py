"""./run bench train: seconds an epoch of Inkling and of other programs, on the same data, network and machine.

Every program runs as a worker process, one epoch of each in turn (workers.py). Before that, each program finds its own
best setting (threads, and what else its peer entry lists) in short trials. A program that is not there is named and left
out. What counts is the ratio of medians; seconds drift. Of the larger networks an epoch is a share of the images.
"""

import sys

from report import begin, headline, name_missing, parser, positive, table, write_json
from workers import INKLING, INKLING_BF16, NUMPY, OPENBLAS, PYTORCH, SKLEARN, best_workers, take_turns

PEERS = [INKLING, INKLING_BF16, OPENBLAS, PYTORCH, SKLEARN, NUMPY]
SHAPES = {  # network/batch: images in an epoch (0: all), learning rate
    "784-128-10/32": (0, 0.05),
    "784-128-10/128": (0, 0.1),
    "784-500-10/500": (0, 0.1),
    "784-1024-1024-10/256": (12800, 0.1),
    "784-2500-2000-1500-1000-500-10/256": (2560, 0.05),
}


def measure(shape, options, computer):
    """Times one shape, prints its table, returns its samples."""
    network, _, batch = shape.partition("/")
    images, rate = SHAPES.get(shape, (0, 0.1))
    images = options.images if options.images is not None else images
    rate = options.rate or rate
    arguments = ["--data", options.data, "--widths", network.replace("-", ","), "--batch", batch, "--rate", rate,
                 "--ink", options.ink, "--seed", options.seed, "--images", images]
    print(f"{shape}:", file=sys.stderr)
    left_out = {}
    workers = best_workers(PEERS, arguments, left_out)
    if INKLING.name not in workers:
        sys.exit(f"{INKLING.name}: {left_out[INKLING.name]}")
    print(f"{options.rounds} rounds ...", file=sys.stderr)
    take_turns(workers.values(), options.rounds)
    accuracies = {name: worker.ask("test")["accuracy"] for name, worker in workers.items()}
    for worker in workers.values():
        worker.close()

    ours = workers[INKLING.name]
    headline(computer, f"{network}, ReLU, batch {batch}, SGD {rate}, fp32 where not said: seconds for an epoch of "
                       f"{ours.info['images']:,} images.")
    rows = []
    for name, worker in workers.items():
        ratios = [theirs / our for theirs, our in zip(worker.seconds, ours.seconds)]
        rows.append([name, f"{worker.info['version']} {worker.info['detail']}"[:28], str(worker.threads),
                     f"{worker.median():.4f}", f"{min(worker.seconds):.4f}..{max(worker.seconds):.4f}",
                     f"{worker.median() / ours.median():.2f}", f"{min(ratios):.2f}..{max(ratios):.2f}",
                     f"{100 * accuracies[name]:.2f}"])
    table(["program", "version", ">thr", ">median", ">min..max", ">ratio", ">by round", ">test %"], rows)
    print(f"\nratio: to Inkling's fp32, of medians; by round: of each round's pair. test %: accuracy after "
          f"{options.rounds + 1} epochs,\nthe first of which is not timed.")
    name_missing(left_out)
    print()
    return {"shape": shape, "images": ours.info["images"], "rate": rate, "left_out": left_out,
            "programs": [{**worker.report(), "accuracy": accuracies[name], "trials": worker.trials}
                         for name, worker in workers.items()]}


def main():
    options = parser("train", "Training speed beside other programs.", rounds=10)
    options.add_argument("--shape", action="append", metavar="NETWORK/BATCH",
                         help=f"again for more of them (784-128-10/128); those of --all: {', '.join(SHAPES)}")
    options.add_argument("--all", action="store_true", help="all of those")
    options.add_argument("--images", type=positive, help="in an epoch (all; a share for the two largest networks)")
    options.add_argument("--rate", type=float, help="of plain SGD (0.1; 0.05 for batch 32 and the largest network)")
    options.add_argument("--ink", type=float, default=3, help="what a pixel of 255 is worth to the network (3)")
    options.add_argument("--seed", type=int, default=1, help="of weights and shuffle (1)")
    options = options.parse_args()
    computer = begin(options)
    shapes = list(SHAPES) if options.all else options.shape or ["784-128-10/128"]
    write_json(options, computer, shapes=[measure(shape, options, computer) for shape in shapes])


main()
