/** Who the customer is, and what is kept for them: name, cars, places, accounts that pay, language and theme. */

import { html, icon, nothing, t } from "../phone/view.js";
import { field } from "../phone/parts.js";
import { preferences } from "../phone/preferences.js";
import { signOut } from "../phone/client.js";
import { command } from "./api.js";
import { head, isBusy } from "./bits.js";
import { change, forget, redraw, state, tell } from "./store.js";

/** @returns {import("./types").Screen} */
export function profileScreen() {
  let name = state.customer?.name ?? "";
  let isEdited = false;

  /** @param {Event} event */
  async function save(event) {
    event.preventDefault();
    const answer = await command("name", "/customer", { name: name.trim() }, "PUT");
    if (!answer || !state.customer) return;
    isEdited = false;
    change({ customer: { ...state.customer, name: name.trim() } });
    tell("good", t("app.saved"));
  }

  async function leaveAccount() {
    forget();
    await signOut().catch(() => undefined);
    location.assign("/app");
  }

  return {
    title: () => t("app.profile"),
    hasTabs: true,
    draw: () => {
      const me = state.customer;
      if (!isEdited) name = me?.name ?? "";
      return html`
        <header class="top-bar"><h1 tabindex="-1">${t("app.profile")}</h1></header>
        <div class="scroll pad stack">
          <form class="card tight stack" @submit=${save}>
            ${field("name", t("app.profile.name"), name, (text) => { name = text; isEdited = true; redraw(); }, { autocomplete: "name", maxlength: 40 })}
            <p class="hint">${t("app.profile.phone", { phone: me?.phone_masked ?? "–" })}</p>
            ${isEdited ? html`<button class="button primary wide" ?disabled=${!name.trim() || isBusy("name")}>${t("app.save")}</button>` : nothing}
          </form>
          <nav aria-label=${t("app.profile.kept")}>
            <ul class="rows boxed">
              ${link("/app/cards", "credit-card", t("app.cards"), state.cards?.items.length)}
              ${link("/app/profile/places", "star", t("app.favourites"), me?.favourites.length)} ${link("/app/profile/cars", "car", t("app.cars"), me?.cars.length)}
              ${link("/app/profile/business", "building-2", t("app.business"), me?.business.length)} ${link("/app/cancellations", "ban", t("app.cancellations"), state.cancellations?.count)}
              ${link("/app/notices", "bell", t("app.notices"), state.notices.length)}
            </ul>
          </nav>
          <section class="card tight stack" aria-label=${t("app.profile.look")}>${preferences(redraw)}</section>
          <button type="button" class="button plain wide" data-sign-out @click=${leaveAccount}>${icon("log-out")}<span>${t("app.sign_out")}</span></button>
        </div>
      `;
    },
  };
}

/** @param {string} href @param {string} glyph @param {string} name @param {number | undefined} count */
function link(href, glyph, name, count) {
  return html`<li><a class="row" href=${href}>${icon(glyph)}<span class="row-main"><b>${name}</b></span>${count ? html`<span class="count">${count}</span>` : nothing}${icon("chevron-right")}</a></li>`;
}

/** @returns {import("./types").Screen} */
export function businessScreen() {
  return {
    title: () => t("app.business"),
    draw: () => html`${head(t("app.business"))}
      <div class="scroll pad stack">
        <p class="hint">${t("app.business.about")}</p>
        <ul class="rows boxed" ?hidden=${!state.customer?.business.length}>
          ${(state.customer?.business ?? []).map((one) => html`<li><span class="row">${icon("building-2")}<span class="row-main"><b>${one.name}</b><small>${t(`app.business.pays.${one.payer}`)}</small></span></span></li>`)}
        </ul>
        ${state.customer?.business.length ? nothing : html`<p class="empty">${t("app.business.none")}</p>`}
      </div>`,
  };
}
