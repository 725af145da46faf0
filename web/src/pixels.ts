// Small pictures on canvases: digits as ink on paper, and matrices of signed numbers in two colours.
import { type Attributes, element } from "./element";
import { later } from "./later";
import { type Diverging, diverging, divergingOfTheme } from "./theme";

function paint(canvas: HTMLCanvasElement, colourOf: (i: number) => [number, number, number]): void {
  const context = canvas.getContext("2d");
  if (!context) return;
  const image = context.createImageData(canvas.width, canvas.height);
  for (let i = 0; i < canvas.width * canvas.height; ++i) {
    const [r, g, b] = colourOf(i);
    image.data[4 * i] = r;
    image.data[4 * i + 1] = g;
    image.data[4 * i + 2] = b;
    image.data[4 * i + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}

// An image of bytes, 255 being full ink, as black of that opacity: the style sheet gives the paper, turns both round in
// the dark, makes it large and keeps it sharp. One canvas pixel a pixel.
export function digit(pixels: Uint8Array, width: number, height: number, attributes: Attributes = {}): HTMLCanvasElement {
  const canvas = element("canvas", { width, height, class: "digit", ...attributes });
  later(() => {
    const context = canvas.getContext("2d");
    if (!context) return;
    const image = context.createImageData(width, height);
    for (let i = 0; i < width * height; ++i) image.data[4 * i + 3] = pixels[i] ?? 0;
    context.putImageData(image, 0, 0);
  });
  return canvas;
}

// Asking for the page's colours costs a look at all its styles: once for many pictures.
let colours: Diverging | null = null;
function coloursInForce(): Diverging {
  if (colours === null) {
    colours = divergingOfTheme();
    setTimeout(() => { colours = null; });
  }
  return colours;
}

// Signed numbers, `most` and above being full colour.
export function paintSigned(canvas: HTMLCanvasElement, values: ArrayLike<number>, most: number): void {
  later(() => {
    const scale = coloursInForce();
    paint(canvas, (i) => diverging(scale, most > 0 ? (values[i] ?? 0) / most : 0));
  });
}
