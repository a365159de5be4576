/** The sheet that a card comes on, over whatever screen is open: it goes when the card does, and says why. */

import { html, nothing, render } from "../phone/view.js";
import { refresh } from "./actions.js";
import { leftMs, serverNow } from "./clock.js";
import { cardToAnswer, fullCard, lostCard, smallCard } from "./screens/card.js";
import { change, closeOffer, dropOffer } from "./store.js";

/** @typedef {import("./types").State} State */

const LOST_SHOWN_MS = 8_000;
/** The server has the last word on a card; the phone closes it itself only when nothing was heard for this long. */
const GRACE_MS = 2_500;

const GUARD_MS = 700;
let guarding = 0;

/** @type {HTMLDialogElement | null} */
let dialog = null;
let shownId = "";

/** @param {State} state */
export function drawCard(state) {
  expire(state);
  const card = cardToAnswer(state);
  const lost = card ? null : state.lost;
  if (lost && Date.now() - lost.at > LOST_SHOWN_MS) return change({ lost: null });
  const id = card?.offer_id ?? (lost ? `lost:${lost.card.call_id}` : "");
  if (!id) return shut();
  const isSmall = card?.slot === "next";
  const sheet = (dialog ??= made());
  sheet.dataset.kind = card ? (isSmall ? "small" : "full") : "lost";
  render(html`<div class="drive-card-sheet">${card ? (isSmall ? smallCard(card) : fullCard(card, state)) : lost ? lostCard(lost) : nothing}</div>`, sheet);
  if (!sheet.open) sheet.showModal();
  if (id !== shownId) {
    focusTitle(sheet);
    guard(sheet);
  }
  shownId = id;
}

/** Offers that ended here: a server that still names one does not show its card, or its loss, a second time. */
const expired = new Set();

/** A card whose time is over, and of which nothing more was heard. @param {State} state */
function expire(state) {
  for (const card of state.truth?.offers ?? []) {
    if (!card.offer_id || !card.expires_at || leftMs(card.expires_at) > 0) continue;
    if (serverNow() < Date.parse(card.expires_at) + GRACE_MS && state.link.status === "live") continue;
    if (expired.has(card.offer_id)) {
      dropOffer(card.offer_id);
      continue;
    }
    expired.add(card.offer_id);
    closeOffer(card.offer_id, "expired");
    refresh().catch(() => {});
  }
}

function made() {
  const sheet = document.createElement("dialog");
  sheet.className = "drive-card";
  sheet.setAttribute("aria-labelledby", "card-title");
  // The way back of the phone says neither yes nor no to a card.
  sheet.addEventListener("cancel", (event) => event.preventDefault());
  document.body.append(sheet);
  return sheet;
}

/** A tap that was meant for what the card came over answers nothing. @param {HTMLElement} sheet */
function guard(sheet) {
  clearTimeout(guarding);
  sheet.dataset.guarded = "";
  guarding = window.setTimeout(() => delete sheet.dataset.guarded, GUARD_MS);
}

/** The thumb that was typing must not answer a card: its heading is focused, no button. @param {HTMLElement} sheet */
function focusTitle(sheet) {
  const title = sheet.querySelector("#card-title");
  if (!(title instanceof HTMLElement)) return;
  title.tabIndex = -1;
  title.focus({ preventScroll: true });
}

function shut() {
  shownId = "";
  if (dialog?.open) dialog.close();
  if (dialog) render(nothing, dialog);
}
