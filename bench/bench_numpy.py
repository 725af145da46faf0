"""./run bench numpy: seconds an iteration of `inkling train --preset numpy` and of a plain NumPy loop that does the same.

An iteration is one step on all of the preset's training images (presets/numpy.json). Both programs run twice: with an
evaluation after every iteration (test cost, training and test accuracy), as the NumPy program that Inkling grew out of
has it, and with one after 500, as the preset has it. All four are worker processes, each in turn (workers.py); the
threads and environment that are best for each are found in short trials. What counts is the ratio of medians.
"""

import json
import sys

from report import begin, parser, positive, write_json
from workers import HERE, INKLING, NUMPY, Missing, Worker, best_setting, take_turns

PRESET = HERE.parent / "presets/numpy.json"
RARELY = json.loads(PRESET.read_text(encoding="utf-8"))["report_every"]
MORE = 5  # Inkling's iterations in a sample: as many as from one of the preset's evaluations to the next
PRESET_FOR = {INKLING.name: "numpy", NUMPY.name: str(PRESET)}


def main():
    options = parser("numpy", "The preset numpy beside a NumPy loop.", rounds=10)
    options.add_argument("--iterations", type=positive, default=100,
                         help=f"iterations of NumPy in a sample (100); {MORE} times as many of Inkling")
    options = options.parse_args()
    computer = begin(options)

    workers, trials = {}, {}  # by (program, iterations from one evaluation to the next)
    for peer in (INKLING, NUMPY):
        for every in (1, RARELY):
            print(f"{peer.name}, evaluating every {every}: trying settings ...", file=sys.stderr)
            arguments = ["--data", options.data, "--preset", PRESET_FOR[peer.name], "--report-every", every,
                         "--iterations", options.iterations * (MORE if peer is INKLING else 1)]
            try:
                best, trials[peer.name, every] = best_setting(peer, arguments)
                workers[peer.name, every] = Worker(peer, arguments, best["threads"], best["environment"])
            except Missing as why:
                sys.exit(f"{peer.name}: {why}")

    print(f"{options.rounds} rounds ...", file=sys.stderr)
    take_turns(workers.values(), options.rounds)
    accuracies = {key: worker.ask("test")["accuracy"] for key, worker in workers.items()}
    for worker in workers.values():
        worker.close()

    median = {key: worker.median() for key, worker in workers.items()}
    images = workers[INKLING.name, 1].info["images"]
    print(f"The preset numpy: milliseconds for an iteration over {images:,} images, all in one batch.")
    print(f"{computer['processor']}, {computer['cores']} cores, load {computer['load_before']:.1f} before; "
          f"{options.rounds} rounds in turn: {options.iterations} iterations of NumPy, "
          f"{MORE * options.iterations} of Inkling.\n")
    print(f"{'program':<34}{'evaluates':>11}{'threads':>9}{'median ms':>11}{'min .. max':>19}{'test accuracy':>15}")
    for (name, every), worker in workers.items():
        program = f"{name} {worker.info['version']} ({worker.info['detail']})"
        evaluates = "every" if every == 1 else f"every {every}"
        spread = f"{1e3 * min(worker.seconds):.2f} .. {1e3 * max(worker.seconds):.2f}"
        print(f"{program:<34}{evaluates:>11}{worker.threads:>9}{1e3 * median[name, every]:>11.2f}{spread:>19}"
              f"{100 * accuracies[name, every]:>13.1f} %")
    print()
    for every, words in ((1, "both evaluate every iteration"), (RARELY, f"both evaluate every {RARELY}")):
        ratio = median[NUMPY.name, every] / median[INKLING.name, every]
        print(f"NumPy takes {ratio:5.1f} times as long where {words}")
    ratio = median[NUMPY.name, 1] / median[INKLING.name, RARELY]
    print(f"NumPy takes {ratio:5.1f} times as long where each is as it comes: NumPy evaluates every iteration, the preset "
          f"every {RARELY}")
    print(f"\nNumPy computes in float64, Inkling in fp32. A sample ends with an evaluation in any case (Inkling's "
          "with\ntwo). Test accuracy: after all samples, from different random weights.")

    write_json(options, computer, programs=[
        {**worker.report(), "report_every": every, "accuracy": accuracies[name, every], "trials": trials[name, every]}
        for (name, every), worker in workers.items()])


main()
