// Elements of HTML and SVG, made in one expression.

export type Child = Node | string | null | undefined | false | Child[];
type Value = string | number | boolean | null | undefined | ((event: Event) => void);
export type Attributes = Record<string, Value>;

function append(parent: Node, children: Child[]): void {
  for (const child of children) {
    if (Array.isArray(child)) append(parent, child);
    else if (child !== null && child !== undefined && child !== false)
      parent.appendChild(typeof child === "string" ? document.createTextNode(child) : child);
  }
}

// A function is a listener ("onclick"); true is an attribute without value; false, null and undefined are none.
function set(target: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") target.addEventListener(name.replace(/^on/, ""), value);
    else if (value === true) target.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) target.setAttribute(name, String(value));
  }
}

export function element<Tag extends keyof HTMLElementTagNameMap>(
    tag: Tag, attributes: Attributes = {}, ...children: Child[]): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  set(made, attributes);
  append(made, children);
  return made;
}

export function svg<Tag extends keyof SVGElementTagNameMap>(
    tag: Tag, attributes: Attributes = {}, ...children: Child[]): SVGElementTagNameMap[Tag] {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  set(made, attributes);
  append(made, children);
  return made;
}

let made = 0;
// An id that no other element of the page has.
export function freshId(prefix: string): string {
  return `${prefix}-${++made}`;
}

export function clear(node: Node): void {
  while (node.firstChild) node.removeChild(node.firstChild);
}
