// Light, dark or paper: which colours are in force, and whoever has to draw again when that changes. The colours
// themselves are custom properties of the style sheet.

type Listener = () => void;
const listeners = new Set<Listener>();

// Calls `draw` now and whenever the colours change; the function that is given back ends that.
export function drawnInTheme(draw: Listener): () => void {
  listeners.add(draw);
  draw();
  return () => listeners.delete(draw);
}

export function watchTheme(): void {
  const redraw = (): void => listeners.forEach((draw) => draw());
  for (const query of ["(prefers-color-scheme: dark)", "print"]) matchMedia(query).addEventListener("change", redraw);
}

// The value of a custom property: colour("--ink").
export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

export type Rgb = [number, number, number];

export function rgb(name: string): Rgb {
  const hex = colour(name).replace("#", "");
  const full = hex.length === 3 ? [...hex].map((c) => c + c).join("") : hex;
  const n = Number.parseInt(full, 16);
  return [(n >> 16) & 255, (n >> 8) & 255, n & 255];
}

// Between two colours, 0 <= t <= 1.
export function between(from: Rgb, to: Rgb, t: number): Rgb {
  return [0, 1, 2].map((k) => Math.round((from[k] ?? 0) + ((to[k] ?? 0) - (from[k] ?? 0)) * t)) as Rgb;
}

export interface Diverging { negative: Rgb; zero: Rgb; positive: Rgb }

// -1 <= t <= 1, on a scale that is symmetric about 0.
export function diverging(scale: Diverging, t: number): Rgb {
  const x = Math.max(-1, Math.min(1, t));
  return between(scale.zero, x < 0 ? scale.negative : scale.positive, Math.abs(x));
}

export function divergingOfTheme(): Diverging {
  return { negative: rgb("--negative"), zero: rgb("--zero"), positive: rgb("--positive") };
}

export function reducedMotion(): boolean {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}
