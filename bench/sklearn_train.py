"""scikit-learn's side of ./run bench train: MLPClassifier with plain SGD, one pass over the images an epoch.

An epoch is one partial_fit on all images: its own loop then shuffles and batches them, which is faster than a
partial_fit a batch. No momentum, no penalty.
"""

from worker_side import (blas_name, done, loaded_blas, missing, options_parser, read_mnist, serve, set_blas_threads,
                         train_options)

options = train_options(options_parser())
set_blas_threads(options.threads)
try:
    import numpy as np
    import sklearn
    from sklearn.neural_network import MLPClassifier
except ImportError as error:
    missing(f"{error}; ./run bench --install-peers installs it")


def main():
    pixels, labels = read_mnist(options.data, "train", options.images)
    X = pixels.astype(np.float32) * np.float32(options.ink / 255)
    model = MLPClassifier(options.widths[1:-1], solver="sgd", alpha=0, batch_size=min(options.batch, len(X)),
                          learning_rate_init=options.rate, momentum=0, nesterovs_momentum=False,
                          random_state=np.random.RandomState(options.seed))  # a number: one order for all epochs
    classes = np.arange(options.widths[-1])

    def train(count=len(X)):
        return model.partial_fit(X[:count], labels[:count], classes).loss_

    if options.once:
        return done(train(options.batch))
    test_pixels, test_labels = read_mnist(options.data, "t10k")
    X_test = test_pixels.astype(np.float32) * np.float32(options.ink / 255)
    np.ones((64, 64)) @ np.ones((64, 64))
    info = {"version": sklearn.__version__, "detail": blas_name(loaded_blas()), "images": len(X)}
    serve(info, train, lambda: (model.predict(X_test) == test_labels).mean())


main()
