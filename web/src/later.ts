// Work that nobody waits for: pictures below the fold are painted after the page is there, a few milliseconds at a
// time, in the order in which they were asked for; before the page is printed, all at once.
//
// While something is left to do the root element has the attribute data-drawing.

const kSlice = 12;  // guess, milliseconds: less than a frame
const tasks: (() => void)[] = [];
let waiting = false;

function work(until: number): void {
  let next = 0;
  for (let task = tasks[next]; task && performance.now() < until; task = tasks[++next]) task();
  tasks.splice(0, next);
  if (tasks.length === 0) document.documentElement.removeAttribute("data-drawing");
}

function step(): void {
  waiting = false;
  work(performance.now() + kSlice);
  if (tasks.length > 0) wait();
}

function wait(): void {
  if (waiting) return;
  waiting = true;
  setTimeout(step);
}

export function later(task: () => void): void {
  if (tasks.length === 0) document.documentElement.setAttribute("data-drawing", "");
  tasks.push(task);
  wait();
}

export function finishNow(): void {
  work(Infinity);
}
