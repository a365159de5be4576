/** Something was left in the car: a report, which becomes a case with a number. */

import { clock, day, html, icon, nothing, t } from "../phone/view.js";
import { area, field } from "../phone/parts.js";
import { cases, command } from "./api.js";
import { head, isBusy } from "./bits.js";
import { isPhone, phoneTyped } from "./draft.js";
import { redraw } from "./store.js";

/** @param {string} id of the call @returns {import("./types").Screen} */
export function lostScreen(id) {
  let [what, where, phone, number] = ["", "", "", ""];
  /** What was reported on this call before. @type {import("./types").CaseRow[]} */
  let known = [];
  void cases()
    .then((told) => {
      known = (told?.items ?? []).filter((one) => one.call_id === id && one.kind === "lost_item");
      redraw();
    })
    .catch(() => undefined);

  /** @param {Event} event */
  async function send(event) {
    event.preventDefault();
    const body = { what: what.trim(), ...(where.trim() ? { where: where.trim() } : {}), ...(phone ? { phone } : {}) };
    const answer = await command(`lost-${id}`, `/calls/${id}/lost-item`, body);
    if (!answer) return;
    number = answer.number ?? "";
    redraw();
  }

  return {
    title: () => t("app.lost"),
    draw: () => html`
      ${head(t("app.lost"))}
      ${number
        ? html`<div class="empty" role="status" data-case>${icon("circle-check")}<p class="empty-title">${t("app.lost.sent", { number })}</p><p>${t("app.lost.next")}</p><a class="button plain" href=${`/app/calls/${id}`}>${t("app.lost.back")}</a></div>`
        : html`<form class="scroll pad stack" @submit=${send}>
            ${known.length ? reported(known) : nothing}
            <p class="hint">${known.length ? t("app.lost.more") : t("app.lost.how")}</p>
            ${area("what", t("app.lost.what"), what, (text) => { what = text; redraw(); }, { rows: 2, maxlength: 500 })}
            ${field("where", t("app.lost.where"), where, (text) => { where = text; }, { placeholder: t("app.lost.where.example") })}
            ${field("phone", t("app.lost.phone"), phone, (text) => { phone = phoneTyped(text); redraw(); }, { type: "tel", inputmode: "tel", maxlength: 16, wrong: phone.length > 8 && !isPhone(phone) ? t("app.missing.phone") : "" })}
            <button class="button primary wide tall" ?disabled=${!what.trim() || (Boolean(phone) && !isPhone(phone)) || isBusy(`lost-${id}`)}>${t("app.lost.send")}</button>
          </form>`}
    `,
  };
}

/** @param {import("./types").CaseRow[]} known */
function reported(known) {
  return html`<ul class="rows" data-reported>
    ${known.map((one) => html`<li class="row"><span class="row-main"><b>${one.text}</b><small><span class="number">${one.number}</span> · ${day(one.opened_at)} ${clock(one.opened_at)}</small></span><span class="tag">${one.state === "closed" ? t("app.lost.closed") : t("app.lost.open")}</span></li>`)}
  </ul>`;
}
