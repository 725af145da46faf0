// Images with what was read in them, unpacked.
import { bytesOf, sharesOf } from "./bytes";
import type { GalleryData } from "./data";

export interface ReadImage {
  index: number;  // in the test set
  width: number; height: number; pixels: Uint8Array;
  label: number; predicted: number;
  share: number;       // probability of what was read
  labelShare: number;  // and of the label
  ranked: [number, number][];  // classes that come first, with their probabilities
}

export function imagesOf(data: GalleryData): ReadImage[] {
  const pixels = bytesOf(data.pixels), label = bytesOf(data.label), classes = bytesOf(data.top_class);
  const shares = sharesOf(data.top_share), labelShare = sharesOf(data.label_share);
  const size = data.width * data.height;
  return data.index.map((index, i) => {
    const ranked: [number, number][] = [];
    for (let k = i * data.ranks; k < (i + 1) * data.ranks; ++k) ranked.push([classes[k] ?? 0, shares[k] ?? 0]);
    return {
      index, width: data.width, height: data.height, pixels: pixels.subarray(i * size, (i + 1) * size),
      label: label[i] ?? 0, predicted: ranked[0]?.[0] ?? 0, share: ranked[0]?.[1] ?? 0, labelShare: labelShare[i] ?? 0, ranked,
    };
  });
}
