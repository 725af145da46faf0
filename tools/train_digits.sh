#!/usr/bin/env bash
# Makes models/digits.safetensors anew: its data from MNIST's training digits, then the training. The same bytes on
# every machine. Usage: tools/train_digits.sh MNIST_FOLDER [WORK_FOLDER] (takes 1 GB there, and some minutes)
set -euo pipefail
mnist=${1:?usage: tools/train_digits.sh MNIST_FOLDER [WORK_FOLDER]}
mnist=$(cd "$mnist" && pwd)
cd "$(dirname "${BASH_SOURCE[0]}")/.."
work=${2:-build/digits}
build=${INKLING_BUILD:-build/release}

mkdir -p "$work"
cmake --build "$build" --target inkling make_digits
[ -e "$work/data/train-images-idx3-ubyte" ] || "$build/tools/digits/make_digits" "$mnist" "$work/data" 1
rm -rf "$work/run"
"$build/inkling" train --config models/digits.json --data "$work/data" --out "$work/run"
cp "$work/run/model.safetensors" models/digits.safetensors
