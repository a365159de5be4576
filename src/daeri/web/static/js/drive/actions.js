/** What the driver presses. What races against a clock is sent at once; what must not be lost waits in the outbox. */

import { get, Problem, send } from "../phone/client.js";
import { t } from "../phone/view.js";
import { findOnce } from "./positions.js";
import { amend, change, closeOffer, learn, newsCount, now, setCall, tell } from "./store.js";
import { promise } from "./nets.js";
import { queue } from "./queue.js";
import { signal } from "./wire.js";

/** @typedef {import("./types").Card} Card */
/** @typedef {import("./types").Call} Call */
/** @typedef {import("./types").Truth} Truth */

const MOST_READS = 4;

/**
 * Read the whole truth anew: after a reload, a reconnection, a refusal, a command of the outbox. What the socket said
 * while the answer was on its way is newer: a card that came then must not go away again.
 */
export async function refresh() {
  for (let reads = 1; ; reads += 1) {
    const before = newsCount();
    const truth = /** @type {Truth} */ (await get("/driver"));
    if (newsCount() !== before && reads < MOST_READS) continue;
    const goneId = learn(truth);
    if (goneId) await tellEnd(goneId);
    return;
  }
}

/** A call that was here and is not in the truth any more ended while nobody could tell us. @param {string} callId */
async function tellEnd(callId) {
  try {
    const call = /** @type {Call} */ (await get(`/driver/calls/${callId}`));
    change({ ended: call });
  } catch {
    tell("warn", t("drive.call.gone"));
  }
}

/**
 * Do one thing that must be answered now; a refusal is told, and the truth read anew.
 * @template Done
 * @param {string} what
 * @param {() => Promise<Done>} work
 * @returns {Promise<Done | null>}
 */
async function once(what, work) {
  if (now().busy) return null;
  change({ busy: what });
  try {
    return await work();
  } catch (problem) {
    explain(problem);
    refresh().catch(() => {});
    return null;
  } finally {
    change({ busy: null });
  }
}

/** @param {unknown} problem */
export function explain(problem) {
  if (problem instanceof Problem && problem.status) tell("bad", problem.detail || problem.message);
  else tell("bad", t("drive.link.no_answer"));
}

/** @param {boolean} isOn */
export function setDuty(isOn) {
  return once("duty", async () => {
    const fix = isOn ? await findOnce() : null;
    if (isOn && !fix) tell("warn", t("drive.duty.no_position"));
    const position = fix ? { lat: fix.lat, lon: fix.lon } : null;
    const before = newsCount();
    const truth = /** @type {Truth} */ (await send("/driver/duty", { on: isOn, position }));
    if (newsCount() === before) learn(truth);
    else await refresh();
  });
}

/** @param {Card} card */
export function accept(card) {
  return once(`accept:${card.offer_id}`, async () => {
    try {
      const call = /** @type {Call} */ (await send(`/driver/offers/${card.offer_id}/accept`));
      promise(card);
      closeOffer(card.offer_id ?? "", "accepted");
      setCall(call);
    } catch (problem) {
      if (!(problem instanceof Problem) || !problem.status) throw problem;
      closeOffer(card.offer_id ?? "", reasonOf(problem));
      refresh().catch(() => {});
    }
  });
}

/** @param {Card} card */
export function decline(card) {
  closeOffer(card.offer_id ?? "", "declined");
  return send(`/driver/offers/${card.offer_id}/decline`).catch(() => {});
}

/** Take a call of the open list; the loser is told by whom it is gone: nobody named, only that. @param {Card} card */
export function take(card) {
  return once(`take:${card.call_id}`, async () => {
    try {
      const call = /** @type {Call} */ (await send(`/driver/calls/${card.call_id}/take`));
      promise(card);
      setCall(call);
      return true;
    } catch (problem) {
      if (!(problem instanceof Problem) || !problem.status) throw problem;
      await refresh().catch(() => {});
      if ([now().truth?.call, now().truth?.next_call].some((own) => own?.id === card.call_id)) return true; // on another telephone
      amend({ listed: now().truth?.listed?.filter((other) => other.call_id !== card.call_id) });
      if (problem.code === "call_already_taken" || problem.code === "call_not_listed") change({ lost: { card, reason: reasonOf(problem), at: Date.now() } });
      else explain(problem);
      return false;
    }
  });
}

/** Why a card that was pressed is gone. @param {Problem} problem */
function reasonOf(problem) {
  const state = String(problem.facts?.state ?? "");
  if (problem.code === "call_already_taken") return state.startsWith("cancelled") ? "cancelled" : state === "expired" ? "expired" : "taken";
  if (problem.code === "offer_closed") return state === "withdrawn" ? "withdrawn" : state === "live" || state === "ignored" ? "expired" : state || "expired";
  return "withdrawn";
}

/** The words of each queued step, in the outbox and when it is refused. */
const PATHS = /** @type {Record<string, string>} */ ({ arrive: "arrive", start: "start", complete: "complete", via: "via", no_show: "no-show", cancel: "cancel" });

/**
 * A step of the drive: kept until the server has answered it, in order, once.
 * @param {Call} call
 * @param {"arrive" | "start" | "complete" | "via" | "no_show" | "cancel"} what
 * @param {object} [body]
 */
export function step(call, what, body) {
  queue({ path: `/driver/calls/${call.id}/${PATHS[what]}`, body, what });
}

/** Put the summary of a call away. */
export function putAway() {
  change({ ended: null, lost: null });
  signal();
}

/** Put away what became of a card; a summary under it stays. */
export function putLostAway() {
  change({ lost: null });
  signal();
}
