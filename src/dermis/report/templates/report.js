"use strict";
const root = document.documentElement;
const byId = (name) => document.getElementById(name);

function followTheme() {
  const dark = () => root.dataset.theme === "dark"
    || (!root.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);
  const button = byId("theme");
  const name = () => { button.textContent = dark() ? "Light" : "Dark"; };
  button.addEventListener("click", () => { root.dataset.theme = dark() ? "light" : "dark"; name(); });
  name();
}

function followLayers() {
  const viewer = byId("viewer");
  const controls = byId("controls");
  if (!controls) return;
  const stage = byId("stage");
  const strength = byId("strength");
  const bare = stage.getAttribute("aria-label");
  const layers = [...viewer.querySelectorAll(".layer")];
  const legends = [...viewer.querySelectorAll("[data-legend]")];

  const show = (key) => {
    layers.forEach((layer) => layer.toggleAttribute("data-on", layer.dataset.layer === key));
    legends.forEach((legend) => legend.toggleAttribute("data-on", legend.dataset.legend === key));
    const layer = layers.find((one) => one.dataset.layer === key);
    const isMap = layer !== undefined && layer.hasAttribute("data-map");
    strength.hidden = !isMap;
    if (isMap) byId("ground").setAttribute("filter", "url(#grey)");
    else byId("ground").removeAttribute("filter");
    stage.setAttribute("aria-label", (layer && layer.dataset.alt) || bare);
  };
  const weigh = (share) => layers
    .filter((layer) => layer.hasAttribute("data-map"))
    .forEach((layer) => layer.setAttribute("opacity", share / 100));

  controls.hidden = false;
  controls.addEventListener("change", (event) => show(event.target.value));
  const slider = strength.querySelector("input");
  slider.addEventListener("input", () => weigh(slider.value));
  weigh(slider.value);
  show(controls.querySelector("input:checked").value);
}

byId("tools").hidden = false;
byId("print").addEventListener("click", () => print());
followTheme();
followLayers();
