// Which colour and which dashes a line of a chart has: told apart without colour, too.

export interface Look { colour: string; dash: number[] }

// Names of custom properties; the colours are Okabe and Ito's, which colour-blind people tell apart.
const kColours = ["--series-1", "--series-2", "--series-3", "--series-4", "--series-5", "--series-6", "--series-7",
                  "--series-8"];
const kDashes: number[][] = [[], [7, 4], [2, 3], [10, 3, 2, 3], [5, 2], [1, 4], [12, 4], [6, 2, 2, 2]];

export function lookOf(i: number): Look {
  return { colour: kColours[i % kColours.length] ?? "--ink", dash: kDashes[i % kDashes.length] ?? [] };
}

export const kTraining: Look = { colour: "--series-1", dash: [7, 4] };
export const kValidation: Look = { colour: "--series-3", dash: [2, 3] };
export const kTest: Look = { colour: "--series-2", dash: [] };
