#!/usr/bin/python3
"""./run mutants: applies one fault at a time to a copy of the tree, and requires that a check turns red for each.

A fault that no check sees is a missing test. Each one is an exact text of a file, which must stand there once, and what
takes its place; the judge is `inkling gradcheck --all`, or the tests whose names a pattern matches. The copy and its
build are build/mutants/tree and build/mutants/build: every fault costs one incremental build, and the tree itself is
never touched. Before any fault, the judges must be green. Ends with 1 when a fault survives or cannot be applied.
"""

import argparse
import dataclasses
import fnmatch
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
TREE, BUILD = ROOT / "build/mutants/tree", ROOT / "build/mutants/build"
JUDGE_SECONDS = 600  # guess: a judge that takes longer has hung, and a fault that makes it hang is seen

GRADCHECK = "gradcheck --all"  # the judge that is no pattern

# Patterns over the names of tests, as ctest -R takes them.
PRODUCTS = r"(KernelTest\..*Product|PixelProductTest)"
FORWARD = r"(^|/)(Forward|Backward|Backprop|BatchNorm|Normal|Fold|TrainingPass|Dropout|Mix|InputNoise|Noise)"
INITIAL = r"(^|/)(Mlp|Init|Orthogonal)"
STEPS = r"(^|/)(Gradient|Clip|Penalt|BoundNorms|Averag|Accumulat|Fit\.|Lbfgs|WeightDecay)"
SAVED = r"(^|/)(Checkpoint|HostileCheckpoint|Optimizer(State)?\.|Resume|Safetensors)"


@dataclasses.dataclass
class Mutant:
    name: str
    file: str
    judge: str
    edits: list  # of (old, new)


def mutant(name, file, judge, *texts):
    return Mutant(name, file, judge, list(zip(texts[0::2], texts[1::2])))


def derivative(name, old, new):
    return mutant(f"activation.{name}", "inkling/kernel/activation.cpp", GRADCHECK, old, new)


# In the order of the files, so that a file that was restored is compiled anew no more often than it must be.
MUTANTS = [
    # What activate() returns as slope, one fault an activation.
    derivative("linear", "return {z, constant(1.0f)};", "return {z, constant(0.5f)};"),
    derivative("relu", "hn::IfThenElse(hn::Gt(z, zero), constant(1.0f), zero)};",
               "hn::IfThenElse(hn::Lt(z, zero), constant(1.0f), zero)};"),
    derivative("leaky_relu", "return {hn::Mul(z, slope), slope};", "return {hn::Mul(z, slope), constant(1.0f)};"),
    derivative("elu", "hn::IfThenElse(negative, exponential(z), constant(1.0f))};",
               "hn::IfThenElse(negative, exponential_minus_1(z), constant(1.0f))};"),
    derivative("selu", "hn::Mul(scale, elu.slope)};", "elu.slope};"),
    derivative("gelu", "fma(z, phi.slope, phi.f)};", "phi.f};"),
    derivative("gelu_tanh", "fma(constant(3 * k), z2, constant(1.0f))", "fma(constant(k), z2, constant(1.0f))"),
    derivative("silu", "fma(z, s.slope, s.f)};", "s.f};"),
    derivative("mish", "fma(z, dt, t)};", "hn::Add(dt, t)};"),
    derivative("sigmoid", "return {hn::IfThenElse(is_negative(z), er, r), hn::Mul(er, r)};",
               "return {hn::IfThenElse(is_negative(z), er, r), hn::Mul(r, r)};"),
    derivative("tanh", "hn::Mul(hn::Mul(constant(4.0f), e2), hn::Mul(r, r))",
               "hn::Mul(hn::Mul(constant(2.0f), e2), hn::Mul(r, r))"),
    derivative("scaled_tanh", "constant(kScaledTanhOut * kScaledTanhIn)", "constant(kScaledTanhOut)"),
    derivative("softplus", "sigmoid(z).f};\n  }\n};\n\ntemplate", "sigmoid(z).slope};\n  }\n};\n\ntemplate"),
    mutant("activation.taylor_too_far", "inkling/kernel/activation.cpp", "TorchActivations",
           "hn::Lt(z, constant(-0.5f))", "hn::Lt(z, constant(-5.0f))"),

    mutant("batch_norm.dscale", "inkling/kernel/normalize.cpp", GRADCHECK,
           "dscale = fma(dy, hn::LoadU(d, p.x.data + b * p.x.stride + c), dscale);", "dscale = hn::Add(dscale, dy);"),
    mutant("batch_norm.mean_term", "inkling/kernel/normalize.cpp", GRADCHECK,
           "const V centred = hn::Sub(hn::LoadU(d, dz), mean);", "const V centred = hn::LoadU(d, dz);"),
    mutant("batch_norm.variance_term", "inkling/kernel/normalize.cpp", GRADCHECK,
           "hn::Mul(factor, fma(x, minus_dscale, centred))", "hn::Mul(factor, centred)"),
    mutant("batch_norm.scale", "inkling/kernel/normalize.cpp", GRADCHECK,
           "hn::Mul(hn::LoadU(d, p.scale + c), hn::LoadU(d, p.inverse + c))", "hn::LoadU(d, p.inverse + c)"),

    mutant("product.dropped_bias", "inkling/kernel/product.cpp", GRADCHECK,
           "case Epilogue::bias: return hn::Add(sum, hn::LoadU(d, p.bias + n));", "case Epilogue::bias: return sum;"),
    mutant("product.relu_gradient", "inkling/kernel/product.cpp", GRADCHECK,
           "hn::IfThenElse(hn::Gt(gate, hn::Zero(d)), sum, hn::Zero(d))",
           "hn::IfThenElse(hn::Ge(gate, hn::Zero(d)), sum, hn::Zero(d))"),
    mutant("rowwise.cross_entropy_dz", "inkling/kernel/rowwise.cpp", GRADCHECK,
           "dz[p.labels[b + r]] -= p.scale;", "dz[0] -= p.scale;"),
    mutant("rowwise.db_without_last_image", "inkling/kernel/rowwise.cpp", GRADCHECK,
           "r < m.rows; ++r) {\n    hwy::Prefetch", "r + 1 < m.rows; ++r) {\n    hwy::Prefetch"),
    mutant("rowwise.sgd_upwards", "inkling/kernel/rowwise.cpp", "TorchOptimizers.Sgd",
           "const V minus_rate = hn::Set(d, -rate);", "const V minus_rate = hn::Set(d, rate);"),
    mutant("pixel_tiles.lower_rows_are_the_upper", "inkling/kernel/pixel_tiles.cpp", PRODUCTS,
           "X.stride, kHalf * X.stride, kRow}", "X.stride, 0 * X.stride, kRow}"),
    mutant("pixel_tiles.fixed_columns_in_the_first_half", "inkling/kernel/pixel_tiles.cpp", PRODUCTS,
           "first = column % kGroup / kHalf * Digits", "first = (column - n) % kGroup / kHalf * Digits"),
    mutant("pixel_product.dropped_bias", "inkling/kernel/pixel_product.cpp", PRODUCTS,
           "if (p.epilogue != Epilogue::none) z = hn::Add", "if (p.epilogue == Epilogue::bias) z = hn::Add"),
    mutant("pixel_product.second_of_a_pair", "inkling/kernel/pixel_product.cpp", PRODUCTS,
           "bytes[2 * t] | bytes[2 * t + 1] << 16", "bytes[2 * t] | bytes[2 * t] << 16"),
    mutant("pixel_product.sums_overflow", "inkling/kernel/pixel_product.cpp", PRODUCTS,
           "kBlocksOfInt = 16;", "kBlocksOfInt = 64;"),
    mutant("pixel_product.ascends", "inkling/kernel/pixel_product.cpp", PRODUCTS,
           "hn::Store(fma(hn::Set(d, -p.rate), c,", "hn::Store(fma(hn::Set(d, p.rate), c,"),
    mutant("pixel_product.infinite_columns", "inkling/kernel/pixel_product.cpp", PRODUCTS,
           "if (largest >= kInfinity) return", "if (largest > kInfinity) return"),
    mutant("pixel_tiles.lost_carry", "inkling/kernel/pixel_tiles.cpp", PRODUCTS,
           "_mm512_srli_epi32(t, 16));", "_mm512_setzero_si512());"),
    mutant("pixel_tiles.too_short", "inkling/kernel/pixel_tiles.cpp", PRODUCTS,
           "constexpr std::size_t kShort = 256;", "constexpr std::size_t kShort = 4096;"),
    mutant("pixel_tiles.rows_by_number", "inkling/kernel/pixel_tiles.cpp", PRODUCTS,
           "(numbers.empty() ? r + i : numbers[r + i])", "(r + i)"),
    mutant("first_layer.stale_images", "inkling/model/first_layer.h", FORWARD + "|SameImages|Fit",
           "void forget_images() { has_ink_ = has_transposed_ = false; }", "void forget_images() {}"),
    mutant("first_layer.blank_pixels_keep_their_gradient", "inkling/model/first_layer.cpp", FORWARD,
           "if (any_[i] == 0) std::fill_n", "if (any_[i] == 9) std::fill_n"),

    mutant("dropout.slope_unscaled", "inkling/kernel/dropout.cpp", GRADCHECK,
           "hn::Mul(hn::LoadU(d, slope + i), factor)",
           "hn::IfThenZeroElse(is_dropped(mask, drawn, u), hn::LoadU(d, slope + i))"),
    mutant("dropout.counter_of_32_bits", "inkling/kernel/dropout.cpp", "DropoutTest",
           "c1 = hn::ShiftRight<32>(c0);", "c1 = hn::Set(d, mask_.first >> 32);"),
    mutant("dropout.limit_is_dropped", "inkling/kernel/dropout.cpp", "DropoutTest",
           "static_cast<std::int32_t>(mask.limit)", "static_cast<std::int32_t>(mask.limit + 1)"),
    mutant("dropout.signed_pixel_bits", "inkling/kernel/dropout.cpp", "DropoutTest",
           "const auto dropped = hn::Lt(hn::LoadU(d, drawn.vector_at(u)), limit);",
           "const auto dropped = hn::RebindMask(d, hn::Lt(hn::BitCast(numbers, hn::LoadU(d, drawn.vector_at(u))), "
           "hn::BitCast(numbers, limit)));"),

    mutant("update.momentum_dampened", "inkling/kernel/update.cpp", "TorchOptimizers.Momentum",
           "m = fma(a, m, g);\n    return fma(minus_rate, m, w);",
           "m = fma(a, m, hn::Mul(a_rest, g));\n    return fma(minus_rate, m, w);"),
    mutant("update.nesterov_without_look_ahead", "inkling/kernel/update.cpp", "TorchOptimizers.Nesterov",
           "return fma(minus_rate, fma(a, m, g), w);", "return fma(minus_rate, m, w);"),
    mutant("update.rmsprop_sum", "inkling/kernel/update.cpp", "TorchOptimizers.RmsProp",
           "v = fma(a, v, hn::Mul(a_rest, hn::Mul(g, g)));", "v = fma(a, v, hn::Mul(g, g));"),
    mutant("update.adagrad_forgets", "inkling/kernel/update.cpp", "TorchOptimizers.Adagrad",
           "v = fma(g, g, v);", "v = hn::Mul(g, g);"),
    mutant("update.adam_epsilon_inside", "inkling/kernel/update.cpp", "TorchOptimizers.Adam",
           "hn::Add(hn::Div(hn::Sqrt(v), root), epsilon)", "hn::Div(hn::Add(hn::Sqrt(v), epsilon), root)"),
    mutant("update.lion_one_beta", "inkling/kernel/update.cpp", "TorchOptimizers.Lion",
           "m = fma(b, m, hn::Mul(b_rest, g));", "m = fma(a, m, hn::Mul(a_rest, g));"),
    mutant("update.rprop_remembers_the_turn", "inkling/kernel/update.cpp", "TorchOptimizers.Rprop",
           "m = hn::IfThenElse(turned, hn::Zero(d), g);", "m = g;"),

    mutant("bf16.rounds_down", "inkling/kernel/bf16.cpp", "Bf16Test", "VU result = hn::Add(bits, up);", "VU result = bits;"),
    mutant("bf16.subnormals_count", "inkling/kernel/bf16.cpp", "Bf16Test", "before_ | 0x8040", "before_ | 0x8000"),
    mutant("bf16.padding_left_to_zeros", "inkling/kernel/bf16.cpp", "Bf16Test",
           "std::fill(at + cols, at + kBf16Block, 0.0f);", ""),
    mutant("bf16.steps_upwards", "inkling/kernel/bf16.cpp", "InBf16", "hn::Set(d, -p.rate)", "hn::Set(d, p.rate)"),
    mutant("bf16.weights_packed_once", "inkling/model/bf16_operands.cpp", "InBf16",
           "weights_are_packed_ = stepped_ != nullptr;", "weights_are_packed_ = true;"),

    mutant("layer.swapped_transpose", "inkling/model/layer.cpp", GRADCHECK,
           "with_a(product(x.cols, x.rows, dz, dW), x, true)",
           "with_a(product(x.cols, x.rows, dz, dW), x, false)"),
    mutant("layer.input_gradient_untransposed", "inkling/model/layer.cpp", GRADCHECK,
           "p.b_transposed = true;", "p.b_transposed = false;"),
    mutant("backprop.slope_of_the_wrong_layer", "inkling/model/backprop.cpp", GRADCHECK,
           "kept ? ws.slope(l - 1) : ws.output(l - 1);", "kept ? ws.output(l - 1) : ws.output(l - 1);"),
    mutant("backprop.biased_running_variance", "inkling/model/backprop.cpp", FORWARD,
           "unbiased * rows(1, o) - variance[o]", "rows(1, o) - variance[o]"),
    mutant("backprop.inference_without_the_mean", "inkling/model/backprop.cpp", FORWARD,
           "shift[o] = model.bias(l)(0, o) - mean(0, o) * scale[o];", "shift[o] = model.bias(l)(0, o);"),
    mutant("fold.mean_unscaled", "inkling/model/fold.cpp", FORWARD,
           "static_cast<double>(model.running_mean(l)(0, o)) * s);",
           "static_cast<double>(model.running_mean(l)(0, o)));"),
    mutant("init.he_by_outputs", "inkling/model/init.cpp", INITIAL,
           "case Init::he_uniform: return std::sqrt(2 / I);", "case Init::he_uniform: return std::sqrt(2 / O);"),
    mutant("init.orthogonal_is_only_normal", "inkling/model/init.cpp", INITIAL,
           "for (int turn = 0; turn < 2; ++turn)", "for (int turn = 0; turn < 0; ++turn)"),

    mutant("loss.softmax_dz", "inkling/model/loss.cpp", GRADCHECK,
           "(h[j] - all * (e[j] / sum))", "(h[j] - e[j] / sum)"),
    mutant("loss.focal_dz", "inkling/model/loss.cpp", GRADCHECK,
           "(gamma * p * ratio - 1)", "(gamma * ratio - 1)"),
    mutant("loss.binary_dz_unweighted", "inkling/model/loss.cpp", GRADCHECK,
           "row.scale * row.w[c] * (s - row.t[c]) / C", "row.scale * (s - row.t[c]) / C"),
    mutant("loss.square_dz_halved", "inkling/model/loss.cpp", GRADCHECK,
           "row.scale * row.w[c] * 2 * difference / C", "row.scale * row.w[c] * difference / C"),
    mutant("loss.divisor_counts_images", "inkling/model/loss.cpp", GRADCHECK,
           "divisor += softmax ? lambda * w[labels.labels[b]] + (mixed ? (1 - lambda) * w[labels.partners[b]] : 0) : 1;",
           "divisor += softmax ? 1 : 1;"),
    mutant("loss.binary_smoothing_over_classes", "inkling/model/loss.cpp", "TorchLosses.BinaryCrossEntropy",
           "smoothing / (output_of(options.kind) == Output::sigmoid ? 2 : classes)", "smoothing / classes"),
    mutant("output.temperature_forgotten", "inkling/model/output.cpp", "^ClassProbabilities",
           "p[c] = (z[c] - top) / T;", "p[c] = z[c] - top;"),

    mutant("penalty.l2_doubled", "inkling/model/penalty.cpp", GRADCHECK,
           "rt.kernels().blend(g, w, t.stride, 1, options.l2);", "rt.kernels().blend(g, w, t.stride, 1, 2 * options.l2);"),
    mutant("penalty.l1_without_sign", "inkling/model/penalty.cpp", GRADCHECK,
           "g[o] += options.l1 * sign(w[o]);", "g[o] += options.l1;"),
    mutant("penalty.max_norm_of_rows", "inkling/model/penalty.cpp", STEPS,
           "squares[o] += static_cast<double>(w[o]) * static_cast<double>(w[o]);",
           "squares[i % kColumnUnit] += static_cast<double>(w[o]) * static_cast<double>(w[o]);"),
    mutant("dropout.pixels_unscaled", "inkling/model/training_pass.cpp", FORWARD,
           ".worth = model.pixel_worth() * scale};", ".worth = model.pixel_worth()};"),
    mutant("dropout.one_mask_for_every_step", "inkling/model/training_pass.cpp", FORWARD,
           ".first = (pass.step << 32) + b * ((width", ".first = b * ((width"),
    mutant("mixup.lambda_swapped", "inkling/model/training_pass.cpp", FORWARD,
           "pass.lambda * row[i] + (1 - pass.lambda) * values[partner[i]]",
           "(1 - pass.lambda) * row[i] + pass.lambda * values[partner[i]]"),

    mutant("averaging.ema_swapped", "inkling/train/averaging.cpp", STEPS,
           "options_.ema, 1 - options_.ema);\n  });", "1 - options_.ema, options_.ema);\n  });"),
    mutant("averaging.swa_counts_one_more", "inkling/train/averaging.cpp", STEPS,
           "1.0f / static_cast<float>(count_);", "1.0f / static_cast<float>(count_ + 1);"),
    mutant("checkpoint.foreign_tensor", "inkling/train/checkpoint.cpp", SAVED,
           "tensors.check_none_left(where);", "static_cast<void>(&Tensors::check_none_left);"),
    mutant("checkpoint.any_number_of_vectors", "inkling/train/checkpoint.cpp", SAVED,
           "if (vectors > kMaxVectors)", "if (false)"),
    mutant("checkpoint.other_run", "inkling/train/checkpoint.cpp", SAVED,
           "if (there->second != here) differs(what, there->second, here);", ""),
    mutant("fit.share_of_a_short_batch", "inkling/train/fit.cpp", STEPS,
           "return std::min(end * batches_.size(), data_.train.count()) - first * batches_.size();",
           "return (end - first) * batches_.size();"),
    mutant("gradient.clip_after_penalty", "inkling/train/gradient.cpp", STEPS,
           "if (options_.clip_value > 0)",
           "add_penalty_gradient(rt, model, options_.penalty, ws);\n  if (options_.clip_value > 0)",
           "  add_penalty_gradient(rt, model, options_.penalty, ws);\n  ws.mean_loss = loss_;", "  ws.mean_loss = loss_;"),
    mutant("gradient.clip_by_square", "inkling/train/gradient.cpp", STEPS,
           "const double norm = std::sqrt(sum_of_squares(rt, g));", "const double norm = sum_of_squares(rt, g);"),
    mutant("gradient.sum_of_the_last_step_too", "inkling/train/gradient.cpp", STEPS,
           "any_ ? 1.0f : 0.0f, static_cast<float>(share)", "1.0f, static_cast<float>(share)"),
    mutant("gradient.unweighted_batches", "inkling/train/gradient.cpp", STEPS,
           "any_ ? 1.0f : 0.0f, static_cast<float>(share)", "any_ ? 1.0f : 0.0f, 1.0f"),

    mutant("optimizer.adam_corrects_by_beta1", "inkling/train/optimizer.cpp", "TorchOptimizers.Adam",
           "portable_power(static_cast<double>(o.beta2), t)", "portable_power(static_cast<double>(o.beta1), t)"),
    mutant("optimizer.biases_decay", "inkling/train/optimizer.cpp", "TorchOptimizers",
           "const float decay = t.is_weight() ? options_.weight_decay : 0;", "const float decay = options_.weight_decay;"),
    mutant("optimizer.muon_factor_upside_down", "inkling/train/optimizer.cpp", "TorchOptimizers.Muon",
           "static_cast<float>(t.cols) / static_cast<float>(t.rows)",
           "static_cast<float>(t.rows) / static_cast<float>(t.cols)"),
    mutant("optimizer.muon_without_look_ahead", "inkling/train/optimizer.cpp", "TorchOptimizers.Muon",
           "kernels.blend(direction.data(), g, floats, options_.momentum, 1);",
           "kernels.blend(direction.data(), g, floats, 1, 0);"),
    mutant("optimizer.lbfgs_scale", "inkling/train/optimizer.cpp", "TorchOptimizers.Lbfgs",
           "lbfgs_.scale = ys / sum_of_squares(rt, yv);", "lbfgs_.scale = ys / sum_of_squares(rt, sv);"),
    mutant("optimizer.lbfgs_never_shortens", "inkling/train/optimizer.cpp", STEPS,
           "if (!fell && lbfgs_.step > kShortest) {", "if (!fell && lbfgs_.step > 1e30) {"),
    mutant("optimizer.restores_any_length", "inkling/train/optimizer.cpp", SAVED,
           "if (next == state.vectors.size() || state.vectors[next].size() != buffer.size()) wrong();",
           "if (next == state.vectors.size()) wrong();"),
    mutant("orthogonalize.swapped_coefficients", "inkling/train/orthogonalize.cpp", "TorchOptimizers.Muon",
           "A.rows() * A.stride(), c, b);", "A.rows() * A.stride(), b, c);"),

    mutant("schedule.step_ignores_its_length", "inkling/train/schedule.cpp", "TorchSchedules",
           "portable_power(gamma, epoch / options_.step_epochs)", "portable_power(gamma, epoch)"),
    mutant("schedule.cosine_a_step_ahead", "inkling/train/schedule.cpp", "TorchSchedules",
           "along_cosine(rate_, lowest, at / total)", "along_cosine(rate_, lowest, (at + 1) / total)"),
    mutant("schedule.one_cycle_turns_late", "inkling/train/schedule.cpp", "TorchSchedules",
           "const double top = 0.3 * total - 1", "const double top = 0.3 * total"),
    mutant("schedule.warmup_starts_at_0", "inkling/train/schedule.cpp", "TorchSchedules",
           "rate *= (at + 1) /", "rate *= at /"),
    mutant("schedule.plateau_less_patient", "inkling/train/schedule.cpp", "TorchSchedules",
           "++state_.bad_epochs > options_.patience", "++state_.bad_epochs >= options_.patience"),
    mutant("statistics.top_3", "inkling/train/statistics.cpp", "^Statistics",
           "rank(score, label) < 2", "rank(score, label) <= 2"),
    mutant("statistics.bins_off_by_one", "inkling/train/statistics.cpp", "^Statistics",
           "std::ceil(confidence * static_cast<double>(kReliabilityBins)) - 1",
           "std::ceil(confidence * static_cast<double>(kReliabilityBins))"),
    mutant("statistics.mcnemar_one_sided", "inkling/train/statistics.cpp", "^McNemar",
           "return std::min(1.0, 2 * tail);", "return std::min(1.0, tail);"),
    mutant("temperature.wrong_half", "inkling/train/temperature.cpp", "^FitTemperature",
           "(at(middle).slope < 0 ? left : right) = middle;", "(at(middle).slope > 0 ? left : right) = middle;"),

    mutant("safetensors.header_length_unchecked", "inkling/format/safetensors.cpp", SAVED,
           "if (length > behind.size())", "if (length > behind.size() + 1024)"),
    mutant("safetensors.end_unchecked", "inkling/format/safetensors.cpp", SAVED,
           "if (entry.end > buffer_size)", "if (entry.end > buffer_size + 4)"),
    mutant("safetensors.shape_overflow_unchecked", "inkling/format/safetensors.cpp", SAVED,
           "if (size != 0 && bytes > std::numeric_limits<std::size_t>::max() / size) return false;", ""),
    mutant("safetensors.shape_unchecked", "inkling/format/safetensors.cpp", SAVED,
           "if (entry.end - entry.begin != bytes)", "if (false)"),
    mutant("safetensors.hole_unchecked", "inkling/format/safetensors.cpp", SAVED,
           "if (entry.begin > covered)", "if (entry.begin > covered + 4)"),
    # Looking inside.
    mutant("inspect.gradient_per_pixel", "inkling/inspect/saliency.cpp", "Saliency", "return gradient *= model.config().ink;",
           "return gradient;"),
    mutant("inspect.slope_of_hidden", "inkling/inspect/float_pass.cpp", "Saliency", "Epilogue::multiply,", "Epilogue::none,"),
    mutant("inspect.pieces_never_halved", "inkling/inspect/integrated_gradients.cpp", "Saliency",
           "if (!all && error > bound) {", "if (!all && error > 1e9 + bound) {"),
    mutant("inspect.gauss_points", "inkling/inspect/integrated_gradients.cpp", "Saliency",
           "constexpr double kGauss = 0.21132486540518713;", "constexpr double kGauss = 0.11132486540518713;"),
    mutant("inspect.mean_of_logits", "inkling/inspect/preferred.cpp", "Preferred",
           "is_class ? 1.0f / static_cast<float>(dz.cols) : 0.0f", "0.0f"),
    mutant("inspect.smoothness", "inkling/inspect/preferred.cpp", "Preferred", "if (x > 0) apart += at(i) - at(i - 1);", ""),
    mutant("inspect.component_sign", "inkling/inspect/pca.cpp", "PrincipalComponents", "if (*largest < 0)", "if (*largest < -1e9)"),
    mutant("inspect.centred", "inkling/inspect/pca.cpp", "PrincipalComponents", "out[n] = sum - middle;", "out[n] = sum + 0 * middle;"),

    # Pictures as people have them.
    mutant("image.inverse_unseen", "inkling/image/prepare.cpp", "PreparePasses", "is_prepared(turned, options)",
           "false"),
    mutant("image.upright_mirrored", "inkling/image/exif.cpp", "Decode", "orientation == 7 || orientation == 8) x",
           "orientation == 7) x"),
    mutant("image.clear_sheet", "inkling/image/transparency.cpp", "Transparency", "light < 127.5 * weight ? 255 : 0",
           "light < 127.5 * weight ? 0 : 255"),
    mutant("image.stroke_width", "inkling/image/strokes.cpp", "Strokes", "2 * static_cast<double>(area) / slopes",
           "static_cast<double>(area) / slopes"),
    mutant("image.strokes_kept", "inkling/image/prepare.cpp", "Prepare", "change * unit / 2", "change * unit / 20"),
    mutant("image.jpeg_bomb", "inkling/image/jpeg.cpp", "DecodeHostile", "h * w / kMaxPixelsPerByte > bytes", "false"),
    mutant("image.cmyk_inverted", "inkling/image/jpeg.cpp", "Decode", "stored_as_light ? cmyk[i] : 255u - cmyk[i]",
           "stored_as_light ? 255u - cmyk[i] : cmyk[i]"),
    mutant("image.lines_behind_strokes", "inkling/image/lines.cpp", "Prepare",
           "seen < kLeastCover * (all - static_cast<double>(hidden))", "seen < kLeastCover * all"),

    # What a resumed run keeps of its event files.
    mutant("event_records.polynomial", "inkling/report/event_records.cpp", "Crc32c", "0x82F63B78u", "0xEDB88320u"),
    mutant("event_records.step_kept", "inkling/report/event_records.cpp", "Records", "*found > step", "*found >= step"),
    mutant("event_records.data_unchecked", "inkling/report/event_records.cpp", "Records",
           "!= masked(data)) break;", "!= masked(data)) at += 0;"),
]


class Broken(Exception):
    """A fault that cannot be judged."""


def sync_tree():
    """Makes the copy the tree as it is, touching only files that differ, so that builds stay incremental."""
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, check=True,
                            stdout=subprocess.PIPE).stdout.decode().split("\0")
    wanted = {name for name in listed if name and (ROOT / name).is_file()}
    for path in TREE.rglob("*"):
        if path.is_file() and str(path.relative_to(TREE)) not in wanted:
            path.unlink()
    for name in wanted:
        source, copy = ROOT / name, TREE / name
        if copy.is_file() and copy.read_bytes() == source.read_bytes():
            continue
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, copy)
        shutil.copymode(source, copy)


def quietly(command, **options):
    """Runs a command at low priority; its output is in the result."""
    return subprocess.run(["nice", *map(str, command)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          **options)


def build(judges):
    if not (BUILD / "build.ninja").is_file():
        done = quietly(["cmake", "-S", TREE, "-B", BUILD, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=None", "-DINKLING_WEB=OFF",
                        "-DCMAKE_CXX_FLAGS=-O1", "-DINKLING_TESTS=ON"])
        if done.returncode != 0:
            raise Broken(f"CMake cannot configure {BUILD}:\n{done.stdout[-2000:]}")
    targets = {"inkling" if judge == GRADCHECK else "inkling_tests" for judge in judges}
    done = quietly(["ninja", "-C", BUILD, f"-j{os.cpu_count()}", *sorted(targets)])
    if done.returncode != 0:
        raise Broken(f"it does not compile:\n{done.stdout[-2000:]}")


def is_red(judge):
    """True when the check fails, hangs or crashes, with what it said."""
    if judge == GRADCHECK:
        command = [BUILD / "inkling", "gradcheck", "--all"]
    else:
        command = ["ctest", "--test-dir", BUILD, "-R", judge, "-j2", "--stop-on-failure", "--no-tests=error"]
    try:
        done = quietly(command, timeout=JUDGE_SECONDS)
    except subprocess.TimeoutExpired:
        return True, f"hung for {JUDGE_SECONDS} s"
    if judge != GRADCHECK and "No tests were found" in done.stdout:
        raise Broken(f"no test's name matches {judge}")
    return done.returncode != 0, done.stdout


def by_whom(judge, output):
    if judge == GRADCHECK:
        return f"{output.count('!')} cells of gradcheck --all"
    return ", ".join(re.findall(r"^\s*\d+ - (\S+) .*\(\w", output, re.MULTILINE)) or output[-160:]


def judge_green(judges):
    """Without a fault every judge must be green; says which are not."""
    build(judges)
    for judge in sorted(judges):
        red, output = is_red(judge)
        if red:
            raise Broken(f"{judge} is red without any fault:\n{output[-2000:]}")


def apply(each):
    """Writes the file with the fault; returns its text without."""
    path = TREE / each.file
    text = path.read_text(encoding="utf-8")
    changed = text
    for old, new in each.edits:
        if changed.count(old) != 1:
            raise Broken(f"{each.file} has {changed.count(old)} times, not once: {old!r}")
        changed = changed.replace(old, new)
    path.write_text(changed, encoding="utf-8")
    return text


def run(chosen):
    (ROOT / "build/mutants").mkdir(parents=True, exist_ok=True)
    sync_tree()
    start = time.monotonic()
    print(f"{len(chosen)} faults. First the tree without any ...", flush=True)
    judge_green({each.judge for each in chosen})
    print(f"green after {time.monotonic() - start:.0f} s\n", flush=True)

    bad = []
    for each in chosen:
        start = time.monotonic()
        original = None
        try:
            original = apply(each)
            build({each.judge})
            red, output = is_red(each.judge)
            verdict, detail = ("killed", by_whom(each.judge, output)) if red else ("SURVIVED", each.judge)
        except Broken as why:
            verdict, detail = "ERROR", str(why)
        finally:
            if original is not None:
                (TREE / each.file).write_text(original, encoding="utf-8")
        if verdict != "killed":
            bad.append(f"{each.name}: {verdict}: {detail}")
        print(f"{verdict:<9}{time.monotonic() - start:5.0f} s  {each.name:<46} {detail.strip()[:160]}", flush=True)

    print(f"\n{len(chosen) - len(bad)} of {len(chosen)} faults killed")
    for line in bad:
        print(line)
    return 1 if bad else 0


def main():
    parser = argparse.ArgumentParser(prog="./run mutants", description="Faults that the checks must see, one at a time.")
    parser.add_argument("--only", metavar="NAME", action="append",
                        help="this fault, or those that a pattern such as 'activation.*' matches; may stand again")
    parser.add_argument("--list", action="store_true", help="print the faults and who must see each")
    options = parser.parse_args()
    names = options.only or ["*"]
    chosen = [each for each in MUTANTS if any(fnmatch.fnmatchcase(each.name, name) for name in names)]
    if not chosen:
        parser.error(f"no fault is called {' or '.join(names)}; see --list")
    assert len({each.name for each in MUTANTS}) == len(MUTANTS)
    if options.list:
        for each in chosen:
            print(f"{each.name:<46} {each.file:<36} {each.judge}")
        return 0
    try:
        return run(chosen)
    except Broken as why:
        sys.exit(str(why))


if __name__ == "__main__":
    sys.exit(main())
