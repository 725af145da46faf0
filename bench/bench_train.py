"""./run bench train: seconds an epoch of Inkling and of other programs, on the same data, network and machine.

Every program runs as a worker process, one epoch of each in turn (workers.py). Before that, each program finds its own
best setting (threads, and what else its peer entry lists) in short trials. A program that is not there is named and left
out. What counts is the ratio of medians; seconds drift.
"""

import argparse
import json
import os
import pathlib
import statistics
import sys

from workers import HERE, INKLING, Missing, Peer, Worker, best_setting, data_folder, machine, openblas_settings

PEERS = [
    INKLING,
    Peer("PyTorch", ["/usr/bin/python3", str(HERE / "torch_worker.py")], openblas_settings),
]


def main():
    parser = argparse.ArgumentParser(prog="./run bench train", description="Training speed beside other programs.")
    parser.add_argument("--rounds", type=int, default=10, help="timed epochs of each program (10)")
    parser.add_argument("--data", help="folder of MNIST's four files (INKLING_DATA, or where the library finds them)")
    parser.add_argument("--widths", default="784,128,10", help="inputs, hidden layers, outputs (784,128,10)")
    parser.add_argument("--batch", type=int, default=128, help="images in a batch (128)")
    parser.add_argument("--rate", type=float, default=0.1, help="learning rate of plain SGD (0.1)")
    parser.add_argument("--ink", type=float, default=3, help="what a pixel of 255 is worth to the network (3)")
    parser.add_argument("--seed", type=int, default=1, help="of weights and shuffle (1)")
    parser.add_argument("--json", metavar="FILE", help="write machine, versions and every sample there")
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error("--rounds must be at least 1")
    computer = machine()
    arguments = ["--data", os.path.abspath(data_folder(options.data))]
    for name in ("widths", "batch", "rate", "ink", "seed"):
        arguments += [f"--{name}", str(getattr(options, name))]

    workers, trials, left_out = {}, {}, {}
    for peer in PEERS:
        print(f"{peer.name}: trying settings ...", file=sys.stderr)
        try:
            best, trials[peer.name] = best_setting(peer, arguments)
            workers[peer.name] = Worker(peer, arguments, best["threads"], best["environment"])
        except Missing as why:
            left_out[peer.name] = str(why)
    if PEERS[0].name in left_out:
        sys.exit(f"{PEERS[0].name}: {left_out[PEERS[0].name]}")

    print(f"{options.rounds} rounds ...", file=sys.stderr)
    for _ in range(options.rounds):
        for worker in workers.values():
            worker.epoch()
    accuracies = {name: worker.ask("test")["accuracy"] for name, worker in workers.items()}
    for worker in workers.values():
        worker.close()

    ours = statistics.median(workers[PEERS[0].name].seconds)
    images = workers[PEERS[0].name].info["images"]
    print(f"Training {options.widths.replace(',', '-')}, ReLU, batch {options.batch}, SGD {options.rate}, fp32: "
          f"seconds for an epoch of {images:,} images.")
    print(f"{computer['processor']}, {computer['cores']} cores, load {computer['load_before']:.1f} before; "
          f"{options.rounds} rounds, one epoch of each program in turn.\n")
    print(f"{'program':<36}{'threads':>8}{'median s':>10}{'min .. max':>18}{'ratio':>8}{'test accuracy':>15}")
    for name, worker in workers.items():
        median = statistics.median(worker.seconds)
        program = f"{name} {worker.info['version']} ({worker.info['detail']})"
        spread = f"{min(worker.seconds):.4f} .. {max(worker.seconds):.4f}"
        print(f"{program:<36}{worker.threads:>8}{median:>10.4f}{spread:>18}{median / ours:>8.2f}"
              f"{100 * accuracies[name]:>13.2f} %")
    print(f"\nAccuracy after {options.rounds + 1} epochs, the first of which is not timed.")
    for name, why in left_out.items():
        print(f"Left out: {name}: {why}")

    if options.json:
        programs = {name: {**worker.info, "threads": worker.threads, "environment": worker.environment,
                           "seconds": worker.seconds, "accuracy": accuracies[name], "trials": trials[name]}
                    for name, worker in workers.items()}
        settings = {key: value for key, value in vars(options).items() if key not in ("json", "data")}
        report = {"machine": computer, "settings": settings, "programs": programs, "left_out": left_out}
        pathlib.Path(options.json).write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


main()
