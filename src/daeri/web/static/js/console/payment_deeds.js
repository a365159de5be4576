/** What agents do about a ride's money: each asks for a reason and says before what will happen. */

import { field, notice, select } from "../phone/parts.js";
import { html, nothing, t, won } from "../phone/view.js";
import { act } from "./deeds.js";
import { amountOf, cardName, signed } from "./money.js";

/** @typedef {import("./money_shapes").Payment} Payment */
/** @typedef {import("./money_shapes").Bill} Bill */

/** @param {Payment} payment */
const path = (payment) => `/console/calls/${payment.original.id}/payment`;

/** 운행강제결제: charge one of the payer's cards by hand. @param {Payment} payment @param {Bill} bill @returns {Promise<boolean>} */
export function settle(payment, bill) {
  let chosen = payment.cards[0]?.id ?? "";
  const cards = payment.cards.map((card) => ({ value: card.id, label: cardName(card) }));
  const choose = (/** @type {() => void} */ redraw) => (/** @type {string} */ value) => {
    chosen = value;
    redraw();
  };
  const card = () => payment.cards.find((each) => each.id === chosen);
  return act({
    title: t("money.settle.title", { number: payment.original.number }),
    yes: t("money.settle.yes", { amount: won(bill.amount) }),
    path: `${path(payment)}/settle`,
    body: (reason) => ({ reason, card_id: chosen }),
    isReady: () => Boolean(chosen),
    more: (redraw) => html`
      ${figure(t("money.settle.amount"), won(bill.amount), t(`money.kind.${bill.kind}`))}
      ${cards.length > 1 ? select("card", t("money.card"), cards, chosen, choose(redraw)) : html`<p class="told"><span class="told-name">${t("money.card")}</span><span>${cards[0]?.label}</span></p>`}
      ${notice(t("money.settle.then", { card: cardOf(card()), amount: won(bill.amount), payer: bill.payer_name }), "info")}`,
  });
}

/** @param {import("./money_shapes").MoneyCard | undefined} card */
const cardOf = (card) => (card ? cardName(card) : "");

/** Another fare, up or down: what was charged is cancelled and charged anew. @param {Payment} payment @param {Bill} bill @returns {Promise<boolean>} */
export function adjust(payment, bill) {
  const standing = payment.charges.find((each) => each.state === "captured" && each.cancelled < each.amount);
  const paid = standing ? standing.amount - standing.cancelled : 0;
  const wish = payment.agreed && payment.agreed.amount !== bill.amount ? String(payment.agreed.amount) : "";
  return withAmount(payment, wish, {
    title: t("money.adjust.title", { number: payment.original.number }),
    yes: t("money.adjust.yes"),
    path: `${path(payment)}/adjust`,
    before: bill.amount,
    then: (amount) => {
      if (standing) return t("money.adjust.then.card", { paid: won(paid), amount: won(amount) });
      if (bill.method === "card") return t("money.adjust.then.unpaid", { amount: won(amount) });
      return t(`money.adjust.then.${bill.method}`, { amount: won(amount) });
    },
  });
}

/** What both sides agreed to, before the reconnected drive is over. @param {Payment} payment @param {number | null} fare @returns {Promise<boolean>} */
export function agree(payment, fare) {
  return withAmount(payment, payment.agreed ? String(payment.agreed.amount) : "", {
    title: t("money.agree.title", { number: payment.original.number }),
    yes: t("money.agree.yes"),
    path: `${path(payment)}/agree`,
    before: payment.bill?.amount ?? fare,
    then: (amount) => t("money.agree.then", { amount: won(amount) }),
  });
}

/**
 * @param {Payment} payment @param {string} wish what the field begins with
 * @param {{ title: string, yes: string, path: string, before: number | null, then: (amount: number) => string }} deed
 */
function withAmount(payment, wish, { title, yes, path: to, before, then }) {
  let typed = wish;
  const isWithin = (/** @type {number} */ amount) => amount >= payment.floor_won && amount <= payment.ceiling_won;
  const isOther = (/** @type {number} */ amount) => isWithin(amount) && amount !== before;
  const bounds = t("money.amount.bounds", { floor: won(payment.floor_won), ceiling: won(payment.ceiling_won) });
  return act({
    title,
    yes,
    path: to,
    body: (reason) => ({ amount: amountOf(typed), reason }),
    isReady: () => isOther(amountOf(typed)),
    more: (redraw) => {
      const amount = amountOf(typed);
      const heard = (/** @type {string} */ value) => {
        typed = value;
        redraw();
      };
      const wrong = typed && !isWithin(amount) ? bounds : typed && !isOther(amount) ? t("money.amount.same") : "";
      return html`${before === null ? nothing : difference(before, isWithin(amount) ? amount : null)}
        ${field("amount", t("money.amount.new"), typed, heard, { inputmode: "numeric", maxlength: 11, suffix: t("money.won"), hint: bounds, wrong })}
        ${isOther(amount) ? notice(then(amount), "info") : nothing}`;
    },
  });
}

/** What it costs, what it shall cost, and what lies between. @param {number} before @param {number | null} after */
function difference(before, after) {
  const change = after === null ? 0 : after - before;
  return html`<p class="difference" aria-live="polite">
    <span>${won(before)}</span><span aria-hidden="true">→</span><strong>${after === null ? "–" : won(after)}</strong>
    <span class="difference-by" data-way=${change > 0 ? "up" : change < 0 ? "down" : "none"}>${after === null || !change ? "" : signed(change)}</span>
  </p>`;
}

/** @param {string} name @param {string} amount @param {string} about */
function figure(name, amount, about) {
  return html`<p class="sum"><span class="told-name">${name}</span><strong>${amount}</strong><small>${about}</small></p>`;
}

/** Nobody will pay it: the company bears it. @param {Payment} payment @param {Bill} bill @returns {Promise<boolean>} */
export function writeOff(payment, bill) {
  return act({
    title: t("money.write_off.title", { number: payment.original.number }),
    yes: t("money.write_off.yes"),
    danger: true,
    path: `${path(payment)}/write-off`,
    more: () => html`${figure(t("money.outstanding"), won(payment.outstanding), bill.payer_name)}
      ${notice(t("money.write_off.then", { amount: won(payment.outstanding) }), "warn")}`,
  });
}

/**
 * The driver has the cash after all, or has it not.
 * @param {Payment} payment @param {Bill} bill @param {boolean} received @returns {Promise<boolean>}
 */
export function cash(payment, bill, received) {
  const said = received ? "received" : "not_received";
  return act({
    title: t(`money.cash.${said}.title`, { number: payment.original.number }),
    yes: t(`money.cash.${said}`),
    path: `${path(payment)}/cash`,
    body: (reason) => ({ received, reason }),
    more: () => html`${figure(t("money.method.cash"), won(bill.amount), bill.payer_name)}
      ${notice(t(`money.cash.${said}.then`, { amount: won(bill.amount) }), "info")}`,
  });
}

/** The payer sent it to the company's bank. @param {Payment} payment @returns {Promise<boolean>} */
export function transfer(payment) {
  let reference = "";
  return act({
    title: t("money.transfer.title", { number: payment.original.number }),
    yes: t("money.transfer.yes"),
    path: `${path(payment)}/transfer`,
    isReasonless: true,
    isReady: () => Boolean(reference.trim()),
    body: () => ({ reference: reference.trim(), amount: payment.outstanding }),
    more: (redraw) => {
      const heard = (/** @type {string} */ value) => {
        reference = value;
        redraw();
      };
      return html`${figure(t("money.outstanding"), won(payment.outstanding), payment.bill?.payer_name ?? "")}
        ${field("reference", t("money.transfer.reference"), reference, heard, { maxlength: 100, hint: t("money.transfer.reference.hint") })}
        ${notice(t("money.transfer.then", { amount: won(payment.outstanding) }), "info")}`;
    },
  });
}
