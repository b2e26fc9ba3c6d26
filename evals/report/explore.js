"use strict";

const COLOURS = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#222222"];
const GREY = "#9AA5AE";
const BOX = { left: 70, right: 850, top: 20, bottom: 460 };

/** Whether a point has a number that may stand on both axes. */
function placed(point, across, up) {
  return [across, up].every((axis) => point.values[axis] !== null && !point.values[axis].in_loop);
}

/** A point's values, turned so that more is better. */
function corner(point, across, up, axes) {
  return [across, up].map((axis) => (axes[axis].higher ? 1 : -1) * point.values[axis].value);
}

/** The points that none of the others dominates; published ones neither count nor appear. */
function frontier(points, across, up, axes) {
  const own = points.filter((point) => !point.published && placed(point, across, up));
  return own.filter((point) => {
    const mine = corner(point, across, up, axes);
    return !own.some((other) => {
      const theirs = corner(other, across, up, axes);
      return theirs.every((value, n) => value >= mine[n]) && theirs.some((value, n) => value > mine[n]);
    });
  });
}

/** Round values that cover a range, about five of them. */
function ticks(low, high) {
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((n) => n * power).find((size) => size >= rough) ?? 10 * power;
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, n) => (first + n) * step);
}

/** From a value to a place on the page, with the better end at `best`. */
function scale(values, worst, best, higher) {
  let low = Math.min(...values);
  let high = Math.max(...values);
  const room = (high - low || Math.abs(high) || 1) * 0.1;
  low -= room;
  high += room;
  const [start, end] = higher ? [worst, best] : [best, worst];
  return { low, high, at: (value) => start + ((value - low) / (high - low)) * (end - start) };
}

function shown(number) {
  return Number(number.toPrecision(4)).toString();
}

/** All that is known of a point on the two axes, as text. */
function told(point, across, up, axes) {
  const lines = [across, up].map((axis) => {
    const { value, low, high, told: more } = point.values[axis];
    const interval = low === null ? "" : ` [${shown(low)}, ${shown(high)}]`;
    return `${axes[axis].name}: ${shown(value)}${interval}; ${more}`;
  });
  return [`${point.name}${point.stage ? ` (${point.stage})` : ""}`, ...lines].join("\n");
}

function start(page) {
  const { axes, points, start: first } = JSON.parse(page.getElementById("data").textContent);
  const [across, up, withPublished, stageBox, plot, toldBox] = ["across", "up", "published", "stages", "plot", "told"].map(
    (id) => page.getElementById(id),
  );
  if (axes.length === 0) {
    return;
  }
  const stages = [...new Set(points.filter((point) => !point.published).map((point) => point.stage))];
  const hidden = new Set();

  function element(name, attributes, text) {
    const made = page.createElementNS("http://www.w3.org/2000/svg", name);
    Object.entries(attributes).forEach(([key, value]) => made.setAttribute(key, value));
    if (text !== undefined) {
      made.textContent = text;
    }
    plot.appendChild(made);
    return made;
  }

  function colour(point) {
    return point.published ? GREY : COLOURS[stages.indexOf(point.stage) % COLOURS.length];
  }

  function draw() {
    const [x, y] = [Number(across.value), Number(up.value)];
    plot.replaceChildren();
    const visible = points.filter((point) => (point.published ? withPublished.checked : !hidden.has(point.stage)));
    const here = visible.filter((point) => placed(point, x, y));
    const edge = frontier(visible, x, y, axes);
    const names = (of) => of.map((point) => point.name).join(", ");
    page.getElementById("frontier").textContent = `On the frontier of what is shown: ${names(edge) || "no model"}.`;
    const missing = visible.filter((point) => !point.published && !placed(point, x, y));
    page.getElementById("unplaced").textContent = missing.length
      ? `Not placed (not measured, not judged, or in the loop): ${names(missing)}.`
      : "";
    if (here.length === 0) {
      return;
    }
    const ends = (axis) =>
      here.flatMap(({ values }) => [values[axis].value, values[axis].low, values[axis].high]).filter((v) => v !== null);
    const along = scale(ends(x), BOX.left, BOX.right, axes[x].higher);
    const high = scale(ends(y), BOX.bottom, BOX.top, axes[y].higher);
    const at = (point) => [along.at(point.values[x].value), high.at(point.values[y].value)];
    frame(along, high, axes[x], axes[y]);
    ways(here, at);
    step(edge, at);
    here.forEach((point) => mark(point, at(point), along, high, x, y, edge.includes(point)));
  }

  function frame(along, high, xAxis, yAxis) {
    ticks(along.low, along.high).forEach((value) => {
      const x = along.at(value);
      element("line", { class: "grid", x1: x, x2: x, y1: BOX.top, y2: BOX.bottom });
      element("text", { x, y: BOX.bottom + 18, "text-anchor": "middle" }, shown(value));
    });
    ticks(high.low, high.high).forEach((value) => {
      const y = high.at(value);
      element("line", { class: "grid", x1: BOX.left, x2: BOX.right, y1: y, y2: y });
      element("text", { x: BOX.left - 8, y: y + 4, "text-anchor": "end" }, shown(value));
    });
    const name = (axis) => axis.name + (axis.higher ? "" : " (less is better)");
    element("text", { x: (BOX.left + BOX.right) / 2, y: BOX.bottom + 44, "text-anchor": "middle" }, name(xAxis));
    const middle = (BOX.top + BOX.bottom) / 2;
    element("text", { x: 16, y: middle, "text-anchor": "middle", transform: `rotate(-90 16 ${middle})` }, name(yAxis));
  }

  function ways(here, at) {
    here.forEach((point) => {
      here
        .filter((other) => !other.published && point.parents.includes(other.name))
        .forEach((parent) => {
          const [[x1, y1], [x2, y2]] = [at(parent), at(point)];
          const attributes = { class: "way", x1, y1, x2, y2 };
          element("line", point.parents.length > 1 ? { ...attributes, "stroke-dasharray": "6 4" } : attributes);
          const turn = (Math.atan2(y2 - y1, x2 - x1) * 180) / Math.PI;
          const middle = `translate(${(x1 + x2) / 2} ${(y1 + y2) / 2}) rotate(${turn})`;
          element("path", { class: "way", d: "M -6 -4 L 0 0 L -6 4", transform: middle });
        });
    });
  }

  function step(edge, at) {
    const corners = edge.map(at).sort(([x1], [x2]) => x1 - x2);
    // Better is to the right and up, so the staircase goes down before it goes right.
    const stairs = corners.map(([x, y], n) => (n === 0 ? `M ${x} ${y}` : `V ${y} H ${x}`));
    element("path", { class: "step", d: stairs.join(" ") });
  }

  function mark(point, [x, y], along, high, xAxis, yAxis, onEdge) {
    const stroke = colour(point);
    const [wide, tall] = [point.values[xAxis], point.values[yAxis]];
    if (wide.low !== null) {
      element("line", { class: "bar", stroke, x1: along.at(wide.low), x2: along.at(wide.high), y1: y, y2: y });
    }
    if (tall.low !== null) {
      element("line", { class: "bar", stroke, x1: x, x2: x, y1: high.at(tall.low), y2: high.at(tall.high) });
    }
    const fill = point.published ? "white" : stroke;
    const attributes = { class: "point", cx: x, cy: y, r: onEdge ? 7 : 5, stroke, fill, tabindex: 0, "stroke-width": 2 };
    const circle = element("circle", attributes);
    const tell = () => {
      toldBox.textContent = told(point, xAxis, yAxis, axes);
    };
    ["mouseenter", "focus", "click"].forEach((event) => circle.addEventListener(event, tell));
    element("text", { x: x + 9, y: y - 7 }, point.name.length > 32 ? `${point.name.slice(0, 31)}…` : point.name);
  }

  function choose(select, chosen) {
    axes.forEach((axis, place) => {
      const option = page.createElement("option");
      option.value = String(place);
      option.textContent = axis.name;
      option.selected = place === chosen;
      select.appendChild(option);
    });
    select.value = String(chosen);
    select.addEventListener("change", draw);
  }

  choose(across, first[0]);
  choose(up, first[1] ?? first[0]);
  withPublished.addEventListener("change", draw);
  stages.forEach((stage) => {
    const label = page.createElement("label");
    const box = page.createElement("input");
    box.type = "checkbox";
    box.checked = true;
    box.addEventListener("change", () => {
      if (box.checked) {
        hidden.delete(stage);
      } else {
        hidden.add(stage);
      }
      draw();
    });
    const name = page.createElement("span");
    name.textContent = stage || "no stage";
    name.style.color = COLOURS[stages.indexOf(stage) % COLOURS.length];
    label.appendChild(box);
    label.appendChild(name);
    stageBox.appendChild(label);
  });
  draw();
}

if (typeof document !== "undefined") {
  start(document);
}
if (typeof module !== "undefined") {
  module.exports = { frontier, placed, scale, start, ticks, told };
}
