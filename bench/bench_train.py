"""./run bench train: seconds an epoch of Inkling and of other programs, on the same data, network and machine.

Every program runs as a worker process that stays alive (the protocol is written down in inkling_worker.cpp). While one
is timed all others wait for input, and the rounds are interleaved, A B A B ..., so that a machine that drifts drifts
for all. Before that, each program finds its own best setting (threads, and what else its peer entry lists) in short
trials. A program that is not there is named and left out. What counts is the ratio of medians; seconds drift.
"""

import argparse
import dataclasses
import glob
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
BINARY = HERE.parent / "build/release/inkling"
TRIAL_SECONDS = 1.0  # guess: of one trial, and never fewer than TRIAL_EPOCHS
TRIAL_EPOCHS = 3
SETTLE_SECONDS = 0.05  # measured: OpenMP's threads have stopped spinning a few milliseconds after their last work


def no_settings(threads):
    return [{}]


def torch_settings(threads):
    """Environments that may be PyTorch's best: each OpenBLAS that is installed, and how idle threads wait."""
    libraries = [{"LD_LIBRARY_PATH": folder} for folder in sorted(glob.glob("/usr/lib/*/openblas-*/"))] or [{}]
    waits = [{}] if threads == 1 else [{}, {"OMP_WAIT_POLICY": "passive"}]
    return [{**library, **wait} for library in libraries for wait in waits]


@dataclasses.dataclass
class Peer:
    name: str
    command: list
    settings: callable = no_settings  # threads -> environments to try


PEERS = [
    Peer("Inkling", [str(HERE.parent / "build/release/bench/inkling_bench_worker")]),
    Peer("PyTorch", ["/usr/bin/python3", str(HERE / "torch_worker.py")], torch_settings),
]


class Missing(Exception):
    pass


class Worker:
    def __init__(self, peer, arguments, threads, environment):
        self.threads, self.environment, self.seconds = threads, environment, []
        try:
            self.process = subprocess.Popen([*peer.command, *arguments, "--threads", str(threads)], text=True,
                                            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                            env={**os.environ, **environment})
        except OSError as error:
            raise Missing(str(error)) from error
        word, _, rest = self.process.stdout.readline().strip().partition(" ")
        if word != "ready":
            self.close()
            raise Missing(rest or f"its worker ended with code {self.process.returncode}")
        self.info = json.loads(rest)

    def ask(self, word):
        print(word, file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"{self.process.args[0]} ended in the middle of `{word}`")
        return json.loads(line)

    def epoch(self):
        time.sleep(SETTLE_SECONDS)
        self.seconds.append(self.ask("epoch")["seconds"])

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def thread_counts():
    cores = len(os.sched_getaffinity(0))
    return [1] + [count for count in (2, 4, 8, 16, 32, 64) if count < cores] + ([cores] if cores > 1 else [])


def best_setting(peer, arguments):
    """The setting with the lowest median in a short trial, and every trial."""
    trials = []
    for threads in thread_counts():
        for environment in peer.settings(threads):
            worker = Worker(peer, arguments, threads, environment)
            while len(worker.seconds) < TRIAL_EPOCHS or sum(worker.seconds) < TRIAL_SECONDS:
                worker.epoch()
            worker.close()
            median = statistics.median(worker.seconds)
            trials.append({"threads": threads, "environment": environment, "seconds": median})
    return min(trials, key=lambda trial: trial["seconds"]), trials


def data_folder(asked):
    """Where MNIST's four files are: --data, $INKLING_DATA, or where the library finds them."""
    if asked or os.environ.get("INKLING_DATA"):
        return asked or os.environ["INKLING_DATA"]
    found = subprocess.run([BINARY, "data", "find", "--json"], stdout=subprocess.PIPE, text=True, check=True)
    for place in json.loads(found.stdout)["places"]:
        if place["mnist"] and os.path.isdir(place["path"]):
            return place["path"]
    sys.exit("MNIST was not found: name its folder by --data or INKLING_DATA, or fetch it with ./run data get")


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        models = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    return {"processor": models[0] if models else platform.machine(), "cores": len(os.sched_getaffinity(0)),
            "system": platform.platform(), "load_before": os.getloadavg()[0]}


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
