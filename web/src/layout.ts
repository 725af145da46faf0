// The frame of a page: a heading, a list of its parts that follows the reader, the parts.
import { type Child, element } from "./element";

export interface Part { id: string; title: string; content: Child[] }

export interface Frame { kind: string; title: string; subtitle: Child[]; notes: string[]; parts: Part[] }

export function card(label: string, value: Child, detail: Child = null): HTMLElement {
  return element("div", { class: "figure" }, element("dt", {}, label), element("dd", {}, element("span", { class: "number" }, value),
    detail ? element("span", { class: "detail" }, detail) : null));
}

// A line of text with a button that copies it, where the browser can.
export function copyable(text: string): HTMLElement {
  const status = element("span", { class: "status", role: "status" });
  const button = element("button", { type: "button", class: "tool", onclick: () => {
    navigator.clipboard.writeText(text).then(() => { status.textContent = "copied"; },
                                             () => { status.textContent = "not allowed here: select it by hand"; });
  } }, "Copy");
  return element("div", { class: "command" }, element("pre", { tabindex: 0, role: "region", "aria-label": "Command" }, element("code", {}, text)),
    "clipboard" in navigator ? button : null, status);
}

function follow(parts: Part[], links: HTMLElement[]): void {
  const current = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      links.forEach((link, i) => {
        if (parts[i]?.id === entry.target.id) link.setAttribute("aria-current", "true");
        else link.removeAttribute("aria-current");
      });
    }
  }, { rootMargin: "-15% 0px -75% 0px" });
  for (const part of parts) {
    const section = document.getElementById(part.id);
    if (section) current.observe(section);
  }
}

export function showFrame(root: HTMLElement, frame: Frame): void {
  const links = frame.parts.map((part) => element("a", { href: `#${part.id}` }, part.title));
  root.replaceChildren(
    element("a", { class: "skip", href: "#content" }, "To the content"),
    element("header", { class: "top" }, element("p", { class: "kind" }, frame.kind), element("h1", {}, frame.title),
      element("p", { class: "subtitle" }, frame.subtitle),
      frame.notes.map((note) => element("p", { class: "notice", role: "note" }, note))),
    element("nav", { "aria-label": "Parts of this page" }, element("ul", {}, links.map((link) => element("li", {}, link)))),
    element("main", { id: "content", tabindex: -1 }, frame.parts.map((part) =>
      element("section", { id: part.id, class: "part", "aria-labelledby": `${part.id}-title` },
        element("h2", { id: `${part.id}-title` }, part.title), part.content))),
    element("footer", {}, element("p", {}, "Made by Inkling. This page is one file: it fetches nothing.")));
  follow(frame.parts, links);
}
