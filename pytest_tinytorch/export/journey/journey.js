"use strict";
// What the page can do besides being read: choose a theme, open everything, light up what needs what.

const root = document.documentElement;

function remembered(value) {
  try {
    if (value) localStorage.setItem("tinytorch-theme", value);
    return localStorage.getItem("tinytorch-theme");
  } catch {
    return null; // a browser may keep nothing for files
  }
}

function themes(button) {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const show = (theme) => {
    if (theme) root.dataset.theme = theme;
    const dark = (root.dataset.theme || (system.matches ? "dark" : "light")) === "dark";
    button.setAttribute("aria-pressed", String(dark));
    return dark;
  };
  show(remembered());
  system.addEventListener("change", () => show());
  button.addEventListener("click", () => {
    const theme = show() ? "light" : "dark";
    remembered(theme);
    show(theme);
  });
  button.hidden = false;
}

function unfolding(button, units) {
  const open = () => units.every((unit) => unit.open);
  const label = () => (button.textContent = open() ? "Close all" : "Open all");
  button.addEventListener("click", () => {
    const wanted = !open();
    units.forEach((unit) => (unit.open = wanted));
  });
  units.forEach((unit) => unit.addEventListener("toggle", label));
  label();
  button.hidden = false;
}

function linked(units) {
  // Browsers open a section that a link points into; older ones are helped.
  const follow = () => {
    const target = document.getElementById(location.hash.slice(1));
    const unit = target && target.closest("details");
    if (unit) unit.open = true;
  };
  addEventListener("hashchange", follow);
  follow();
}

function printing(units) {
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = units.filter((unit) => !unit.open);
    closed.forEach((unit) => (unit.open = true));
  });
  addEventListener("afterprint", () => closed.forEach((unit) => (unit.open = false)));
}

function reach(start, next) {
  const found = new Set();
  const waiting = [start];
  while (waiting.length) {
    for (const other of next(waiting.pop())) {
      if (!found.has(other)) waiting.push(other);
      found.add(other);
    }
  }
  return found;
}

function highlights(graph, told) {
  const nodes = [...graph.querySelectorAll("[data-unit]")];
  const edges = [...graph.querySelectorAll("[data-from]")];
  const needs = new Map(nodes.map((n) => [n.dataset.unit, n.dataset.needs.split(" ").filter(Boolean)]));
  const opens = (id) => [...needs.keys()].filter((other) => needs.get(other).includes(id));
  const number = (id) => id.split("-")[1];
  const list = (ids) => [...ids].map(number).sort().join(", ");
  const usual = told.textContent;
  told.hidden = false;

  function light(node) {
    const id = node.dataset.unit;
    const below = reach(id, (other) => needs.get(other));
    const above = reach(id, opens);
    const name = node.querySelector("title").textContent.split(":")[0];
    told.textContent =
      `${name} needs ${list(below) || "nothing"}. ` +
      (above.size ? `It is needed by ${list(above)}.` : "Nothing needs it.");
    graph.classList.add("lit");
    for (const other of nodes) {
      const own = other.dataset.unit;
      other.classList.toggle("self", own === id);
      other.classList.toggle("lit", own === id || below.has(own) || above.has(own));
    }
    for (const edge of edges) {
      const down = edge.dataset.to === id || below.has(edge.dataset.to);
      const up = edge.dataset.from === id || above.has(edge.dataset.from);
      edge.classList.toggle("lit", down || up);
      edge.classList.toggle("above", up);
    }
  }

  function dim() {
    told.textContent = usual;
    graph.classList.remove("lit");
  }

  for (const node of nodes) {
    for (const event of ["mouseenter", "focus"]) node.addEventListener(event, () => light(node));
    for (const event of ["mouseleave", "blur"]) node.addEventListener(event, dim);
  }
}

const units = [...document.querySelectorAll("details.unit")];
themes(document.getElementById("theme"));
unfolding(document.getElementById("unfold"), units);
linked(units);
printing(units);
document.querySelectorAll("svg.needs").forEach((graph) => highlights(graph, document.getElementById("told")));
