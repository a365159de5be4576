/** After the call: the receipt and the rating, or why it ended without a drive and what may be done now. */

import { clock, day, html, icon, nothing, t, won } from "../phone/view.js";
import { closeDialog, openDialog } from "./dialog.js";
import { go } from "../phone/router.js";
import { command, neverMeet } from "./api.js";
import { driverName, facts, head, isBusy, way } from "./bits.js";
import { draftOf } from "./draft.js";
import { group } from "./group.js";
import { ratingForm } from "./rating.js";
import { receiptOf } from "./receipt.js";
import { changeDraft, redraw, state, tell } from "./store.js";

/** @typedef {import("./types").Call} Call */

/** @param {string} id @returns {import("./call").Face} */
export function ended(id) {
  const receipt = receiptOf(id);
  let isRead = false;
  const rate = ratingForm(id);
  const never = neverAgain(id);

  /** @param {Call} call */
  function read(call) {
    if (isRead) return;
    isRead = true;
    if (call.driver) void never.read();
    if (call.state !== "completed") return;
    void rate.read();
  }

  return {
    draw: (call) => {
      read(call);
      const isDone = call.state === "completed";
      const isOwed = call.bill?.state === "claimed"; // paying comes first
      return html`
        ${head(t(`app.call.${call.state}`), { home: true })}
        <div class="scroll pad stack">
          ${isDone ? nothing : why(call)} ${receipt.view(call)} ${isDone ? rate.view(call) : nothing} ${group(call)}
          <section class="card tight">${way(call)}${facts(call)}</section>
          <section class="stack">${isDone ? lostRow(call) : nothing} ${never.row(call)}</section>
        </div>
        <footer class="bottom-bar">
          <button type="button" class="button ${isOwed ? "plain" : "primary"} wide tall" data-again @click=${() => again(call)}>${t("app.ended.again")}</button>
        </footer>
      `;
    },
    leave: receipt.leave,
  };
}

/** @param {Call} call */
function again(call) {
  changeDraft({ ...draftOf(call), payment: state.draft.payment });
  go("/app/request");
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
function lostRow(call) {
  return html`<a class="row boxed" href=${`/app/calls/${call.id}/lost`}>${icon("package-search")}<span class="row-main"><b>${t("app.lost")}</b><small>${t("app.lost.about")}</small></span>${icon("chevron-right")}</a>`;
}

/** Never meet this driver again: said what it does, then confirmed; what was asked stays to be seen. @param {string} id of the call */
function neverAgain(id) {
  let isAsked = false;

  async function read() {
    const known = await neverMeet(id).catch(() => null);
    if (!known) return;
    isAsked = known.never_meet;
    redraw();
  }

  /** @param {boolean} wanted */
  async function wish(wanted) {
    const path = `/calls/${id}/never-meet`;
    const answer = wanted ? await command(`never-${id}`, path, {}) : await command(`meet-${id}`, path, undefined, "DELETE");
    closeDialog();
    if (!answer) return;
    isAsked = wanted;
    tell("good", wanted ? t("app.never.done") : t("app.never.undone"));
    redraw();
  }

  /** @param {Call} call */
  function ask(call) {
    const name = driverName(call);
    openDialog(t("app.never"), () => html`
      <p>${isAsked ? t("app.never.explain.set", { name }) : t("app.never.explain", { name })}</p>
      <div class="dialog-buttons">
        ${isAsked
          ? html`<button type="button" class="button primary wide" data-never-no @click=${() => wish(false)}>${t("app.never.undo")}</button>`
          : html`<button type="button" class="button danger wide" data-never-yes @click=${() => wish(true)}>${t("app.never.yes")}</button>`}
        <button type="button" class="button quiet wide" @click=${closeDialog}>${t("app.close")}</button>
      </div>
    `);
  }

  /** @param {Call} call */
  function row(call) {
    if (!call.driver) return nothing;
    return html`<button type="button" class="row boxed" data-never ?disabled=${isBusy(`never-${id}`)} @click=${() => ask(call)}>${icon("user-x")}<span class="row-main"><b>${t("app.never")}</b><small>${isAsked ? t("app.never.is_set") : t("app.never.about")}</small></span>${icon("chevron-right")}</button>`;
  }

  return { read, row };
}
