/** Why did I not get this call: what the decision log says of this driver, in plain words. */

import { get } from "../../phone/client.js";
import { page as config } from "../../phone/page.js";
import { clock, day, html, icon, km, t, won } from "../../phone/view.js";
import { load, page } from "../go.js";
import { empty } from "../parts.js";

/** @typedef {import("../types").Why} Why */

/** Reasons that are no misfortune: the driver had a say. */
const OWN_SAY = ["offered", "listed", "declined", "nearer_to_another"];

export function why() {
  return page(
    t("drive.why.title"),
    "/drive/me",
    html`<p class="hint">${t("drive.why.lead")}</p>
      ${load("why", async () => /** @type {{ items: Why[] }} */ (await get("/driver/why?hours=24")).items, shown)}`,
  );
}

/** @param {Why[]} items */
function shown(items) {
  if (!items.length) return empty(t("drive.why.empty"), t("drive.why.empty.more"), "circle-check");
  return html`<ul class="drive-whys">${items.map(entry)}</ul>`;
}

/** @param {Why} item */
function entry(item) {
  const { origin } = item;
  const place = (config.lang === "en" ? origin.name_en : origin.name_ko) || t("drive.why.near");
  const facts = [origin.distance_m == null ? "" : t("drive.why.away", { way: km(origin.distance_m) }), won(item.fare_amount), t(`drive.service.${item.service}`)];
  return html`<li class="drive-why" data-reason=${item.reason}>
    <p class="drive-why-head"><strong>${place}</strong><span class="hint">${day(item.at)} ${clock(item.at)}</span></p>
    <p class="drive-why-reason">${icon(OWN_SAY.includes(item.reason) ? "circle-dot" : "circle-alert")}<span>${reasonWords(item)}</span></p>
    <p class="hint">${facts.filter(Boolean).join(" · ")} · ${t("drive.why.outcome", { outcome: t(`why.outcome.${item.outcome}`) })}</p>
  </li>`;
}

/** The reason with its figures; without them where the log has none. @param {Why} item */
function reasonWords(item) {
  const facts = Object.fromEntries(Object.entries(item.facts).map(([name, value]) => [name, name === "service" ? t(`drive.service.${value}`) : String(value)]));
  const words = t(`why.reason.${item.reason}`, facts);
  return words.includes("{") ? t("drive.why.farther") : words;
}
