// What is said while waiting, and where something did not work.
import { known, t } from "../core/language.js";
import { html } from "../core/ui.js";
import { Icon } from "./icons.js";

export function Waiting({ words = t("waiting") }) {
  return html`<p class="waiting" role="status"><span class="turning" aria-hidden="true"></span>${words}</p>`;
}

/** problem: an api.Problem or any Error; again: what to do on "try again", if that may help. */
export function Failure({ problem, again = null }) {
  return html`<div class="card notice bad" role="alert">
    <${Icon} name="bad" />
    <div>
      <p><strong>${known(`failure/${problem.code}`, problem.message)}</strong></p>
      ${problem.advice && html`<p>${problem.advice}</p>`}
      ${again && html`<button type="button" onClick=${again}>${t("again")}</button>`}
    </div>
  </div>`;
}

export function Notice({ kind = "info", children }) {
  return html`<div class="card notice ${kind}"><${Icon} name=${kind} /><div>${children}</div></div>`;
}
