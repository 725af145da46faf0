"""./run bench predict: how fast a trained 784-128-10 answers, beside ONNX Runtime and PyTorch.

One image at a time on one core: each of MNIST's 10,000 test images is timed by itself, from where the program's user
stands (C++, JavaScript, Python), and a round gives p50, p99 and p99.9. In batches of 256 and of 10,000: all test images,
each program with its best number of threads. Inkling reads bytes, the others get floats that were made beforehand. All
answer with the same weights, so their accuracies must be the same.
"""

import sys
import tempfile

from answering import INKLING, PEERS, arguments_for, trained_model
from report import begin, headline, name_missing, parser, table, write_json
from workers import Missing, Worker, best_workers, take_turns

BATCHES = [256, 10000]


def microseconds(seconds):
    return f"{1e6 * seconds:.2f}"


def spread(values):
    return f"{1e6 * min(values):.2f}..{1e6 * max(values):.2f}"


def finish(workers, rounds):
    """The rounds; each program's accuracy; and the end of the processes."""
    print(f"{rounds} rounds ...", file=sys.stderr)
    take_turns(workers.values(), rounds)
    for worker in workers.values():
        worker.accuracy = worker.ask("test")["accuracy"]
        worker.close()


def one_image(model, options, left_out):
    workers = {}
    for peer in PEERS:
        try:
            settings = peer.settings(1)[0]
            workers[peer.name] = Worker(peer, arguments_for(peer, *model, 1), 1, settings)
        except Missing as why:
            left_out[peer.name] = str(why)
    finish(workers, options.rounds)
    ours = workers[INKLING.name]
    print("One image at a time, one thread: microseconds.\n")
    table(["program", "version", ">p50", ">min..max", ">p99", ">p99.9", ">ratio", ">test %"],
          [[name, f"{worker.info['version']} {worker.info['detail']}", microseconds(worker.median("p50")),
            spread([answer["p50"] for answer in worker.answers]), microseconds(worker.median("p99")),
            microseconds(worker.median("p99_9")), f"{worker.median('p50') / ours.median('p50'):.1f}",
            f"{100 * worker.accuracy:.2f}"] for name, worker in workers.items()])
    return workers


def batches(model, options, size, left_out):
    workers = {}
    for peer in PEERS:
        workers |= best_workers([peer], arguments_for(peer, *model, size), left_out)
    finish(workers, options.rounds)
    ours = workers[INKLING.name]
    print(f"\nBatches of {size:,}: microseconds an image.\n")
    rows = []
    for name, worker in workers.items():
        images = worker.info["images"]
        rows.append([name, f"{worker.info['version']} {worker.info['detail']}", str(worker.threads),
                     f"{1e6 * worker.median() / images:.3f}",
                     f"{1e6 * min(worker.seconds) / images:.3f}..{1e6 * max(worker.seconds) / images:.3f}",
                     f"{images / worker.median():,.0f}", f"{worker.median() / ours.median():.1f}",
                     f"{100 * worker.accuracy:.2f}"])
    table(["program", "version", ">threads", ">median", ">min..max", ">images/s", ">ratio", ">test %"], rows)
    return workers


def main():
    options = parser("predict", "How fast a network answers.", rounds=10).parse_args()
    computer = begin(options)
    left_out, report = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        model = trained_model(options.data, folder)
        headline(computer, f"784-128-10 answers MNIST's test images; medians of {options.rounds} interleaved rounds.")
        report["1"] = one_image(model, options, left_out)
        for size in BATCHES:
            report[str(size)] = batches(model, options, size, left_out)
    print("\nratio: to Inkling, of medians.")
    name_missing(left_out)
    write_json(options, computer, left_out=left_out, batches={
        size: [{**worker.report(), "accuracy": worker.accuracy} for worker in workers.values()]
        for size, workers in report.items()})


main()
