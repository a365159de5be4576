/** Money in words: states, methods, amounts with their sign, and why something is not done. */

import { page } from "../phone/page.js";
import { badge } from "../phone/parts.js";
import { html, icon, nothing, t, won } from "../phone/view.js";
import { config } from "../words.js";
import { roomTabs, when } from "./pieces.js";

/** @typedef {import("./money_shapes").Bill} Bill */
/** @typedef {import("./money_shapes").Charge} Charge */
/** @typedef {import("./money_shapes").Cancel} Cancel */
/** @typedef {import("./money_shapes").Task} Task */
/** @typedef {"good" | "warn" | "bad" | "busy" | "accent" | "quiet"} Tone */

/** @type {Record<import("./money_shapes").BillState, Tone>} */
const BILLS = { open: "warn", paid: "good", claimed: "bad", written_off: "quiet" };
/** @type {Record<import("./money_shapes").ChargeState, Tone>} */
const CHARGES = { intended: "busy", authorised: "busy", captured: "good", declined: "bad", unknown: "warn" };
/** @type {Record<import("./money_shapes").CancelState, Tone>} */
const CANCELS = { intended: "busy", done: "quiet", refused: "bad", unknown: "warn" };

export const moneyTabs = () =>
  roomTabs(t("room.payments"), [
    ["/console/payments", t("room.payments")],
    ["/console/payment-tasks", t("room.payment_tasks")],
    ["/console/payouts", t("room.payouts")],
    ["/console/business-accounts", t("room.business_accounts")],
  ]);

/** @param {Pick<Bill, "state">} bill */
export const billBadge = ({ state }) => badge(t(`money.state.${state}`), BILLS[state]);

/** @param {Charge} charge */
export function chargeBadge(charge) {
  if (charge.state === "captured" && charge.cancelled === charge.amount) return badge(t("money.charge.given_back"));
  return badge(t(`money.charge.${charge.state}`), CHARGES[charge.state]);
}

/** @param {Cancel} cancel */
export const cancelBadge = (cancel) => badge(t(`money.cancel.${cancel.state}`), CANCELS[cancel.state]);

/** @param {Pick<Task, "kind">} task */
export const taskBadge = ({ kind }) => badge(t(`money.task.${kind}`), kind === "settle" || kind === "adjust" ? "accent" : "warn");

/** `+5,000원`, `−1,200원`. @param {number} amount */
export const signed = (amount) => `${amount > 0 ? "+" : ""}${won(amount)}`;

/** @param {import("./money_shapes").MoneyCard} card */
export const cardName = (card) => `${card.issuer} ${card.number_masked}`;

/** Who did it: a person by name, else what they are. @param {{ actor_kind: string, actor_name: string | null }} one */
export const who = ({ actor_kind, actor_name }) => (actor_name ? `${t(`actor.${actor_kind}`)} · ${actor_name}` : t(`actor.${actor_kind}`));

/** A code of ours in words, what somebody wrote as it is. @param {string | null} reason */
export const said = (reason) => (reason ? (config.words[`money.said.${reason}`] ?? reason) : "");

/** @param {string | null} code */
export const whyNot = (code) => (code ? t(`money.why.${code}`) : "");

/** What was typed as an amount; NaN when it is none. @param {string} text */
export const amountOf = (text) => (/^[\d,\s]+$/.test(text) ? Number(text.replace(/\D/g, "")) : Number.NaN);

/**
 * When it is due, in red once that is past; `now` is the server's.
 * @param {Pick<Task, "due_at" | "done_at" | "escalated_at">} task @param {number} now
 */
export function due(task, now) {
  if (task.done_at) return html`<span class="due">${t("money.task.done_at", { at: when(task.done_at) })}</span>`;
  const left = Math.round((Date.parse(task.due_at) - now) / 60_000);
  const isOver = Date.parse(task.due_at) <= now;
  const told = isOver ? t("money.task.over", { span: span(-left) }) : t("money.task.left", { span: span(left) });
  return html`<span class="due" ?data-over=${isOver}>${told}</span>
    ${task.escalated_at ? html` ${badge(t("money.task.escalated"), "bad")}` : nothing}`;
}

/** What a list shows, as a file. @param {string} path of the list, below the API @param {URLSearchParams} query */
export const files = (path, query) => html`<span class="tools-row">${[
  [t("money.save.csv"), "csv"],
  [t("money.save.xlsx"), "xlsx"],
].map(([text, form]) => html`<a class="button quiet" href="${page.api}${path}.${form}?${query}" download>${icon("download")}<span>${text}</span></a>`)}</span>`;

/** @param {number} minutes */
function span(minutes) {
  const all = Math.max(1, minutes);
  if (all < 60) return t("phone.minutes", { n: all });
  const hours = Math.floor(all / 60);
  return hours < 48 ? t("phone.hours", { hours }) : t("money.days", { n: Math.floor(hours / 24) });
}
