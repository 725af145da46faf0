// Numbers as people read them.

const kMinus = "\u2212";  // as wide as a plus
const kThin = "\u202f";   // before a unit, where no line may break

export function whole(n: number): string {
  const digits = Math.abs(Math.round(n)).toString().replace(/\B(?=(\d{3})+$)/g, ",");
  return n < -0.5 ? kMinus + digits : digits;
}

// 0.9774 as "97.74 %".
export function percent(share: number | null | undefined, digits = 2): string {
  if (share === null || share === undefined || Number.isNaN(share)) return "\u2013";
  return `${(100 * share).toFixed(digits).replace("-", kMinus)}${kThin}%`;
}

// A confidence in little room: all digits of 99.9 %, none of 100 %.
export function confidence(share: number): string {
  return share >= 0.9995 ? percent(1, 0) : percent(share, 1);
}

// A number on an axis whose ticks are `step` apart: no more decimals than they need.
export function tick(x: number, step: number): string {
  if (x !== 0 && (Math.abs(x) >= 1e6 || Math.abs(x) < 1e-4)) return significant(x, 3);
  const digits = Math.max(0, Math.min(8, Math.ceil(-Math.log10(step) - 1e-9)));
  const fits = Number(step.toFixed(digits)) === Number(step.toPrecision(12));
  return x.toFixed(fits ? digits : Math.min(8, digits + 1)).replace("-", kMinus);
}

// So many significant digits, with an exponent only where it is shorter.
export function significant(x: number | null | undefined, digits = 4): string {
  if (x === null || x === undefined || Number.isNaN(x)) return "\u2013";
  if (x === 0) return "0";
  const size = Math.abs(x);
  if (size >= 1e6 || size < 1e-4) {
    const [mantissa = "", exponent = ""] = x.toExponential(Math.max(0, digits - 1)).split("e");
    const short = mantissa.includes(".") ? mantissa.replace(/\.?0+$/, "") : mantissa;
    return `${short}e${exponent.replace("+", "")}`.replaceAll("-", kMinus);
  }
  const decimals = Math.max(0, Math.min(8, digits - 1 - Math.floor(Math.log10(size))));
  return x.toFixed(decimals).replace("-", kMinus);
}

export function seconds(s: number): string {
  if (s < 1) return `${significant(1000 * s, 3)}${kThin}ms`;
  if (s < 120) return `${s.toFixed(s < 10 ? 2 : 1)}${kThin}s`;
  const minutes = Math.floor(s / 60);
  if (minutes < 120) return `${minutes}${kThin}min ${Math.round(s - 60 * minutes)}${kThin}s`;
  return `${Math.floor(minutes / 60)}${kThin}h ${minutes % 60}${kThin}min`;
}

// "one image", "2 images".
export function counted(n: number, one: string, many = `${one}s`): string {
  return `${n === 1 ? "1" : whole(n)} ${n === 1 ? one : many}`;
}

// A p value: never "0".
export function pValue(p: number): string {
  if (p < 1e-4) return "p < 0.0001";
  return `p = ${p >= 0.9995 ? "1" : p.toPrecision(p < 0.1 ? 2 : 3)}`;
}
