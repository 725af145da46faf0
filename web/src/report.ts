// The page: reads its data, shows a run or a comparison, and says so when it cannot.
import "uplot/dist/uPlot.min.css";
import "./style/colours.css";
import "./style/page.css";
import "./style/parts.css";
import "./style/print.css";
import { comparisonFrame } from "./comparison_page";
import { reportInPage } from "./data";
import { element } from "./element";
import { showFrame } from "./layout";
import { finishNow } from "./later";
import { runFrame } from "./run_page";
import { watchTheme } from "./theme";

const root = document.getElementById("report");
if (root) {
  try {
    const report = reportInPage("report-data");
    watchTheme();
    addEventListener("beforeprint", finishNow);
    showFrame(root, report.kind === "run" ? runFrame(report) : comparisonFrame(report));
    // The charts are drawn when the browser first lays the page out; after two frames all is there.
    requestAnimationFrame(() => requestAnimationFrame(() => performance.mark("inkling-ready")));
  } catch (error) {
    root.replaceChildren(element("p", { class: "notice", role: "alert" }, `This page cannot show its data: ${String(error)}`));
    throw error;
  }
}
