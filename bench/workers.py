"""Worker processes of the benchmarks: programs that stay alive, wait for input, and do what they are timed for.

The protocol is written down in inkling_worker.cpp. While one worker is timed all others wait for input, and the rounds
are interleaved, A B A B ..., so that a machine that drifts drifts for all.
"""

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


def openblas_settings(threads):
    """Environments that may be best for a user of BLAS: each OpenBLAS that is installed, and how idle threads wait."""
    libraries = [{"LD_LIBRARY_PATH": folder} for folder in sorted(glob.glob("/usr/lib/*/openblas-*/"))] or [{}]
    waits = [{}] if threads == 1 else [{}, {"OMP_WAIT_POLICY": "passive"}]
    return [{**library, **wait} for library in libraries for wait in waits]


@dataclasses.dataclass
class Peer:
    name: str
    command: list
    settings: callable = no_settings  # threads -> environments to try


INKLING = Peer("Inkling", [str(HERE.parent / "build/release/bench/inkling_bench_worker")])


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
            start = time.monotonic()
            while len(worker.seconds) < TRIAL_EPOCHS or time.monotonic() - start < TRIAL_SECONDS:
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
