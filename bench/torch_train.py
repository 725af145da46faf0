"""PyTorch's side of ./run bench train, written as PyTorch is best used on a processor.

The pixels are turned into floats once, before any clock runs; each batch is one index_select; the loss stays a tensor
until the epoch is over.
"""

from worker_side import blas_name, done, loaded_blas, missing, options_parser, read_mnist, serve, train_options

try:
    import numpy
    import torch
    from torch import nn
except ImportError as error:
    missing(f"{error}; ./run bench --install-peers installs it")


def load(options, part, count=0):
    pixels, labels = read_mnist(options.data, part, count)
    return (torch.from_numpy(pixels.copy()).to(torch.float32) * (options.ink / 255),
            torch.from_numpy(labels.astype(numpy.int64)))


def network(widths):
    layers = []
    for inputs, outputs in zip(widths, widths[1:]):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
        nn.init.kaiming_normal_(layers[-2].weight, nonlinearity="relu")
        nn.init.zeros_(layers[-2].bias)
    return nn.Sequential(*layers[:-1])


def main():
    options = train_options(options_parser())
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    torch.ones(64, 64) @ torch.ones(64, 64)
    product = loaded_blas()
    images, labels = load(options, "train", options.images)
    model = network(options.widths)
    optimizer = torch.optim.SGD(model.parameters(), lr=options.rate)
    loss_of = nn.CrossEntropyLoss()

    def train(batches):
        total = torch.zeros(())
        for batch in batches:
            loss = loss_of(model(images.index_select(0, batch)), labels.index_select(0, batch))
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            total += loss.detach()
        return total.item() / len(batches)

    def shuffled():
        return torch.randperm(len(images)).split(options.batch)

    if options.once:
        return done(train(shuffled()[:1]))
    test_images, test_labels = load(options, "t10k")

    def accuracy():
        with torch.no_grad():
            return (model(test_images).argmax(1) == test_labels).float().mean()

    info = {"version": torch.__version__, "detail": blas_name(product), "images": len(images)}
    serve(info, lambda: train(shuffled()), accuracy)


main()
