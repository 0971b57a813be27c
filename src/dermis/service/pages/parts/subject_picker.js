// Whose skin it is: pseudonyms only. One person needs no choice; others are added here.
import * as api from "../core/api.js";
import { t } from "../core/language.js";
import { remember } from "../core/settings.js";
import { html, useState } from "../core/ui.js";

export function SubjectPicker({ subjects, subject, onChange }) {
  const [adding, setAdding] = useState(false);
  const [problem, setProblem] = useState(null);
  const choose = (event) => {
    if (event.target.value === "+") return setAdding(true);
    remember({ subject: event.target.value });
    return onChange();
  };
  const add = async (event) => {
    event.preventDefault();
    try {
      const made = await api.addSubject(new FormData(event.target).get("pseudonym").trim());
      remember({ subject: made.id });
      onChange();
    } catch (failed) {
      setProblem(failed);
    }
  };
  if (adding) {
    return html`<form class="picker" onSubmit=${add}>
      <label><span>${t("subject/new")}</span><input name="pseudonym" required maxlength="60" autocomplete="off" aria-describedby="pseudonym-note" /></label>
      <button type="submit">${t("subject/add")}</button>
      <p class="note" id="pseudonym-note" role=${problem ? "alert" : null}>${problem?.message ?? t("subject/note")}</p>
    </form>`;
  }
  return html`<p class="picker"><label><span>${t("subject/who")}</span>
    <select onChange=${choose} value=${subject?.id ?? ""}>
      ${subjects.map((one) => html`<option value=${one.id} selected=${one.id === subject?.id}>${one.pseudonym}</option>`)}
      <option value="+">${t("subject/another")}</option>
    </select>
  </label></p>`;
}

/** The chosen person; the first one is made without a question. */
export async function currentSubject(chosen) {
  const subjects = await api.subjects();
  const found = subjects.find(({ id }) => id === chosen) ?? subjects[0];
  return found ?? api.addSubject(t("subject/me"));
}
