/** Which screen stands at which address below /drive. */

import { html, t } from "../phone/view.js";
import { empty } from "./parts.js";
import { forgetLoaded } from "./go.js";
import { isOver, now } from "./store.js";
import { me, notices, settings } from "./screens/account.js";
import { application } from "./screens/application.js";
import { balance } from "./screens/balance.js";
import { cardReturn, cards } from "./screens/cards.js";
import { earnings, earningsOfDay } from "./screens/earnings.js";
import { ended } from "./screens/ended.js";
import { home } from "./screens/home.js";
import { list } from "./screens/list.js";
import { standing } from "./screens/standing.js";
import { suspension } from "./screens/suspension.js";
import { topUp } from "./screens/top_up.js";
import { trip } from "./screens/trip.js";
import { why } from "./screens/why.js";
import { bankAccount, payoutList, withdraw } from "./screens/withdraw.js";

/** @typedef {import("../phone/types").Screen} Screen */

/** @param {(params: Record<string, string>) => unknown} draw @param {() => string} title */
const screen = (draw, title) => (/** @type {Record<string, string>} */ params) => {
  forgetLoaded();
  return /** @type {Screen} */ ({ draw: () => draw(params), title });
};

/** What is most important now: how a call ended, the call under way, or the wait for one. */
function first() {
  const state = now();
  if (!state.isLoaded) return html`<p class="loading" role="status">${state.link.status === "lost" ? t("drive.link.no_answer") : t("drive.loading")}</p>`;
  if (state.ended) return ended(state.ended);
  const call = state.truth?.call;
  return call && !isOver(call) ? trip(call, state) : home(state);
}

/** @type {Record<string, (params: Record<string, string>) => Screen>} */
export const routes = {
  "": screen(first, () => t("drive.tab.call")),
  list: screen(() => list(now()), () => t("drive.list.title")),
  earnings: screen(earnings, () => t("drive.earnings.title")),
  "earnings/:day": screen(({ day = "" }) => earningsOfDay(day), () => t("drive.earnings.title")),
  balance: screen(balance, () => t("drive.balance.title")),
  "top-up": screen(topUp, () => t("drive.balance.top_up")),
  withdraw: screen(withdraw, () => t("drive.balance.withdraw")),
  payouts: screen(payoutList, () => t("drive.payouts.title")),
  "bank-account": screen(bankAccount, () => t("drive.bank.title")),
  cards: screen(cards, () => t("drive.cards.title")),
  "cards/return": screen(cardReturn, () => t("drive.cards.title")),
  me: screen(me, () => t("drive.tab.me")),
  why: screen(why, () => t("drive.why.title")),
  standing: screen(standing, () => t("drive.standing.title")),
  notices: screen(notices, () => t("drive.notices.title")),
  application: screen(application, () => t("drive.application.title")),
  suspension: screen(suspension, () => t("drive.suspension.title")),
  settings: screen(settings, () => t("drive.settings.title")),
};

export const missing = screen(() => html`<section class="drive-page"><h1>${t("drive.missing")}</h1>${empty(t("drive.missing.more"))}</section>`, () => t("drive.missing"));
