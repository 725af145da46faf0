// Images with what was read in them: as a plain list, and with filters.
import { clear, element, freshId } from "./element";
import { confidence, counted, percent } from "./format";
import type { ReadImage } from "./read_image";
import { digit } from "./pixels";

// One image as a figure: the picture, what was read and what it is, told apart by words and a sign.
export function imageCard(image: ReadImage, classes: string[]): HTMLElement {
  const name = (c: number): string => classes[c] ?? String(c);
  const right = image.label === image.predicted;
  const says = `Image ${image.index}: ${right ? "" : `label ${name(image.label)}, `}read as ${name(image.predicted)} `
    + `with ${percent(image.share, 1)}${right ? ", rightly" : ""}`;
  const others = image.ranked.slice(1).map(([c, share]) => `${name(c)} ${percent(share, 1)}`).join(", ");
  return element("figure", { class: right ? "card right" : "card wrong", title: others ? `${says}. Then: ${others}` : says },
    digit(image.pixels, image.width, image.height, { role: "img", "aria-label": says }),
    element("figcaption", {},
      element("span", { class: "verdict" }, right ? `\u2713 ${name(image.predicted)}` : `${name(image.label)} \u2192 ${name(image.predicted)}`),
      element("span", { class: "share" }, confidence(image.share))));
}

const kPage = 60;  // images that are shown before somebody asks for more

// The images in order, the first page of them and a button for the next.
export function imageList(images: ReadImage[], classes: string[], none: string): HTMLElement {
  const list = element("div", { class: "cards" });
  const more = element("button", { type: "button", class: "more" });
  let shown = 0;
  const grow = (): void => {
    const next = images.slice(shown, shown + kPage);
    list.append(...next.map((image) => imageCard(image, classes)));
    shown += next.length;
    more.hidden = shown >= images.length;
    more.textContent = `Show ${counted(Math.min(kPage, images.length - shown), "more image", "more images")}`;
  };
  more.addEventListener("click", grow);
  if (images.length === 0) list.append(element("p", { class: "none" }, none));
  grow();
  return element("div", {}, list, more);
}

// Filters by label, by what was read and by confidence over the images that the page holds.
export function filteredGallery(images: ReadImage[], classes: string[], wrongInAll: number): HTMLElement {
  const choice = (text: string, options: [string, string][], value: string): [HTMLElement, HTMLSelectElement] => {
    const id = freshId("filter");
    const select = element("select", { id, onchange: () => show() },
      options.map(([key, label]) => element("option", { value: key, selected: key === value }, label)));
    return [element("div", { class: "filter" }, element("label", { for: id }, text), select), select];
  };
  const names: [string, string][] = [["", "any"], ...classes.map((c, i): [string, string] => [String(i), c])];
  const [showBox, which] = choice("Show", [["wrong", "mistakes"], ["right", "read rightly"], ["", "both"]], "wrong");
  const [labelBox, label] = choice("Label", names, "");
  const [readBox, read] = choice("Read as", names, "");
  const [orderBox, order] = choice("Order", [["high", "most confident first"], ["low", "least confident first"], ["index", "by number"]], "high");
  const leastId = freshId("least");
  const leastText = element("output", { for: leastId }, "0 %");
  const least = element("input", { id: leastId, type: "range", min: 0, max: 100, step: 1, value: 0, oninput: () => {
    leastText.textContent = `${least.value} %`;
    show();
  } });
  const status = element("p", { class: "status", role: "status" });
  const place = element("div", {});

  const show = (): void => {
    const found = images.filter((image) => {
      const right = image.label === image.predicted;
      return (which.value === "" || (which.value === "right") === right) &&
        (label.value === "" || image.label === Number(label.value)) &&
        (read.value === "" || image.predicted === Number(read.value)) && image.share * 100 >= Number(least.value) - 0.005;
    });
    const by: Record<string, (a: ReadImage, b: ReadImage) => number> = {
      high: (a, b) => b.share - a.share, low: (a, b) => a.share - b.share, index: (a, b) => a.index - b.index,
    };
    found.sort(by[order.value]);
    const wrongHere = images.filter((image) => image.label !== image.predicted).length;
    const missing = which.value !== "right" && wrongHere < wrongInAll
      ? ` This page holds ${counted(wrongHere, "mistake")} of ${wrongInAll}: the most confident of each pair of classes.` : "";
    status.textContent = `${counted(found.length, "image")}.${missing}`;
    clear(place);
    place.append(imageList(found, classes, "No image passes these filters."));
  };
  show();
  return element("div", { class: "gallery" },
    element("div", { class: "filters", role: "group", "aria-label": "Which images" }, showBox, labelBox, readBox,
      element("div", { class: "filter" }, element("label", { for: leastId }, "Confidence from"), element("span", { class: "range" }, least, leastText)), orderBox),
    status, place);
}
