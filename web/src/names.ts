// What a run is called, and its network in a few words.
import type { RunFacts } from "./data";
import { counted } from "./format";

export function networkText(run: RunFacts): string {
  const parts = [run.network.widths.join("\u2013"), run.network.activation, counted(run.network.parameters, "parameter")];
  return parts.filter((p) => p !== "").join(", ");
}

// The shortest ends of the names that still tell them apart.
export function shortNames(names: string[]): string[] {
  const parts = names.map((name) => name.split("/").filter((p) => p !== ""));
  for (let n = 1; n < Math.max(...parts.map((p) => p.length)); ++n) {
    const short = parts.map((p) => p.slice(-n).join("/"));
    if (new Set(short).size === names.length) return short;
  }
  return new Set(names).size === names.length ? names : names.map((name, i) => `${name} (${i + 1})`);
}
