/** How a call ended: what it brought, or why there is nothing. */

import { html, icon, nothing, t, won } from "../../phone/view.js";
import { putAway } from "../actions.js";
import { netOf } from "../nets.js";
import { line, netLines, placeName } from "../parts.js";
import { afterTrip } from "./more.js";

/** @typedef {import("../types").Call} Call */

/** @param {Call} call */
export function ended(call) {
  const isDone = call.state === "completed";
  return html`<section class="drive-ended" data-state=${call.state} aria-labelledby="ended-title">
    <header class="drive-ended-head" data-done=${isDone}>
      ${icon(isDone ? "circle-check" : "circle-alert")}
      <h1 id="ended-title">${isDone ? t("drive.ended.completed") : endWords(call)}</h1>
      <p class="hint">${placeName(call.origin)} → ${placeName(call.destination)}</p>
      <p class="number hint">${call.number}</p>
    </header>
    ${isDone ? summary(call) : html`<p>${moreWords(call)}</p>`}
    <div class="drive-other">${afterTrip(call, { withNeverMeet: true })}</div>
    <div class="drive-foot"><button class="button primary wide drive-big" data-put-away @click=${putAway}>${t("drive.ended.close")}</button></div>
  </section>`;
}

/** @param {Call} call */
function endWords(call) {
  if (call.state === "requested") return t("drive.ended.released");
  if (call.end_reason === "no_show") return t("drive.ended.no_show");
  if (call.ended_by === "customer") return t("drive.ended.by_customer");
  if (call.ended_by === "driver") return t("drive.ended.by_driver");
  return t("drive.ended.other");
}

/** @param {Call} call */
function moreWords(call) {
  if (call.end_reason === "no_show") return call.no_show_fee_won ? t("drive.ended.no_show_fee", { amount: won(call.no_show_fee_won) }) : t("drive.ended.no_show.more");
  return call.ended_by === "customer" ? t("drive.ended.by_customer.more") : t("drive.ended.other.more");
}

/** @param {Call} call */
function summary(call) {
  const amount = call.final_amount ?? call.fare_amount;
  const net = netOf(call);
  return html`${net ? html`<p class="drive-figure"><span class="drive-figure-word">${t("drive.net.net")}</span><strong>${won(net.net)}</strong></p>${netLines(net, call.label.kind)}` : html`<dl class="drive-lines">${line(t("drive.net.fare"), won(amount), "total")}</dl>`}
    <dl class="drive-lines">${line(t("drive.trip.payment"), t(`drive.payment.${call.payment}`))}</dl>
    ${call.payment === "cash" ? html`<p class="hint" data-cash=${call.cash_received === false ? "missing" : "taken"}>${call.cash_received === false ? t("drive.ended.cash_missing", { amount: won(amount) }) : t("drive.ended.cash", { amount: won(amount) })}</p>` : nothing}`;
}
