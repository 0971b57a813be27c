import * as api from "../core/api.js";
import { t } from "../core/language.js";
import { link } from "../core/router.js";
import { html } from "../core/ui.js";
import { Brand, Icon } from "./icons.js";

export function TopBar({ session, place }) {
  const leave = async () => {
    await api.signOut();
    location.hash = "";
    location.reload();
  };
  const here = (name) => (place === name ? "page" : null);
  return html`<header class="top"><div class="wrap">
    <a class="home" href=${link()}><${Brand} /><span>dermis</span></a>
    <nav aria-label=${t("menu")}>
      ${session?.signed_in && html`
        <a class="tool" href=${link("history")} aria-current=${here("history")}><${Icon} name="change" /><span>${t("title/history")}</span></a>
        <a class="tool" href=${link("settings")} aria-current=${here("settings")}><${Icon} name="gear" /><span>${t("title/settings")}</span></a>`}
      ${session?.signed_in && session.login_required && html`<button type="button" class="tool" onClick=${leave}>${t("sign_out")}</button>`}
    </nav>
  </div></header>`;
}
