// Signing in, where the service asks for it: a password, or a passkey of this device.
import * as api from "../core/api.js";
import { canUsePasskeys, signInWithPasskey } from "../core/passkeys.js";
import { t } from "../core/language.js";
import { html, useState } from "../core/ui.js";
import { Failure } from "../parts/notices.js";

export function SignInView({ session, onSession }) {
  const [problem, setProblem] = useState(null);
  const attempt = async (signIn) => {
    try {
      setProblem(null);
      await signIn();
      await onSession();
    } catch (failed) {
      setProblem(failed);
    }
  };
  const withPassword = (event) => {
    event.preventDefault();
    const said = new FormData(event.target);
    attempt(() => api.signIn(said.get("name"), said.get("password")));
  };
  return html`<section class="sign-in card">
    <h1>${t("title/sign_in")}</h1>
    <p>${t("sign_in/why")}</p>
    ${problem && html`<${Failure} problem=${problem} />`}
    <form onSubmit=${withPassword}>
      <label><span>${t("sign_in/name")}</span><input name="name" required autocomplete="username webauthn" autocapitalize="none" /></label>
      <label><span>${t("sign_in/password")}</span><input name="password" type="password" required autocomplete="current-password" /></label>
      <button type="submit" class="main">${t("sign_in/go")}</button>
    </form>
    ${session.methods.includes("passkey") && (canUsePasskeys()
      ? html`<button type="button" onClick=${() => attempt(signInWithPasskey)}>${t("sign_in/passkey")}</button>`
      : html`<p class="note">${t("sign_in/no_passkey")}</p>`)}
  </section>`;
}
