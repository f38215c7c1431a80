// What tests ask a page in a browser. Each function gives a list of what is wrong.

function sideways() {
  const root = document.documentElement;
  return root.scrollWidth > root.clientWidth ? [`${root.scrollWidth} pixels are wide`] : [];
}

function shown(selector) {
  return [...document.querySelectorAll(selector)].filter((element) => element.getClientRects().length);
}

// Texts of a picture that leave the screen, or overlap. Boxes are a line high, so a few pixels of
// it are free above and below.
function collisions() {
  const found = [];
  for (const picture of shown("main svg:not(.icon)")) {
    const texts = [...picture.querySelectorAll("text")];
    const boxes = texts.map((text) => [text.textContent, text.getBoundingClientRect()]);
    boxes.forEach(([name, a], n) => {
      if (a.left < 0 || a.right > innerWidth) found.push(`${name} leaves the screen`);
      for (const [other, b] of boxes.slice(n + 1)) {
        const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
        const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
        if (across > 1 && down > 4) found.push(`${name} overlaps ${other}`);
      }
    });
  }
  return found;
}

// Names that are wider than their node.
function spills() {
  const found = [];
  for (const node of shown("svg.needs .node")) {
    const box = node.querySelector("rect").getBBox();
    for (const text of node.querySelectorAll("text")) {
      const { x, width } = text.getBBox();
      if (x < box.x || x + width > box.x + box.width) found.push(text.textContent);
    }
  }
  return found;
}

// Edges of the dependency graph that run through a node, or within three pixels of it.
function throughs() {
  const found = new Set();
  for (const graph of shown("svg.needs")) {
    const nodes = [...graph.querySelectorAll(".node")];
    const boxes = nodes.map((node) => [node.dataset.unit, node.querySelector("rect").getBBox()]);
    for (const edge of graph.querySelectorAll(".edge")) {
      const { from, to } = edge.dataset;
      const others = boxes.filter(([unit]) => unit !== from && unit !== to);
      for (let at = 0; at <= edge.getTotalLength(); at += 3) {
        const { x, y } = edge.getPointAtLength(at);
        for (const [unit, box] of others) {
          const beside = x < box.x - 3 || x > box.x + box.width + 3;
          const clear = beside || y < box.y - 3 || y > box.y + box.height + 3;
          if (!clear) found.add(`${from} to ${to} runs through ${unit}`);
        }
      }
    }
  }
  return [...found];
}
