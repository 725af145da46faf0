"""./run bench start: what stands around the work: from process start to the first training step, memory, model load.

A program's first step is that of its training worker on MNIST as it is found, from the start of the process to the line
that says it is done: loading the program and the data, making the network, one batch of 128 through 784-128-10. Its
peak memory is the operating system's figure, then and after one epoch. Loading the model is timed inside the process.
The last lines are the program itself, `inkling train --epochs 1`, from start to end, with evaluation and files.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time

import answering
from report import begin, headline, name_missing, parser, table, write_json
from workers import BINARY, INKLING, INKLING_BF16, NUMPY, OPENBLAS, PYTORCH, SKLEARN, Missing, Worker, said, started
from workers import thread_counts

PEERS = [INKLING, INKLING_BF16, OPENBLAS, PYTORCH, SKLEARN, NUMPY]
TRAINING = ["--widths", "784,128,10", "--batch", "128", "--rate", "0.1"]


def peak_memory(process):
    """Waits for the process; bytes."""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_maxrss * 1024


def first_step(peer, arguments, threads):
    start = time.perf_counter()
    process = started(peer, [*arguments, "--once"], threads, peer.settings(threads)[0])
    said(process, "done")
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "memory": peak_memory(process)}


def one_epoch(peer, arguments, threads):
    return {"memory": Worker(peer, arguments, threads, peer.settings(threads)[0]).close()}


def whole_run(options):
    """Seconds and bytes of inkling train, from start to end."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        process = subprocess.Popen([BINARY, "train", "--epochs", "1", "--data", options.data, *options.options, "--out",
                                    f"{folder}/run"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        memory = peak_memory(process)
        if process.returncode != 0:
            sys.exit(f"inkling train --epochs 1 failed with {process.returncode}")
        return {"seconds": time.perf_counter() - start, "memory": memory}


def model_load(options, rounds):
    """Seconds that each program needs to load the model, a process a round."""
    loads, left_out = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        model = answering.trained_model(options.data, folder)
        for _ in range(rounds):
            for peer in answering.PEERS:
                try:
                    worker = Worker(peer, answering.arguments_for(peer, *model, 256), 1, peer.settings(1)[0])
                    worker.close()
                    loads.setdefault(peer.name, []).append(worker.info["load_seconds"])
                except Missing as why:
                    left_out[peer.name] = str(why)
    return loads, left_out


def main():
    options = parser("start", "Process start to first training step, memory, model load.", rounds=5)
    options.add_argument("options", nargs="*", metavar="OPTION", help="behind --: of inkling train, for the last lines")
    options = options.parse_args()
    computer = begin(options)
    threads = thread_counts()[-1]
    arguments = ["--data", options.data, *TRAINING]
    firsts, epochs, runs, left_out = {}, {}, [], {}
    for number in range(options.rounds):
        print(f"round {number + 1} of {options.rounds} ...", file=sys.stderr)
        for peer in PEERS:
            if peer.name in left_out:
                continue
            try:
                firsts.setdefault(peer.name, []).append(first_step(peer, arguments, threads))
                if number == 0:
                    epochs[peer.name] = one_epoch(peer, arguments, threads)
            except Missing as why:
                left_out[peer.name] = str(why)
                firsts.pop(peer.name, None)
        runs.append(whole_run(options))
    loads, no_loads = model_load(options, options.rounds)

    headline(computer, f"784-128-10 on MNIST, batch 128, {threads} threads; medians of {options.rounds} rounds.")
    ours = statistics.median(each["seconds"] for each in firsts[INKLING.name])
    rows = []
    for name, samples in firsts.items():
        seconds = [each["seconds"] for each in samples]
        rows.append([name, f"{1e3 * statistics.median(seconds):.0f}",
                     f"{1e3 * min(seconds):.0f}..{1e3 * max(seconds):.0f}", f"{statistics.median(seconds) / ours:.1f}",
                     f"{max(each['memory'] for each in samples) / 1e6:.1f}", f"{epochs[name]['memory'] / 1e6:.1f}",
                     f"{1e3 * statistics.median(loads[name]):.2f}" if name in loads else "-"])
    for name in loads.keys() - firsts.keys():
        rows.append([name, *"-----", f"{1e3 * statistics.median(loads[name]):.2f}"])
    table(["program", ">first step ms", ">min..max", ">ratio", ">MB", ">MB after epoch", ">model load ms"], rows)
    seconds = [run["seconds"] for run in runs]
    print(f"\ninkling train --epochs 1 {' '.join(options.options)}".rstrip())
    print(f"process start to end  {statistics.median(seconds):8.2f} s ({min(seconds):.2f}..{max(seconds):.2f})")
    print(f"peak resident memory  {max(run['memory'] for run in runs) / 1e6:8.1f} MB")
    name_missing({**no_loads, **left_out})
    write_json(options, computer, left_out={**no_loads, **left_out}, first_step=firsts, epoch=epochs, model_load=loads,
               inkling_train=runs)


main()
