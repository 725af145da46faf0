// What a run was like, epoch by epoch: loss, accuracy, learning rate, gradients.
#pragma once

#include <string_view>

#include "inkling/report/chart.h"
#include "inkling/report/history.h"

namespace inkling {

// All of them throw Error config for a run without a finished epoch. `run` names it in titles. The best epoch is
// marked: that of the least loss, or the highest accuracy, on the validation images, on the test images where none were
// held out.
Chart loss_chart(const RunHistory& history, std::string_view run);
Chart accuracy_chart(const RunHistory& history, std::string_view run);
Chart rate_chart(const RunHistory& history, std::string_view run);
// Of the weight matrices: the gradient's length, and how long a step was beside the weights; at the end of each epoch.
Chart gradients_chart(const RunHistory& history, std::string_view run);

}  // namespace inkling
