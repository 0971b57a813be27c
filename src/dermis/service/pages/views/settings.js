// Language, appearance, what is kept and where, access from other devices, and what this page is made of.
import * as api from "../core/api.js";
import { countKept, forget, forgetAll } from "../core/device_photos.js";
import { LANGUAGES, currentLanguage, t } from "../core/language.js";
import { addPasskey, canUsePasskeys } from "../core/passkeys.js";
import { go } from "../core/router.js";
import { applyTheme, remember, settings } from "../core/settings.js";
import { html, useState } from "../core/ui.js";
import { Icon } from "../parts/icons.js";
import { useLoaded } from "../parts/load.js";
import { Failure, Waiting } from "../parts/notices.js";
import { SubjectPicker } from "../parts/subject_picker.js";

export function SettingsView({ session, onLanguage, onSession }) {
  return html`<article class="settings">
    <h1>${t("title/settings")}</h1>
    <${Appearance} onLanguage=${onLanguage} />
    <${Kept} />
    <${Access} session=${session} onSession=${onSession} />
    <section class="card"><h2>${t("settings/about")}</h2><p>${t("settings/about_more")}</p><p class="note">${t("settings/licences")}</p></section>
  </article>`;
}

function Appearance({ onLanguage }) {
  const [theme, setTheme] = useState(settings().theme);
  const choose = (wanted) => {
    applyTheme(remember({ theme: wanted }).theme);
    setTheme(wanted);
  };
  return html`<section class="card"><h2>${t("settings/appearance")}</h2>
    <label class="line"><span>${t("settings/language")}</span>
      <select onChange=${(event) => onLanguage(event.target.value)}>
        ${Object.entries(LANGUAGES).map(([code, name]) => html`<option value=${code} lang=${code} selected=${code === currentLanguage()}>${name}</option>`)}
      </select></label>
    <fieldset class="layers"><legend>${t("settings/theme")}</legend>
      ${["system", "light", "dark"].map((name) => html`<label><input type="radio" name="theme" checked=${theme === name} onChange=${() => choose(name)} /><span>${t(`settings/theme_${name}`)}</span></label>`)}
    </fieldset></section>`;
}

function Kept() {
  const { value, problem, again } = useLoaded(loadKept, []);
  if (problem) return html`<${Failure} problem=${problem} again=${again} />`;
  if (!value) return html`<${Waiting} />`;
  const { subjects, subject, kept, canKeep } = value;
  return html`<section class="card"><h2>${t("settings/kept")}</h2>
    <p>${t("settings/kept_more")}</p>
    <div class="line"><span>${t("settings/kept_here", { n: kept })}</span>
      <button type="button" disabled=${kept === 0} onClick=${() => forgetAll().then(again)}>${t("settings/forget_here")}</button></div>
    ${subject && html`<${SubjectPicker} subjects=${subjects} subject=${subject} onChange=${again} />
      <${Person} subject=${subject} canKeep=${canKeep} again=${again} />`}
  </section>`;
}

async function loadKept() {
  const [subjects, kept, health] = await Promise.all([api.subjects(), countKept(), api.health()]);
  const subject = subjects.find(({ id }) => id === settings().subject) ?? subjects[0] ?? null;
  return { subjects, subject, kept, canKeep: health.photos_can_be_kept };
}

function Person({ subject, canKeep, again }) {
  const [problem, setProblem] = useState(null);
  const consented = subject.consents.some(({ purpose, withdrawn_at: withdrawn }) => purpose === "keep_photos" && !withdrawn);
  const attempt = (work) => work().then(again, setProblem);
  const remove = async () => {
    if (!confirm(t("settings/remove_sure", { name: subject.pseudonym }))) return;
    await forget((await api.visits(subject.id)).flatMap(({ analyses }) => analyses));
    await api.removeSubject(subject.id);
    remember({ subject: null });
    go();
  };
  return html`<label class="choice"><input type="checkbox" checked=${consented} disabled=${!canKeep}
      onChange=${() => attempt(() => (consented ? api.withdrawConsent(subject.id) : api.consent(subject.id)))} />
      <span><strong>${t("settings/consent")}</strong><small>${t(canKeep ? "settings/consent_more" : "settings/consent_cannot")}</small></span></label>
    ${problem && html`<${Failure} problem=${problem} />`}
    <p class="actions"><a class="button" href=${api.exportAddress(subject.id)} download><${Icon} name="download" />${t("settings/export")}</a>
      <button type="button" class="danger" onClick=${() => remove().catch(setProblem)}><${Icon} name="bin" />${t("settings/remove", { name: subject.pseudonym })}</button></p>`;
}

function Access({ session, onSession }) {
  const [problem, setProblem] = useState(null);
  const [done, setDone] = useState("");
  const attempt = async (work, words) => {
    try {
      setProblem(null);
      await work();
      setDone(words);
      await onSession();
    } catch (failed) {
      setProblem(failed);
    }
  };
  const make = (event) => {
    event.preventDefault();
    const said = new FormData(event.target);
    attempt(() => api.addUser(said.get("name"), said.get("password")), t("settings/user_made"));
  };
  return html`<section class="card"><h2>${t("settings/access")}</h2>
    ${problem && html`<${Failure} problem=${problem} />`}
    ${done && html`<p role="status">${done}</p>`}
    ${session.first_user
      ? html`<p>${t("settings/first_user")}</p><form onSubmit=${make}>
          <label><span>${t("sign_in/name")}</span><input name="name" required autocomplete="username" autocapitalize="none" /></label>
          <label><span>${t("sign_in/password")}</span><input name="password" type="password" minlength="12" required autocomplete="new-password" aria-describedby="password-note" /></label>
          <p class="note" id="password-note">${t("settings/password_note")}</p>
          <button type="submit">${t("settings/user_make")}</button></form>`
      : html`<p>${t("settings/signed_in", { name: session.name ?? "" })}</p>
          ${canUsePasskeys() && html`<button type="button" onClick=${() => attempt(addPasskey, t("settings/passkey_made"))}>${t("settings/passkey_make")}</button>`}`}
  </section>`;
}
