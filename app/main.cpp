// inkling: trains, inspects and serves handwritten-digit readers.
//
// Exit codes: 0 for success, 1 for a failure of the work, 2 for wrong usage, 130 when the user interrupted it.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <new>

#include "app/commands.h"
#include "app/usage.h"
#include "inkling/core/error.h"

namespace {

constexpr int kFailed = 1;
constexpr int kWrongUsage = 2;

int report(std::string_view text) {
  fmt::print(stderr, "inkling: {}\n", text);
  return kFailed;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Trains, inspects and serves handwritten-digit readers.", "inkling");
  app.set_version_flag("--version", "inkling " INKLING_VERSION, "Print the version and exit");
  app.require_subcommand(1);
  app.footer(
      "Examples:\n"
      "  inkling train                        train on MNIST, or on the bundled sample\n"
      "  inkling predict runs/latest --random read one image of the test set\n"
      "  inkling eval runs/latest             accuracy, loss, confusion matrix\n"
      "  inkling show runs/latest             all of it as pictures\n"
      "  inkling data find                    where data is looked for and found\n\n"
      "inkling COMMAND --help says more of each.");
  add_train_command(app);
  add_eval_command(app);
  add_predict_command(app);
  add_read_command(app);
  add_report_command(app);
  add_gradcheck_command(app);
  add_show_command(app);
  add_bench_command(app);
  add_data_command(app);
  use_plain_help(app);

  try {
    int status = 0;
    try {
      app.parse(argc, argv);
    } catch (const CLI::RuntimeError& stop) {  // a command that has said what it had to say
      status = stop.get_exit_code();
    }
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0)
      return report("stdout cannot be written; is the disk full?");
    return status;
  } catch (const CLI::Success& asked) {  // --help, --version
    app.exit(asked);
    return 0;
  } catch (const CLI::ParseError& wrong) {
    fmt::print(stderr, "{}\n", explain_usage(app, wrong));
    return kWrongUsage;
  } catch (const inkling::Error& error) {
    return report(error.what());
  } catch (const std::bad_alloc&) {
    return report("not enough memory; a smaller --batch or a smaller network needs less");
  } catch (const std::exception& error) {
    return report(error.what());
  }
}
