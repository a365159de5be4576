/** What the phone knows, in one place; screens are drawn anew when it changes. */

import { toast } from "../phone/sheet.js";
import { t } from "../phone/view.js";

/** @typedef {import("./types").State} State */
/** @typedef {import("./types").Truth} Truth */
/** @typedef {import("./types").Said} Said */
/** @typedef {import("./types").Card} Card */
/** @typedef {import("./types").Call} Call */
/** @typedef {import("./types").Pending} Pending */

export const OVER = ["completed", "cancelled_before_assignment", "cancelled_after_assignment", "expired"];
/** What a command makes of its call, shown before the server has heard it. @type {Record<string, string>} */
const BECOMES = { arrive: "arrived", start: "driving", complete: "completed", no_show: "cancelled_after_assignment", cancel: "cancelled_after_assignment" };

/** @type {State} */
let state = {
  isLoaded: false,
  truth: null,
  link: { status: "connecting", since: Date.now() },
  gps: { status: "off", fix: null, sentAt: null },
  pending: [],
  lost: null,
  ended: null,
  busy: null,
  gone: {},
};
/** @type {Set<() => void>} */
const listeners = new Set();

let news = 0;

export const now = () => state;

/** How often the truth has changed: an answer that was asked for at another count is older than what is known. */
export const newsCount = () => news;

/** @param {Partial<State>} part */
export function change(part) {
  if ("truth" in part) news += 1;
  state = { ...state, ...part };
  for (const listener of listeners) listener();
}

/** @param {() => void} listener */
export function onChange(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Say something over the screen for a while. @param {"good" | "warn" | "bad"} kind @param {string} text */
export function tell(kind, text) {
  toast(text, kind === "warn" ? "info" : kind);
}

/**
 * The whole truth, read anew: what ended meanwhile is told, as the socket would have told it.
 * @param {Truth} truth
 */
export function learn(truth) {
  const before = state.truth?.call;
  change({ isLoaded: true, truth });
  if (before && before.id !== truth.call?.id && before.id !== truth.next_call?.id) return before.id;
  return null;
}

/** @param {Partial<Truth>} part */
export function amend(part) {
  if (state.truth) change({ truth: { ...state.truth, ...part } });
}

/** A message of the socket. @param {Said} said */
export function hear(said) {
  if (!state.truth) return;
  if (said.type === "welcome") welcome(said);
  else if (said.type === "offer") addOffer(said.offer);
  else if (said.type === "offer_closed") closeOffer(said.offer_id, said.reason);
  else if (said.type === "call") setCall(said.call);
  else if (said.type === "next_call") setNextCall(said.call, said.gone);
  else if (said.type === "listed") setListed(said.items, said.gone ?? []);
  else if (said.type === "cadence") amend({ cadence_s: said.cadence_s });
  else if (said.type === "work") setWork(said);
}

/** @typedef {Extract<Said, { type: "work" }>} Work */

/** @param {Work} said */
export const isWorkNews = (said) => said.status !== state.truth?.status || said.duty !== state.truth.duty;

/** Approved, suspended, put off duty: by staff, by the end of a paper, on another telephone. @param {Work} said */
function setWork(said) {
  const { status, duty } = state.truth ?? said;
  amend({ status: said.status, duty: said.duty });
  if (said.status !== status) tell(said.status === "approved" ? "good" : "warn", t(`drive.work.${said.status}`));
  else if (duty === "on" && said.duty === "off" && !state.busy) tell("warn", t("drive.work.off"));
}

/** @param {Extract<Said, { type: "welcome" }>} said */
function welcome(said) {
  const { offers, call, cadence_s } = said;
  amend({ offers, cadence_s, ...(said.listed ? { listed: said.listed } : {}) });
  // A call that is not here any more is left to the reading that follows, which finds out how it ended.
  if (call) setCall(call);
}

/** @param {Call | null} call @param {Call | null} gone */
function setNextCall(call, gone) {
  amend({ next_call: call });
  if (gone && isOver(gone)) change({ ended: gone });
}

/**
 * The open list; why a call left it is kept for whoever looks at that call.
 * @param {Card[]} items
 * @param {{ call_id: string, reason: string }[]} gone
 */
function setListed(items, gone) {
  amend({ listed: items });
  if (gone.length) change({ gone: { ...state.gone, ...Object.fromEntries(gone.map((each) => [each.call_id, each.reason])) } });
}

/** @param {Card} card */
function addOffer(card) {
  const others = state.truth?.offers.filter((offer) => offer.offer_id !== card.offer_id) ?? [];
  amend({ offers: [...others, card] });
  change({ lost: null });
}

/** Without a word. @param {string} offerId */
export function dropOffer(offerId) {
  amend({ offers: state.truth?.offers.filter((offer) => offer.offer_id !== offerId) ?? [] });
}

/** @param {string} offerId @param {string} reason */
export function closeOffer(offerId, reason) {
  const card = state.truth?.offers.find((offer) => offer.offer_id === offerId);
  if (!card) return;
  dropOffer(offerId);
  if (reason !== "accepted" && reason !== "declined") change({ lost: { card, reason, at: Date.now() } });
}

/**
 * The newest of the call under way or of the next one; an older version of either is no news.
 * @param {Call} call
 */
export function setCall(call) {
  const truth = state.truth;
  if (!truth) return;
  const known = [truth.call, truth.next_call].find((each) => each?.id === call.id);
  if (known && known.version > call.version) return;
  if (isOver(call)) return endCall(call);
  if (truth.next_call?.id === call.id) amend({ next_call: call });
  else if (!truth.call || truth.call.id === call.id) amend({ call });
  else amend({ next_call: call });
}

/** @param {Call} call */
function endCall(call) {
  const truth = state.truth;
  if (!truth) return;
  if (truth.call?.id === call.id) {
    amend({ call: truth.next_call ?? null, next_call: null });
    change({ ended: call });
  } else if (truth.next_call?.id === call.id) {
    amend({ next_call: null });
    change({ ended: call });
  }
}

/** Over for this driver: ended, or with somebody else. @param {Call} call */
export const isOver = (call) => OVER.includes(call.state) || call.state === "requested";

/**
 * The call as its driver has left it: with the commands applied that still wait to be sent.
 * @param {Call} call
 * @param {Pending[]} pending
 */
export function shownState(call, pending = state.pending) {
  let shown = call.state;
  for (const command of pending) {
    const next = command.callId === call.id ? BECOMES[command.what] : undefined;
    if (next) shown = next;
  }
  return shown;
}

/** @param {string | null} callId */
export const pendingOf = (callId) => state.pending.filter((command) => command.callId === callId);
