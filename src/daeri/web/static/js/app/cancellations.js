/** What counts toward the limit, which cancellations did, and the restriction that follows (R-062, I-008). */

import { clock, day, html, icon, nothing, t } from "../phone/view.js";
import { cancellations as readCancellations } from "./api.js";
import { empty, skeleton } from "../phone/parts.js";
import { head } from "./bits.js";
import { change, redraw, state } from "./store.js";

/** @returns {import("./types").Screen} */
export function cancellationsScreen() {
  let isRead = false;
  void readCancellations()
    .then((told) => told && change({ cancellations: told }))
    .catch(() => undefined)
    .finally(() => {
      isRead = true;
      redraw();
    });
  return {
    title: () => t("app.cancellations"),
    draw: () => html`${head(t("app.cancellations"))}<div class="scroll pad stack">${body(isRead)}</div>`,
  };
}

/** @param {boolean} isRead */
function body(isRead) {
  const told = state.cancellations;
  if (!told) return isRead ? empty(t("app.cancellations.unknown"), { glyph: "circle-alert" }) : skeleton(4);
  const { count, limit, window_days: days, length_hours: hours, restricted_until: until, items } = told;
  return html`
    ${until
      ? html`<section class="card tight restriction" data-restricted role="status">
          ${icon("ban")}
          <h2>${t("app.restricted")}</h2>
          <p>${t("app.restricted.why", { count, days })}</p>
          <p class="big">${t("app.restricted.until", { day: day(until), clock: clock(until) })}</p>
          <p class="hint">${t("app.restricted.help")}</p>
        </section>`
      : nothing}
    <section class="card tight" data-count>
      <p class="big">${t("app.cancellations.count", { count, limit })}</p>
      <progress max=${limit} value=${Math.min(count, limit)} aria-label=${t("app.cancellations.count", { count, limit })}></progress>
      <p class="hint">${t("app.cancellations.rule", { days, limit, hours })}</p>
      <p class="hint">${t("app.cancellations.free")}</p>
    </section>
    ${items.length
      ? html`<ul class="rows">
          ${items.map((item) => html`<li><a class="row" href=${`/app/calls/${item.call_id}`}><span class="row-main"><b class="number">${item.number}</b><small>${day(item.at)} ${clock(item.at)}</small></span><span class="tag">${item.counts ? t("app.cancellations.counted") : t("app.cancellations.not_counted")}</span></a></li>`)}
        </ul>`
      : empty(t("app.cancellations.none"), { glyph: "circle-check" })}
  `;
}
