/** A driver is on the way, or waits at the car: who they are, where they are, and what can still be changed. */

import { clock, html, icon, km, minutes, nothing, t, won } from "../phone/view.js";
import { closeDialog, openDialog } from "./dialog.js";
import { field } from "../phone/parts.js";
import { command } from "./api.js";
import { driverName, facts, head, inSeconds, isBusy, way } from "./bits.js";
import { cancelButton } from "./cancel.js";
import { isPhone, phoneTyped } from "./draft.js";
import { group } from "./group.js";
import { metres } from "./search.js";
import { arrivesIn, may, withCall } from "./states.js";
import { change, redraw, state, tell } from "./store.js";
import { stopwatch } from "./waiting.js";

/** @typedef {import("./types").Call} Call */

/** @param {string} id @returns {import("./call").Face} */
export function coming(id) {
  return {
    draw: (call) => html`
      ${head(t(`app.call.${call.state}`), { home: true, action: cancelButton(call) })}
      <div class="scroll pad stack">
        ${call.state === "assigned" ? approach(call) : atTheCar(call)} ${driverCard(call)} ${group(call)}
        <section class="card tight">${way(call)}${facts(call)}${riderButton(call, id)}</section>
      </div>
    `,
  };
}

/** When the driver will be there, as the server reckons it; how far they are as the crow flies. @param {Call} call */
function approach(call) {
  const at = state.known.positions.get(call.id) ?? call.driver?.position ?? null;
  if (!at) return html`<section class="now"><p class="big" role="status">${t("app.coming.soon")}</p><p class="hint">${t("app.coming.no_position")}</p></section>`;
  const distance = km(metres(at, call.origin));
  const seconds = arrivesIn(call, "origin");
  if (seconds === null) {
    return html`<section class="now" data-approach="stale">
      <p class="big" role="status">${t("app.coming.soon")}</p>
      <p class="hint">${t("app.coming.stale", { distance, clock: clock(at.at) })}</p>
    </section>`;
  }
  return html`<section class="now" data-approach>
    <p class="big" role="status">${t("app.coming.in", { time: minutes(seconds) })}</p>
    <p class="hint">${t("app.coming.away", { distance, clock: clock(inSeconds(seconds)) })}</p>
  </section>`;
}

/** @param {Call} call */
function atTheCar(call) {
  const wait = call.waiting;
  return html`<section class="now" data-arrived>
    <p class="big" role="status">${t("app.arrived.here")}</p>
    ${wait ? html`<p class="hint">${waitingWords(wait, (Date.now() - Date.parse(wait.since)) / 1000)}</p>` : nothing}
  </section>`;
}

/** What waiting costs by now: every minute begun after the free time. @param {NonNullable<Call["waiting"]>} wait @param {number} waited in seconds */
function waitingWords(wait, waited) {
  const over = waited - wait.free_s;
  if (over < 0) return t("app.arrived.free", { time: stopwatch(-over) });
  if (!wait.per_min_won) return t("app.arrived.waiting", { time: stopwatch(waited) });
  return t("app.arrived.extra", { time: stopwatch(waited), fare: won(Math.max(1, Math.ceil(over / 60)) * wait.per_min_won), each: won(wait.per_min_won) });
}

/** @param {Call} call */
export function driverCard(call) {
  const { driver } = call;
  if (!driver) return nothing;
  return html`<section class="card tight driver-card" data-driver aria-label=${t("app.driver")}>
    <span class="face" aria-hidden="true">${icon("user")}</span>
    <div class="row-main">
      <h2>${t("app.driver.name", { name: driverName(call) })}</h2>
      <p class="hint">${[driver.rating ? t("app.driver.rating", { stars: driver.rating.toFixed(1) }) : t("app.driver.new"), driver.runs ? t("app.driver.runs", { n: driver.runs.toLocaleString() }) : ""].filter(Boolean).join(" · ")}</p>
    </div>
    <div class="contact">
      <button type="button" class="button plain" disabled aria-describedby="contact-later">${icon("phone")}<span>${t("app.contact.call")}</span></button>
      <button type="button" class="button plain" disabled aria-describedby="contact-later">${icon("message-circle")}<span>${t("app.contact.message")}</span></button>
      <p class="hint" id="contact-later">${t("app.contact.later")}</p>
    </div>
  </section>`;
}

/** @param {Call} call @param {string} id */
export function riderButton(call, id) {
  if (!call.rider || !may(call, "correct_rider", true)) return nothing;
  return html`<button type="button" class="button plain wide" data-rider @click=${() => correctRider(call, id)}>${icon("pencil")}<span>${t("app.rider.correct")}</span></button>`;
}

/** A wrong number of who rides, put right (I-058). @param {Call} call @param {string} id */
function correctRider(call, id) {
  let [phone, name] = ["", call.rider?.name ?? ""];
  async function save() {
    const answer = await command(`rider-${id}`, `/calls/${id}/rider`, name ? { phone, name } : { phone });
    if (!answer) return;
    closeDialog();
    if (answer.id) change({ known: withCall(state.known, answer) });
    tell("good", t("app.rider.corrected"));
  }
  openDialog(t("app.rider.correct"), () => html`
    <p>${t("app.rider.correct.about", { phone: call.rider?.phone_masked ?? "" })}</p>
    ${field("new-phone", t("app.rider.phone"), phone, (text) => { phone = phoneTyped(text); redraw(); }, { type: "tel", inputmode: "tel", maxlength: 16 })}
    ${field("new-name", t("app.rider.name"), name, (text) => { name = text; }, { maxlength: 40 })}
    <div class="dialog-buttons">
      <button type="button" class="button primary wide" data-rider-save ?disabled=${!isPhone(phone) || isBusy(`rider-${id}`)} @click=${save}>${t("app.save")}</button>
      <button type="button" class="button plain wide" @click=${closeDialog}>${t("app.close")}</button>
    </div>
  `);
}
