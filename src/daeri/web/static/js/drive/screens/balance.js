/** The prepaid balance: how much there is, whether it is enough for calls, and every line that made it. */

import { get } from "../../phone/client.js";
import { row, rows } from "../../phone/parts.js";
import { clock, day as dayWords, html, icon, nothing, t, won } from "../../phone/view.js";
import { koreanDay, SHOWN_DAYS } from "../days.js";
import { link, load, local, page } from "../go.js";
import { knownBalance, readBalance, signed } from "../money.js";
import { empty } from "../parts.js";

/** @typedef {import("../money_shapes").Balance} Balance */
/** @typedef {import("../money_shapes").Statement} Statement */
/** @typedef {import("../money_shapes").StatementDay} StatementDay */
/** @typedef {import("../money_shapes").StatementLine} StatementLine */

const DAY_MS = 86_400_000;
/** Lines that are made of a fare. */
const OF_A_FARE = ["fare", "no_show", "fare_undone"];

/** @type {{ last: string, open: string }} */
const view = local({ last: koreanDay(), open: koreanDay() });

export function balance() {
  return page(t("drive.balance.title"), "/drive/me", load("balance", readBalance, shown));
}

/** @param {Balance} money */
function shown(money) {
  return html`<p class="drive-figure" data-balance>
      <span class="drive-figure-word">${t("drive.balance.now")}</span><strong>${won(money.balance)}</strong>
      <span class="drive-figure-how">${payableWords(money)}</span>
    </p>
    ${balanceNotice(money, false)} ${underWay(money)}
    <div class="drive-answers-plain">
      ${link("/drive/withdraw", t("drive.balance.withdraw"), "button plain drive-big")}
      ${link("/drive/top-up", t("drive.balance.top_up"), "button primary drive-big")}
    </div>
    <h2>${t("drive.statement.title")}</h2>
    ${load(`statement:${view.last}`, () => readStatement(view.last), statement)}
    ${rows([
      row(t("drive.payouts.title"), { glyph: "banknote", href: "/drive/payouts" }),
      row(t("drive.bank.title"), { glyph: "building-2", href: "/drive/bank-account" }),
      row(t("drive.cards.title"), { glyph: "credit-card", href: "/drive/cards" }),
    ])}`;
}

/** How much may be withdrawn, and when. @param {Balance} money */
function payableWords({ payable, payout, held_until }) {
  const amount = won(payable);
  if (held_until) return t("drive.balance.payable.held", { amount, until: `${dayWords(held_until)} ${clock(held_until)}` });
  return payout ? t("drive.balance.payable.later", { amount }) : t("drive.balance.payable", { amount });
}

/** Too low, or soon so, with the way to fill it; where the driver looks anyway too. @param {Balance | null} [money] @param {boolean} [withWay] */
export function balanceNotice(money = knownBalance(), withWay = true) {
  if (!money?.is_short && !money?.is_low) return nothing;
  const facts = { balance: won(money.balance), minimum: won(money.minimum) };
  return html`<div class="drive-notice" data-kind=${money.is_short ? "bad" : "warn"} data-money=${money.is_short ? "short" : "low"} role="status">${icon("wallet")}
    <p>${money.is_short ? t("drive.balance.short", facts) : t("drive.balance.low", facts)}</p>
    ${withWay ? link("/drive/top-up", t("drive.balance.top_up"), "button plain wide") : nothing}
  </div>`;
}

/** @param {Balance} money */
function underWay({ payout }) {
  if (!payout) return nothing;
  const facts = { amount: won(payout.amount), bank: t(`money.bank.${payout.bank}`), number: payout.number_masked.slice(-4) };
  return html`<a class="drive-notice" data-kind="info" href="/drive/payouts">${icon("hourglass")}<p>${t(`drive.payout.is.${payout.state}`, facts)}</p></a>`;
}

/** @param {string} last */
async function readStatement(last) {
  const from = new Date(Date.parse(`${last}T00:00:00Z`) - (SHOWN_DAYS - 1) * DAY_MS).toISOString().slice(0, 10);
  return /** @type {Statement} */ (await get(`/driver/statement?from=${from}&to=${last}`));
}

/** @param {Statement} read */
function statement(read) {
  return html`<div class="drive-switch">
      <button class="button plain" @click=${() => (view.last = moved(-SHOWN_DAYS))} aria-label=${t("drive.earnings.earlier")}>${icon("arrow-left")}${t("drive.earnings.earlier_short")}</button>
      <button class="button plain" ?disabled=${view.last >= koreanDay()} @click=${() => (view.last = moved(SHOWN_DAYS))} aria-label=${t("drive.earnings.later")}>${t("drive.earnings.later_short")}${icon("arrow-right")}</button>
    </div>
    ${read.days.length ? html`<ul class="drive-days" data-statement>${read.days.map(oneDay)}</ul>` : empty(t("drive.statement.none"), t("drive.statement.none.more", { amount: won(read.closing) }), "wallet")}`;
}

/** @param {number} days */
function moved(days) {
  const to = new Date(Date.parse(`${view.last}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
  return to > koreanDay() ? koreanDay() : to;
}

/** @param {StatementDay} each */
function oneDay(each) {
  const isOpen = view.open === each.day;
  const words = dayWords(`${each.day}T03:00:00Z`);
  return html`<li class="drive-day">
    <button class="drive-day-head" aria-expanded=${isOpen} @click=${() => (view.open = isOpen ? "" : each.day)}>
      <span class="drive-row-main"><strong>${words}</strong><span class="hint">${t("drive.statement.closing", { amount: won(each.closing) })}</span></span>
      <strong class="tabular" data-sign=${Math.sign(each.change)}>${signed(each.change)}</strong>${icon(isOpen ? "chevron-up" : "chevron-down")}
    </button>
    ${isOpen ? html`<ol class="drive-moves">${each.lines.map(move)}</ol>` : nothing}
  </li>`;
}

/** @param {StatementLine} line */
function move(line) {
  return html`<li class="drive-move" data-what=${line.what}>
    <p class="drive-move-head"><strong>${t(`money.line.${line.what}`)}</strong><strong class="tabular" data-sign=${Math.sign(line.amount)}>${signed(line.amount)}</strong></p>
    <p class="hint">${clock(line.at)}${line.number ? html` · <span class="number">${line.number}</span>` : nothing}${line.note ? html` · ${line.note}` : nothing}</p>
    ${reasons(line)}
  </li>`;
}

/** What a line is made of, or why it is there. @param {StatementLine} line */
function reasons(line) {
  if (line.what === "cash" || line.what === "cash_undone") return html`<p class="hint">${t(`drive.statement.of.${line.what}`)}</p>`;
  if (!OF_A_FARE.includes(line.what)) return nothing;
  return html`<dl class="drive-sum">
    ${part(t("drive.net.fare"), line.fare)} ${part(t("drive.statement.commission", { percent: line.commission_percent ?? 0 }), -line.commission)} ${part(t("drive.net.premium"), -line.premium)}
  </dl>`;
}

/** @param {string} name @param {number} amount */
const part = (name, amount) => html`<div><dt>${name}</dt><dd class="tabular">${amount ? signed(amount) : won(0)}</dd></div>`;
