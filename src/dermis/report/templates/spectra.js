"use strict";
(() => {
  const by = id => document.getElementById(id);
  const bytes = id => Uint8Array.from(atob(by(id).getAttribute("value")), letter => letter.charCodeAt(0));
  const said = JSON.parse(by("said").getAttribute("value"));
  const state = bytes("state");
  const numbers = new DataView(bytes("numbers").buffer);
  const nm = said.wavelengths_nm, count = said.basis.length;
  // Only pixels of the mask have numbers; rank[pixel] is where they stand.
  const rank = new Int32Array(state.length);
  let pixels = 0;
  state.forEach((kind, at) => { rank[at] = kind ? pixels++ : -1; });
  const value = (plane, at) => said.offsets[plane] + said.steps[plane] * numbers.getInt16(2 * (plane * pixels + at), true);

  const stage = by("stage"), cross = by("cross"), plot = by("plot"), facts = by("facts"), where = by("where");
  const box = stage.viewBox.baseVal;
  const place = { x: Math.floor(said.width / 2), y: Math.floor(said.height / 2) };

  const spectrumAt = at => nm.map((_, band) => {
    let sum = said.mean[band];
    for (let k = 0; k < count; k++) sum += value(k, at) * said.basis[k][band];
    return Math.max(sum, 0);
  });
  const colourOf = spectrum => {
    const level = channel => {
      const light = Math.min(1, Math.max(0, spectrum.reduce((sum, one, band) => sum + one * said.to_linear[band][channel], 0)));
      return Math.round(255 * (light <= 0.0031308 ? 12.92 * light : 1.055 * light ** (1 / 2.4) - 0.055));
    };
    return "#" + [0, 1, 2].map(channel => level(channel).toString(16).padStart(2, "0")).join("");
  };

  const NS = "http" + "://www.w3.org/2000/svg";
  const drawn = (tag, attributes, words) => {
    const element = document.createElementNS(NS, tag);
    for (const [name, held] of Object.entries(attributes)) element.setAttribute(name, held);
    if (words !== undefined) element.textContent = words;
    return element;
  };
  const left = 46, right = 626, top = 12, bottom = 300;
  const first = nm[0], last = nm[nm.length - 1];
  const toX = wave => last > first ? left + (right - left) * (wave - first) / (last - first) : (left + right) / 2;

  const drawSpectrum = (spectrum, below, above) => {
    const highest = Math.max(0.1, ...spectrum.map((one, band) => one + above[band]));
    const tick = highest > 0.6 ? 0.2 : highest > 0.25 ? 0.1 : 0.05;
    const toY = one => bottom - (bottom - top) * Math.min(one / highest, 1);
    const lines = [];
    for (let one = 0; one <= highest; one += tick) {
      lines.push(drawn("line", { class: "grid", x1: left, x2: right, y1: toY(one), y2: toY(one) }));
      lines.push(drawn("text", { x: left - 8, y: toY(one) + 4, "text-anchor": "end" }, one.toFixed(2)));
    }
    for (let wave = Math.ceil(first / 100) * 100; wave <= last; wave += 100) {
      lines.push(drawn("text", { x: toX(wave), y: bottom + 20, "text-anchor": "middle" }, String(wave)));
    }
    lines.push(drawn("text", { x: (left + right) / 2, y: bottom + 38, "text-anchor": "middle" }, "wavelength, nm"));
    const up = nm.map((wave, band) => `${toX(wave).toFixed(1)},${toY(spectrum[band] + above[band]).toFixed(1)}`);
    const down = nm.map((wave, band) => `${toX(wave).toFixed(1)},${toY(Math.max(spectrum[band] - below[band], 0)).toFixed(1)}`);
    lines.push(drawn("polygon", { class: "span", points: [...up, ...down.reverse()].join(" ") }));
    lines.push(drawn("polyline", { class: "curve", points: nm.map((wave, band) => `${toX(wave).toFixed(1)},${toY(spectrum[band]).toFixed(1)}`).join(" ") }));
    plot.replaceChildren(...lines);
  };

  const fact = (name, held, swatch) => {
    const title = document.createElement("dt"), words = document.createElement("dd");
    title.textContent = name;
    if (swatch) {
      const svg = drawn("svg", { class: "swatch", viewBox: "0 0 20 20", "aria-hidden": "true" });
      svg.append(drawn("rect", { class: "swatch-edge", x: 0.5, y: 0.5, width: 19, height: 19, rx: 6, fill: swatch }));
      words.append(svg, " ");
    }
    words.append(held);
    facts.append(title, words);
  };

  const show = () => {
    const at = place.y * said.width + place.x, x = place.x * said.step, y = place.y * said.step;
    cross.removeAttribute("hidden");
    cross.setAttribute("transform", `translate(${x + 0.5} ${y + 0.5}) scale(${Math.max(box.width, box.height) / 90})`);
    facts.replaceChildren();
    if (!state[at]) {
      plot.replaceChildren();
      where.textContent = `Pixel ${x}, ${y}: not among the skin that was looked at.`;
      return;
    }
    const own = rank[at], spectrum = spectrumAt(own);
    drawSpectrum(spectrum, ...said.half_width.map((side, at) => side.map(one => one * value(count + at, own))));
    where.textContent = `Pixel ${x}, ${y}` + (state[at] === 2 ? ": a colour that skin does not have here; do not trust it." : ".");
    const colour = colourOf(spectrum);
    fact("Colour under D65", colour, colour);
    said.chromophores.forEach((name, place) => {
      const [middle, low, high] = [0, 1, 2].map(k => 100 * value(count + 2 + 3 * place + k, own));
      fact(name[0].toUpperCase() + name.slice(1), `${middle.toPrecision(2)} % (${low.toPrecision(2)} to ${high.toPrecision(2)})`);
    });
    fact("Colour of skin", state[at] === 1 ? "yes" : "no");
  };

  const go = (x, y) => {
    place.x = Math.min(Math.max(x, 0), said.width - 1);
    place.y = Math.min(Math.max(y, 0), said.height - 1);
    show();
  };
  stage.addEventListener("click", event => {
    const seen = stage.getScreenCTM().inverse();
    const spot = new DOMPoint(event.clientX, event.clientY).matrixTransform(seen);
    go(Math.floor(spot.x / said.step), Math.floor(spot.y / said.step));
  });
  stage.addEventListener("keydown", event => {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!way) return;
    event.preventDefault();
    const far = event.shiftKey ? 10 : 1;
    go(place.x + far * way[0], place.y + far * way[1]);
  });
  // Begin where there is skin: at the pixel of the mask that is nearest to the mask's middle.
  let nearest = -1, least = Infinity, sumX = 0, sumY = 0;
  state.forEach((kind, at) => { if (kind) { sumX += at % said.width; sumY += Math.floor(at / said.width); } });
  state.forEach((kind, at) => {
    const away = Math.hypot(at % said.width - sumX / pixels, Math.floor(at / said.width) - sumY / pixels);
    if (kind && away < least) { nearest = at; least = away; }
  });
  if (nearest >= 0) go(nearest % said.width, Math.floor(nearest / said.width)); else show();
})();
