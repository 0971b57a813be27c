"use strict";
(() => {
  const byId = id => document.getElementById(id);
  const root = document.documentElement;
  const dark = () => root.dataset.theme === "dark"
    || (!root.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);
  const name = () => { byId("theme").textContent = dark() ? "Light" : "Dark"; };
  byId("tools").hidden = false;
  byId("theme").addEventListener("click", () => { root.dataset.theme = dark() ? "light" : "dark"; name(); });
  byId("print").addEventListener("click", () => print());
  name();

  const plot = byId("plot");
  if (!plot) return;
  const said = JSON.parse(byId("said").getAttribute("value"));
  const NS = "http" + "://www.w3.org/2000/svg";
  const draw = (tag, attributes, words) => {
    const element = document.createElementNS(NS, tag);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    if (words !== undefined) element.textContent = words;
    plot.append(element);
  };
  const fill = (select, names) => names.forEach(one => select.add(new Option(one, one)));
  const across = byId("across"), up = byId("up");
  fill(across, Object.keys(said.columns));
  fill(up, Object.keys(said.findings));

  const isNumber = one => typeof one === "number";
  const placed = values => {
    const known = values.filter(one => one !== null);
    if (known.every(isNumber)) {
      const low = Math.min(...known), high = Math.max(...known);
      return { at: one => (one - low) / ((high - low) || 1), ends: [low, high] };
    }
    const words = [...new Set(known)].sort();
    return { at: one => (words.indexOf(one) + .5) / words.length, words };
  };
  const rank = values => {
    const order = values.map((one, at) => [one, at]).sort((a, b) => a[0] - b[0]);
    const ranks = [];
    for (let first = 0; first < order.length;) {
      let last = first;
      while (last + 1 < order.length && order[last + 1][0] === order[first][0]) last++;
      for (let at = first; at <= last; at++) ranks[order[at][1]] = (first + last) / 2;
      first = last + 1;
    }
    return ranks;
  };
  const correlation = (a, b) => {
    const mean = values => values.reduce((sum, one) => sum + one, 0) / values.length;
    const ma = mean(a), mb = mean(b);
    let ab = 0, aa = 0, bb = 0;
    a.forEach((one, at) => { ab += (one - ma) * (b[at] - mb); aa += (one - ma) ** 2; bb += (b[at] - mb) ** 2; });
    return aa && bb ? ab / Math.sqrt(aa * bb) : NaN;
  };
  const show = () => {
    const xs = said.columns[across.value], ys = said.findings[up.value];
    const pairs = xs.map((x, at) => [x, ys[at]]).filter(([x, y]) => x !== null && y !== null);
    plot.replaceChildren();
    if (!pairs.length) { byId("told").textContent = "No photo has both."; return; }
    const px = placed(pairs.map(one => one[0])), py = placed(pairs.map(one => one[1]));
    const x = one => 50 + 570 * px.at(one), y = one => 306 - 290 * py.at(one);
    draw("path", { d: "M50 16V306H620", class: "grid", fill: "none" });
    pairs.forEach(([a, b]) => draw("circle", { cx: x(a), cy: y(b), r: 3, class: "dot" }));
    py.ends.forEach(one => draw("text", { x: 44, y: y(one) + 4, "text-anchor": "end" }, String(one)));
    if (px.words) px.words.forEach(one => draw("text", { x: x(one), y: 326, "text-anchor": "middle" }, one));
    else px.ends.forEach((one, at) => draw("text", { x: x(one), y: 326, "text-anchor": at ? "end" : "start" }, String(one)));
    const both = px.words ? NaN : correlation(rank(pairs.map(one => one[0])), rank(pairs.map(one => one[1])));
    byId("told").textContent = `${pairs.length} photos` + (Number.isNaN(both) ? "." : `; rank correlation ${(Math.round(100 * both) / 100 + 0).toFixed(2)}.`);
  };
  byId("choice").hidden = false;
  across.addEventListener("change", show);
  up.addEventListener("change", show);
  show();
})();
