/** Licence and insurance that end soon, or have ended: told before they keep a driver off duty. */

import { html, icon, nothing, t } from "../phone/view.js";
import { link } from "./go.js";

/** @param {import("./types").Truth} truth */
export function expiryNotices(truth) {
  const expiries = truth.expiries ?? [];
  if (!expiries.length) return nothing;
  return html`<ul class="drive-notices">${expiries.map(notice)}</ul>`;
}

/** @param {import("./types").Expiry} expiry */
function notice(expiry) {
  const isOver = expiry.days < 0;
  const what = t(`drive.document.${expiry.what}`);
  const text = isOver ? t("drive.expiry.over", { what, on: expiry.on }) : t("drive.expiry.soon", { what, days: expiry.days, on: expiry.on });
  return html`<li class="drive-notice" data-kind=${isOver ? "bad" : "warn"}>${icon("triangle-alert")}<p>${text}</p>${link("/drive/application", t("drive.expiry.renew"), "button plain wide")}</li>`;
}
