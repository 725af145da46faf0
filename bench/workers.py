"""Worker processes of the benchmarks: programs that stay alive, wait for input, and do what they are timed for.

The protocol is written down in worker.h. While one worker is timed all others wait for input, and the rounds
are interleaved, A B A B ..., so that a machine that drifts drifts for all.
"""

import dataclasses
import glob
import json
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
BUILT = HERE.parent / "build/release"
BINARY = BUILT / "inkling"
PYTHON = "/usr/bin/python3"  # Debian's, which sees Debian's packages
TRIAL_SECONDS = 1.0  # guess: of one trial, and never fewer than TRIAL_EPOCHS
TRIAL_EPOCHS = 2
SETTLE_SECONDS = 0.05  # measured: OpenMP's threads have stopped spinning a few milliseconds after their last work


def no_settings(threads):
    return [{}]


def openmp_settings(threads):
    """Environments that may be best for a user of OpenMP: how idle threads wait."""
    return [{}] if threads == 1 else [{}, {"OMP_WAIT_POLICY": "passive"}]


def openblas_settings(threads):
    """The same for each OpenBLAS that is installed."""
    libraries = [{"LD_LIBRARY_PATH": folder} for folder in sorted(glob.glob("/usr/lib/*/openblas-*/"))] or [{}]
    return [{**library, **wait} for library in libraries for wait in openmp_settings(threads)]


@dataclasses.dataclass
class Peer:
    name: str
    command: list
    settings: callable = no_settings  # threads -> environments to try


INKLING = Peer("Inkling", [str(BUILT / "bench/inkling_train")])
INKLING_BF16 = Peer("Inkling bf16", [*INKLING.command, "--precision", "bf16"])
PYTORCH = Peer("PyTorch", [PYTHON, str(HERE / "torch_train.py")], openblas_settings)
SKLEARN = Peer("scikit-learn", [PYTHON, str(HERE / "sklearn_train.py")], openblas_settings)
OPENBLAS = Peer("OpenBLAS", [str(BUILT / "bench/openblas_train")], openblas_settings)
NUMPY = Peer("NumPy", [PYTHON, str(HERE / "numpy_train.py")], openblas_settings)


class Missing(Exception):
    pass


def started(peer, arguments, threads, environment):
    command = [*peer.command, *map(str, arguments), "--threads", str(threads)]
    if not shutil.which(command[0]):
        raise Missing(f"{pathlib.Path(command[0]).name} is not there; ./run bench --install-peers adds what it needs")
    return subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                            env={**os.environ, **environment})


def said(process, expected):
    """The JSON behind the worker's first word."""
    word, _, rest = process.stdout.readline().strip().partition(" ")
    if word != expected:
        process.stdin.close()
        process.wait()
        raise Missing(rest or f"its worker ended with code {process.returncode}")
    return json.loads(rest)


class Worker:
    def __init__(self, peer, arguments, threads, environment):
        self.name, self.threads, self.environment, self.answers = peer.name, threads, environment, []
        self.process = started(peer, arguments, threads, environment)
        self.info = said(self.process, "ready")

    @property
    def seconds(self):
        return [answer["seconds"] for answer in self.answers]

    def median(self, key="seconds"):
        return statistics.median(answer[key] for answer in self.answers)

    def ask(self, word):
        time.sleep(SETTLE_SECONDS)
        print(word, file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"{self.process.args[0]} ended in the middle of `{word}`")
        return json.loads(line)

    def epoch(self):
        self.answers.append(self.ask("epoch"))

    def close(self):
        """Ends the process; returns the most memory that it had, in bytes."""
        self.process.stdin.close()
        _, status, usage = os.wait4(self.process.pid, 0)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        return usage.ru_maxrss * 1024

    def report(self):
        return {"program": self.name, **self.info, "threads": self.threads, "environment": self.environment,
                "samples": self.answers}


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
            while len(worker.answers) < TRIAL_EPOCHS or time.monotonic() - start < TRIAL_SECONDS:
                worker.epoch()
            worker.close()
            trials.append({"threads": threads, "environment": environment, "seconds": worker.median()})
    return min(trials, key=lambda trial: trial["seconds"]), trials


def best_workers(peers, arguments, left_out):
    """Workers of those peers that are there, each in its best setting, with its trials; why not, of the others."""
    workers = {}
    for peer in peers:
        print(f"{peer.name}: trying settings ...", file=sys.stderr)
        try:
            best, trials = best_setting(peer, arguments)
            workers[peer.name] = Worker(peer, arguments, best["threads"], best["environment"])
            workers[peer.name].trials = trials
        except Missing as why:
            left_out[peer.name] = str(why)
    return workers


def take_turns(workers, rounds):
    for _ in range(rounds):
        for worker in workers:
            worker.epoch()


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
