/** After the call: the receipt and the rating, or why it ended without a drive and what may be done now. */

import { clock, day, html, icon, km, minutes, nothing, t, won } from "../phone/view.js";
import { closeDialog, openDialog } from "./dialog.js";
import { go } from "../phone/router.js";
import { command, receipt as readReceipt } from "./api.js";
import { facts, head, isBusy, way } from "./bits.js";
import { draftOf } from "./draft.js";
import { group } from "./group.js";
import { ratingForm } from "./rating.js";
import { changeDraft, redraw, tell } from "./store.js";

/** @typedef {import("./types").Call} Call */
/** @typedef {import("./types").Receipt} Receipt */

const LINES = new Set(["base", "distance", "time", "vias", "night", "service", "minimum", "rounding", "recommended", "typed", "meter", "waiting"]);

/** @param {string} id @returns {import("./call").Face} */
export function ended(id) {
  /** @type {Receipt | null} */
  let receipt = null;
  let isRead = false;
  const rate = ratingForm(id);

  /** @param {Call} call */
  async function read(call) {
    if (isRead || call.state !== "completed") return;
    isRead = true;
    void rate.read();
    receipt = await readReceipt(id).catch(() => null);
    redraw();
  }

  return {
    draw: (call) => {
      void read(call);
      const isDone = call.state === "completed";
      return html`
        ${head(t(`app.call.${call.state}`), { home: true })}
        <div class="scroll pad stack">
          ${isDone ? html`${bill(call, receipt)} ${rate.view(call)}` : why(call)} ${group(call)}
          <section class="card tight">${way(call)}${facts(call)}</section>
          ${isDone ? after(call) : nothing}
        </div>
        <footer class="bottom-bar">
          <button type="button" class="button primary wide tall" data-again @click=${() => again(call)}>${t("app.ended.again")}</button>
        </footer>
      `;
    },
  };
}

/** @param {Call} call */
function again(call) {
  changeDraft(draftOf(call));
  go("/app/request");
}

/** @param {Call} call @param {Receipt | null} receipt */
function bill(call, receipt) {
  const total = receipt?.total ?? call.final_amount ?? call.fare?.amount ?? call.fare_amount;
  return html`<section class="card tight receipt" data-receipt aria-label=${t("app.receipt")}>
    <p class="hint">${t("app.receipt.done", { name: receipt?.driver_name ?? call.driver?.name ?? "" })}</p>
    <p class="big">${won(total)}</p>
    ${receipt
      ? html`<dl class="lines bill">
          ${receipt.lines.map((line) => html`<div><dt>${LINES.has(line.kind) ? t(`app.line.${line.kind}`) : t("app.line.other")}</dt><dd>${won(line.amount)}</dd></div>`)}
          <div class="total"><dt>${t("app.receipt.total")}</dt><dd>${won(receipt.total)}</dd></div>
        </dl>`
      : nothing}
    <p class="hint">${paid(call, receipt)}${receipt?.distance_m ? ` · ${km(receipt.distance_m)}` : ""}${receipt?.duration_s ? ` · ${minutes(receipt.duration_s)}` : ""}</p>
    <p class="hint">${call.started_at ? `${day(call.started_at)} ${clock(call.started_at)}` : ""}${call.ended_at ? ` – ${clock(call.ended_at)}` : ""}</p>
  </section>`;
}

/** @param {Call} call @param {Receipt | null} receipt */
function paid(call, receipt) {
  if (call.business?.payer === "company" || receipt?.payer === "company") return t("app.payer.company", { name: call.business?.name ?? "" });
  return t(`app.payment.${call.payment}`);
}

/** Why there was no drive, and whether it counts. @param {Call} call */
function why(call) {
  if (call.state === "expired") {
    return html`<section class="now" data-ended>${icon("clock")}<p class="big">${t("app.expired")}</p><p class="hint">${t("app.expired.about")}</p></section>`;
  }
  const fee = call.no_show_fee_won ?? null;
  const by = call.ended_by === "customer" ? "customer" : call.ended_by === "driver" ? "driver" : "other";
  const counts = call.state === "cancelled_after_assignment" && by === "customer";
  return html`<section class="now" data-ended>
    ${icon("circle-x")}
    <p class="big">${fee === null ? t(`app.cancelled.by.${by}`) : t("app.no_show")}</p>
    ${fee ? html`<p>${t("app.no_show.fee", { fare: won(fee) })}</p>` : nothing}
    <p class="hint">${call.ended_at ? `${day(call.ended_at)} ${clock(call.ended_at)} · ` : ""}${counts ? t("app.cancelled.counts") : t("app.cancelled.free")}</p>
    ${counts ? html`<a href="/app/cancellations">${t("app.cancellations.see")}</a>` : nothing}
  </section>`;
}

/** @param {Call} call */
function after(call) {
  return html`<section class="stack">
    <a class="row boxed" href=${`/app/calls/${call.id}/lost`}>${icon("package-search")}<span class="row-main"><b>${t("app.lost")}</b><small>${t("app.lost.about")}</small></span>${icon("chevron-right")}</a>
    ${call.driver ? html`<button type="button" class="row boxed" data-never ?disabled=${isBusy(`never-${call.id}`)} @click=${() => askNever(call)}>${icon("user-x")}<span class="row-main"><b>${t("app.never")}</b><small>${t("app.never.about")}</small></span>${icon("chevron-right")}</button>` : nothing}
  </section>`;
}

/** Never meet this driver again: said what it does, then confirmed. @param {Call} call */
function askNever(call) {
  async function yes() {
    const answer = await command(`never-${call.id}`, `/calls/${call.id}/never-meet`, {});
    closeDialog();
    if (answer) tell("good", t("app.never.done"));
  }
  async function no() {
    const answer = await command(`meet-${call.id}`, `/calls/${call.id}/never-meet`, undefined, "DELETE");
    closeDialog();
    if (answer) tell("good", t("app.never.undone"));
  }
  openDialog(t("app.never"), () => html`
    <p>${t("app.never.explain", { name: call.driver?.name ?? "" })}</p>
    <div class="dialog-buttons">
      <button type="button" class="button danger wide" data-never-yes @click=${yes}>${t("app.never.yes")}</button>
      <button type="button" class="button plain wide" @click=${no}>${t("app.never.undo")}</button>
      <button type="button" class="button quiet wide" @click=${closeDialog}>${t("app.close")}</button>
    </div>
  `);
}
