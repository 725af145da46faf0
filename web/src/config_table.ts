// Every option of a run; those that somebody chose stand out by a word, and can be had alone.
import type { ConfigRow } from "./data";
import { clear, element, freshId } from "./element";
import { table } from "./table";

export function configTable(rows: ConfigRow[]): HTMLElement {
  const place = element("div", {});
  const changed = rows.filter((row) => row.changed).length;
  const id = freshId("changed");
  const only = element("input", { type: "checkbox", id, checked: changed > 0, onchange: () => show() });
  const show = (): void => {
    const shown = rows.filter((row) => row.changed || !only.checked);
    clear(place);
    place.append(shown.length === 0 ? element("p", { class: "none" }, "Every option is as usual.") : table({
      caption: "Options of the run", columns: ["option", "value", "what it is"],
      rows: () => shown.map((row) => [element("code", {}, row.name), [element("strong", {}, row.value === "" ? "none" : row.value), row.changed ? [" ", element("span", { class: "tag" }, "chosen")] : null],
        element("span", { class: "note" }, row.help)]),
    }));
  };
  show();
  return element("div", { class: "config" },
    element("p", { class: "check" }, only, " ", element("label", { for: id }, `Only what was chosen (${changed} of ${rows.length})`)), place);
}
