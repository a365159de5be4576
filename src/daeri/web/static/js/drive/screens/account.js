/** The driver's own pages: the menu, notices, settings. */

import { day, html, icon, nothing, t } from "../../phone/view.js";
import { get } from "../../phone/client.js";
import { row, rows, toggle } from "../../phone/parts.js";
import { preferences } from "../../phone/preferences.js";
import { canVibrate, choice, choose } from "../alarm.js";
import { canKeepAwake } from "../awake.js";
import { account, leave } from "../config.js";
import { load, page } from "../go.js";
import { empty } from "../parts.js";
import { signal } from "../wire.js";

/** @typedef {{ id: string, title: string, body: string, at: string }} Notice */

export function me() {
  return html`<section class="drive-me">
    <header class="drive-page-head"><h1>${account().name || t("drive.me.title")}</h1></header>
    ${rows([
      row(t("drive.balance.title"), { glyph: "wallet", href: "/drive/balance" }),
      row(t("drive.why.title"), { glyph: "circle-question-mark", href: "/drive/why" }),
      row(t("drive.standing.title"), { glyph: "gauge", href: "/drive/standing" }),
      row(t("drive.notices.title"), { glyph: "bell", href: "/drive/notices" }),
      row(t("drive.application.title"), { glyph: "id-card", href: "/drive/application" }),
      row(t("drive.suspension.title"), { glyph: "scale", href: "/drive/suspension" }),
      row(t("drive.settings.title"), { glyph: "settings", href: "/drive/settings" }),
    ])}
    <button class="button quiet wide drive-big" @click=${leave}>${icon("log-out")}${t("drive.sign_out")}</button>
  </section>`;
}

export function notices() {
  return page(t("drive.notices.title"), "/drive/me", load("notices", async () => /** @type {{ items: Notice[] }} */ (await get("/notices")).items, (items) => (items.length ? html`<ul class="drive-runs">${items.map(notice)}</ul>` : empty(t("drive.notices.empty"), "", "bell"))));
}

/** @param {Notice} each */
const notice = (each) => html`<li class="drive-run"><h2>${each.title}</h2><p class="drive-prose">${each.body}</p><p class="hint">${day(each.at)}</p></li>`;

export function settings() {
  const { sound, vibration } = choice();
  return page(
    t("drive.settings.title"),
    "/drive/me",
    html`<h2>${t("drive.settings.alarm")}</h2>
      ${toggle(t("drive.settings.sound"), sound, (isOn) => turn({ sound: isOn }))} ${canVibrate() ? toggle(t("drive.settings.vibration"), vibration, (isOn) => turn({ vibration: isOn })) : nothing}
      <p class="hint">${t("drive.settings.alarm.more")}</p>
      <h2>${t("drive.settings.look")}</h2>
      ${preferences(signal)}
      <p class="hint">${canKeepAwake() ? t("drive.settings.awake") : t("drive.settings.no_awake")}</p>`,
  );
}

/** @param {Partial<import("../alarm.js").Choice>} part */
function turn(part) {
  choose(part);
  signal();
}
