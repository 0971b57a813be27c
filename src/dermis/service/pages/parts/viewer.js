// The photo with a choice of layers, and a card for the spot or the pixel that was tapped.
import * as api from "../core/api.js";
import { known, number, percent, t } from "../core/language.js";
import { html, useMemo, useState } from "../core/ui.js";
import { regionTitle, taskTitle } from "../core/wording.js";
import { Icon } from "./icons.js";
import { PixelCard } from "./pixel_card.js";
import { Stage, windowOf } from "./stage.js";

export function Viewer({ analysis, tasks, photo, there }) {
  const layers = useMemo(() => layersOf(analysis, tasks, there), [analysis, there]);
  const [layer, setLayer] = useState(layers.find(({ spots }) => spots?.length) ?? layers[0]);
  const [whole, setWhole] = useState(false);
  const [strength, setStrength] = useState(0.75);
  const [chosen, setChosen] = useState(null);
  const [pixel, setPixel] = useState(null);
  const spots = layer.spots ?? [];
  const pick = async (place) => {
    setChosen(null);
    setPixel({ place });
    try {
      setPixel({ place, found: await api.pixel(analysis.id, place.x, place.y) });
    } catch (problem) {
      setPixel({ place, problem });
    }
  };
  const choose = (k) => {
    setPixel(null);
    setChosen(k);
  };
  return html`<section class="card viewer" aria-label=${t("stage/title")}>
    <fieldset class="layers"><legend class="unseen">${t("stage/layers")}</legend>
      ${layers.map((one) => html`<label><input type="radio" name="layer" checked=${one === layer} onChange=${() => setLayer(one)} /><span>${one.title}</span></label>`)}
    </fieldset>
    <div class="frame">
      <${Stage} photo=${photo} width=${analysis.photo.width_px} height=${analysis.photo.height_px} window=${windowOf(analysis, whole)}
        layer=${layer.address ? layer : null} strength=${strength} spots=${spots} chosen=${chosen} cross=${pixel?.place}
        onPick=${pick} onSpot=${choose} alt=${t("stage/alt")} />
      <button type="button" class="zoom" onClick=${() => setWhole(!whole)}><${Icon} name="zoom" />${t(whole ? "stage/face" : "stage/whole")}</button>
    </div>
    ${photo === null && html`<p class="note">${t("stage/no_photo")}</p>`}
    ${layer.address && html`<${Legend} layer=${layer} strength=${strength} onStrength=${setStrength} />`}
    <div class="tapped" aria-live="polite">
      ${chosen !== null && spots[chosen] && html`<${SpotCard} item=${spots[chosen]} view=${analysis.face?.view} />`}
      ${pixel && html`<${PixelCard} ...${pixel} analysis=${analysis} tasks=${tasks} />`}
      ${chosen === null && !pixel && html`<p class="note">${t(there ? "stage/tap" : "stage/tap_spots")}</p>`}
    </div>
    ${spots.length > 0 && html`<details><summary>${t("stage/list", { n: spots.length })}</summary>
      <ol class="spot-list">${spots.map((spot, k) => html`<li><button type="button" aria-pressed=${k === chosen ? "true" : "false"} onClick=${() => choose(k)}>${spot.title}</button></li>`)}</ol>
    </details>`}
  </section>`;
}

/** The photo alone, the things found by each task, the maps the service has. */
function layersOf(analysis, tasks, there) {
  const found = analysis.findings.filter(({ region, items }) => region === "face" && items?.length);
  const maps = (there ? (analysis.maps ?? []) : []).filter(({ name }) => tasks[name]?.scale.kind !== "count"); // those are spots
  return [
    { name: "photo", title: t("stage/photo") },
    ...found.map(({ task, items }) => ({ name: `items/${task}`, title: known(`found/${task}`, taskTitle(tasks[task], task)), spots: items.map((item) => ({ ...item, title: spotTitle(item) })) })),
    ...maps.map((map) => ({ ...map, title: known(`task/${map.name}`, known(`map/${map.name}`, map.title)), address: api.mapAddress(analysis.id, map.name) })),
  ];
}

function spotTitle(item) {
  const kind = known(`item/${item.class}`, item.class ?? t("item/lesion"));
  return item.region ? t("item/at", { kind, region: regionTitle(item.region) }) : kind;
}

function SpotCard({ item, view }) {
  const rows = [
    item.region && [t("spot/place"), regionTitle(item.region, view)],
    item.score !== undefined && [t("spot/score"), percent(item.score)],
    item.size_face_widths !== undefined && [t("spot/size"), percent(item.size_face_widths)],
    item.redness !== undefined && [t("spot/redness"), number(item.redness, 1)],
  ].filter(Boolean);
  return html`<h3>${known(`item/${item.class}`, item.class ?? t("item/lesion"))}</h3>
    <dl class="facts">${rows.map(([name, words]) => html`<div><dt>${name}</dt><dd>${words}</dd></div>`)}</dl>`;
}

function Legend({ layer, strength, onStrength }) {
  const colours = layer.colours ?? [];
  return html`<div class="legend">
    ${colours.length > 0 && html`<div class="ramp"><span>${number(layer.low)}</span>
      <svg viewBox="0 0 ${colours.length} 1" preserveAspectRatio="none" aria-hidden="true">${colours.map((colour, k) => html`<rect x=${k} width="1.02" height="1" fill=${colour} />`)}</svg>
      <span>${number(layer.high)} <small>${layer.unit}</small></span></div>`}
    ${layer.labels && html`<ul class="keys">${layer.labels.map((one) => html`<li><svg viewBox="0 0 10 10" aria-hidden="true"><rect width="10" height="10" rx="3" fill=${one.colour} /></svg>${known(`region/${one.name}`, known(`left_out/${one.name}`, one.name))}</li>`)}</ul>`}
    <label class="strength"><span>${t("stage/strength")}</span><input type="range" min="0" max="1" step="0.05" value=${strength} onInput=${(event) => onStrength(Number(event.target.value))} /></label>
  </div>`;
}
