/** The receipt: what the ride cost, how it is or will be paid, and what was given back; read again until it is settled. */

import { button, spinner } from "../phone/parts.js";
import { clock, day, html, icon, km, minutes, nothing, t, won } from "../phone/view.js";
import { receipt as readReceipt } from "./api.js";
import { cardName } from "./cards.js";
import { openPay, whyUnpaid } from "./paying.js";
import { redraw } from "./store.js";

/** @typedef {import("./types").Call} Call */
/** @typedef {import("./types").Receipt} Receipt */
/** @typedef {import("./types").MoneyMove} MoneyMove */

const FIRST_MS = 1_500;
const LONGEST_MS = 15_000;
const LINES = new Set(["base", "distance", "time", "vias", "night", "service", "minimum", "rounding", "recommended", "typed", "meter", "waiting", "no_show", "adjusted"]);
/** What an answer is still waited for. @type {ReadonlySet<string>} */
const PASSING = new Set(["preparing", "charging", "confirming", "changing"]);
/** @type {Partial<Record<Receipt["state"], string>>} */
const GLYPHS = { paid: "circle-check", unpaid: "circle-alert", not_charged: "credit-card", with_agent: "headset", on_account: "building-2", given_up: "circle-minus" };

/** @param {string} id of the call */
export function receiptOf(id) {
  /** @type {Receipt | null} */
  let receipt = null;
  /** What the bill was when it was read: another one is read again. */
  let readFor = "";
  let wait = FIRST_MS;
  let isLeft = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  async function read() {
    clearTimeout(timer);
    take((await readReceipt(id).catch(() => null)) ?? receipt);
  }

  /** @param {Receipt | null} found */
  function take(found) {
    if (isLeft) return;
    if (found?.state !== receipt?.state) wait = FIRST_MS;
    receipt = found;
    clearTimeout(timer);
    if (receipt && PASSING.has(receipt.state)) {
      timer = setTimeout(() => void read(), wait);
      wait = Math.min(LONGEST_MS, wait * 1.5);
    }
    redraw();
  }

  /** Paid from here: the answer is the receipt as it stands then. @param {Event} event */
  function paid(event) {
    if (event instanceof CustomEvent && event.detail.id === id) take(event.detail.receipt);
  }
  addEventListener("daeri:receipt", paid);

  return {
    /** @param {Call} call */
    view: (call) => {
      const now = `${call.state} ${call.bill?.state} ${call.bill?.amount}`;
      const costs = call.state === "completed" || call.bill || call.no_show_fee_won;
      if (costs && now !== readFor) {
        readFor = now;
        void read();
      }
      return call.state === "completed" || receipt ? bill(call, receipt) : nothing;
    },
    leave: () => {
      isLeft = true;
      clearTimeout(timer);
      removeEventListener("daeri:receipt", paid);
    },
  };
}

/** @param {Call} call @param {Receipt | null} receipt */
function bill(call, receipt) {
  const total = receipt?.total ?? call.bill?.amount ?? call.final_amount ?? call.fare?.amount ?? call.fare_amount;
  const isDriven = call.state === "completed";
  return html`<section class="card tight receipt" data-receipt data-money=${receipt?.state ?? nothing} aria-label=${t("app.receipt")}>
    ${isDriven ? html`<p class="hint">${t("app.receipt.done", { name: receipt?.driver_name ?? call.driver?.name ?? "" })}</p>` : nothing}
    <p class="big">${won(total)}</p>
    ${receipt ? standing(call, receipt) : nothing}
    ${receipt?.can_pay ? button(t("app.pay_now"), () => openPay(call.id, receipt.outstanding || receipt.total), { kind: "primary", wide: true }) : nothing}
    ${receipt
      ? html`<dl class="lines bill">
          ${receipt.lines.map((line) => html`<div><dt>${LINES.has(line.kind) ? t(`app.line.${line.kind}`) : t("app.line.other")}</dt><dd>${won(line.amount)}</dd></div>`)}
          <div class="total"><dt>${t("app.receipt.total")}</dt><dd>${won(receipt.total)}</dd></div>
        </dl>
        ${history(receipt)}`
      : nothing}
    <p class="hint">${[receipt?.distance_m ? km(receipt.distance_m) : "", receipt?.duration_s ? minutes(receipt.duration_s) : "", times(receipt)].filter(Boolean).join(" · ")}</p>
  </section>`;
}

/** @param {Receipt | null} receipt */
function times(receipt) {
  if (!receipt?.started_at || !receipt.ended_at) return "";
  return `${day(receipt.started_at)} ${clock(receipt.started_at)} – ${clock(receipt.ended_at)}`;
}

/** How the money stands, in one sentence. @param {Call} call @param {Receipt} receipt */
function standing(call, receipt) {
  const isPassing = PASSING.has(receipt.state);
  const kind = receipt.state === "paid" ? "good" : receipt.state === "unpaid" ? "bad" : "quiet";
  return html`<p class="money-state" data-kind=${kind} role="status">
      ${isPassing ? spinner() : icon(GLYPHS[receipt.state] ?? "info")}<span>${words(call, receipt)}</span>
    </p>
    ${receipt.to_be !== null && receipt.state !== "changing" ? html`<p class="hint">${t("app.money.to_be", { amount: won(receipt.to_be) })}</p>` : nothing}`;
}

/** @param {Call} call @param {Receipt} receipt */
function words(call, receipt) {
  const { state: of, method } = receipt;
  const card = receipt.card ? cardName(receipt.card) : t("app.payment.card");
  const total = won(receipt.total);
  const has = (/** @type {string} */ kind) => receipt.moves.some((move) => move.kind === kind);
  if (of === "on_account") return t("app.payer.company", { name: call.business?.name ?? "" });
  if (of === "unpaid") return `${t("app.money.unpaid")} ${whyUnpaid(receipt)}`;
  if (of === "changing") return receipt.to_be === null ? t("app.money.changing.charge", { amount: total, card }) : t("app.money.changing", { amount: total, then: won(receipt.to_be) });
  if (of === "paid" && has("transferred")) return t("app.money.paid.bank");
  if (method === "cash" && of === "paid") return has("charged") ? t("app.money.paid.card", { card }) : t("app.money.paid.cash");
  if (method === "cash" && of === "preparing") return t("app.money.cash", { amount: total });
  if (of === "paid") return receipt.total && has("charged") ? t("app.money.paid.card", { card }) : t("app.money.paid");
  if (of === "charging") return t("app.money.charging.card", { card });
  return t(`app.money.${of}`);
}

/** What was charged and given back, where that is more than one plain payment. @param {Receipt} receipt */
function history({ moves }) {
  if (moves.length < 2) return nothing;
  return html`<section class="moves" aria-label=${t("app.moves")}>
    <h2 class="small-title">${t("app.moves")}</h2>
    <ol>${moves.map(move)}</ol>
  </section>`;
}

/** @param {MoneyMove} move */
function move({ kind, state: of, amount, at, card, refusal }) {
  const about = [card ? cardName(card) : "", refusal ? t(`app.refusal.${refusal}`) : ""].filter(Boolean).join(" · ");
  return html`<li data-move=${kind} data-state=${of}>
    <span>${t(`app.move.${kind}.${of}`)}</span>
    <span class="amount">${won(kind === "given_back" ? -amount : amount)}</span>
    <small>${day(at)} ${clock(at)}${about ? ` · ${about}` : ""}</small>
  </li>`;
}
