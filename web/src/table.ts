// Tables: those that stand open, and those behind a chart, which are made when somebody opens them.
import { type Child, element } from "./element";

export interface DataTable {
  caption: string;
  columns: Child[];
  rows: () => Child[][];  // the first of each row is its heading
  summary?: string;       // closed until asked for, under this name
}

export function table(of: DataTable): HTMLElement {
  const body = element("tbody", {}, of.rows().map((row) => element("tr", {}, row.map((cell, i) =>
    i === 0 ? element("th", { scope: "row" }, cell) : element("td", {}, cell)))));
  return element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": of.caption },
    element("table", {},
      element("caption", { class: "unseen" }, of.caption),
      element("thead", {}, element("tr", {}, of.columns.map((c) => element("th", { scope: "col" }, c)))), body));
}

export function dataTable(of: DataTable): HTMLElement {
  const details = element("details", { class: "numbers" }, element("summary", {}, of.summary ?? of.caption));
  details.addEventListener("toggle", () => {
    if (details.open && details.childElementCount === 1) details.append(table(of));
  });
  return details;
}
