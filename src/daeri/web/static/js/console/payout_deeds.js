/** What staff do about money that leaves and comes in: each names the bank's word, and says before what will happen. */

import { field, notice } from "../phone/parts.js";
import { html, nothing, t, won } from "../phone/view.js";
import { act } from "./deeds.js";
import { amountOf } from "./money.js";

/** @typedef {import("./payout_shapes").PayoutRow} PayoutRow */
/** @typedef {import("./payout_shapes").DriverMoney} DriverMoney */
/** @typedef {import("./payout_shapes").BusinessMonth} BusinessMonth */

const LONGEST_REFERENCE = 100;

/** Everything that waits goes to the bank. @param {number} count @param {number} total @returns {Promise<boolean>} */
export function makeFile(count, total) {
  return act({
    title: t("money.payouts.file.title"),
    text: t("money.payouts.file.text", { n: count, amount: won(total) }),
    yes: t("money.payouts.file"),
    path: "/console/payouts/file",
    body: () => undefined,
    isReasonless: true,
  });
}

/** @param {PayoutRow} payout @returns {Promise<boolean>} */
export const markPaid = (payout) => end(payout, "paid", t("money.payout.paid.text", facts(payout)), t("money.reference"), t("money.reference.hint"));

/** @param {PayoutRow} payout @returns {Promise<boolean>} */
export const markReturned = (payout) => end(payout, "returned", t("money.payout.returned.text", facts(payout)), t("money.payout.why"), t("money.payout.why.hint"), true);

/** @param {PayoutRow} payout */
const facts = (payout) => ({ amount: won(payout.amount), driver: payout.driver_name });

/** @param {PayoutRow} payout @param {"paid" | "returned"} outcome @param {string} text @param {string} label @param {string} hint @param {boolean} [danger] */
function end(payout, outcome, text, label, hint, danger = false) {
  return withReference(label, hint, {
    title: t(`money.payout.${outcome}`),
    text,
    yes: t(`money.payout.${outcome}`),
    danger,
    path: `/console/payouts/${payout.id}/${outcome}`,
    body: (reference) => ({ reference }),
  });
}

/** A driver sent money to the company's bank. @param {DriverMoney} money @returns {Promise<boolean>} */
export function topUp(money) {
  let typed = "";
  const isWithin = () => amountOf(typed) >= money.top_up_floor && amountOf(typed) <= money.top_up_ceiling;
  const bounds = t("money.amount.bounds", { floor: won(money.top_up_floor), ceiling: won(money.top_up_ceiling) });
  return withReference(t("money.reference"), t("money.reference.hint"), {
    title: t("money.topup.title", { driver: money.driver_name }),
    yes: t("money.topup"),
    path: `/console/drivers/${money.driver_id}/top-ups`,
    body: (reference) => ({ amount: amountOf(typed), reference }),
    isReady: isWithin,
    more: (redraw) => {
      const heard = (/** @type {string} */ value) => {
        typed = value;
        redraw();
      };
      return html`${field("amount", t("money.amount"), typed, heard, { inputmode: "numeric", maxlength: 11, suffix: t("money.won"), hint: bounds, wrong: typed && !isWithin() ? bounds : "" })}
        ${isWithin() ? notice(t("money.topup.then", { balance: won(money.balance + amountOf(typed)) }), "info") : nothing}`;
    },
  });
}

/** A business account paid its month, as a whole. @param {BusinessMonth} month @returns {Promise<boolean>} */
export function monthPaid(month) {
  return withReference(t("money.reference"), t("money.reference.hint"), {
    title: t("money.month.paid.title", { name: month.name, month: month.month.slice(0, 7) }),
    text: t("money.month.paid.text", { amount: won(month.due) }),
    yes: t("money.month.paid"),
    path: `/console/business-accounts/${month.id}/paid`,
    body: (reference) => ({ month: month.month.slice(0, 7), amount: month.due, reference }),
  });
}

/**
 * A deed that the bank's word belongs to.
 * @param {string} label @param {string} hint
 * @param {{ title: string, text?: string, yes: string, danger?: boolean, path: string, body: (reference: string) => unknown, more?: (redraw: () => void) => unknown, isReady?: () => boolean }} deed
 */
function withReference(label, hint, { body, more, isReady = () => true, ...deed }) {
  let reference = "";
  return act({
    ...deed,
    isReasonless: true,
    body: () => body(reference.trim()),
    isReady: () => Boolean(reference.trim()) && isReady(),
    more: (redraw) => {
      const heard = (/** @type {string} */ value) => {
        reference = value;
        redraw();
      };
      return html`${more ? more(redraw) : nothing}${field("reference", label, reference, heard, { maxlength: LONGEST_REFERENCE, hint })}`;
    },
  });
}
