/** Money to the driver's bank: how much, where to, and what became of it. */

import { get } from "../../phone/client.js";
import { field, select } from "../../phone/parts.js";
import { go } from "../../phone/router.js";
import { ago, clock, day, html, icon, nothing, t, won } from "../../phone/view.js";
import { ask } from "../ask.js";
import { link, load, local, page, reload } from "../go.js";
import { balanceMoved, command, figures, isSending, readBalance } from "../money.js";
import { empty } from "../parts.js";
import { tell } from "../store.js";

/** @typedef {import("../money_shapes").Balance} Balance */
/** @typedef {import("../money_shapes").BankAccount} BankAccount */
/** @typedef {import("../money_shapes").Payout} Payout */
/** @typedef {{ account: BankAccount | null, banks: string[], hold_hours: number }} AccountPage */

const PAYOUTS = "/driver/payouts";
const ACCOUNT = "/driver/bank-account";
const TONES = /** @type {Record<string, string>} */ ({ requested: "warn", sent: "warn", paid: "good", returned: "bad" });

const view = local({ amount: 0 });
const form = local({ bank: "", number: "", holder: "", isChanging: false });

export function withdraw() {
  return page(t("drive.balance.withdraw"), "/drive/balance", load("balance", readBalance, shown));
}

/** @param {Balance} money */
function shown(money) {
  return html`<p class="drive-figure"><span class="drive-figure-word">${money.payout ? t("drive.withdraw.payable.later") : money.held_until ? t("drive.withdraw.payable.held") : t("drive.withdraw.payable")}</span><strong>${won(money.payable)}</strong>
      <span class="drive-figure-how">${money.minimum ? t("drive.withdraw.stays", { amount: won(money.minimum) }) : nothing}</span></p>
    ${whatToDo(money)}`;
}

/** What stands against a withdrawal, else its form. @param {Balance} money */
function whatToDo(money) {
  if (money.payout) return html`${payouts([money.payout])}<p class="hint">${t("drive.withdraw.one")}</p>`;
  if (!money.account) return html`${empty(t("drive.bank.none"), t("drive.bank.none.more"), "building-2")}${link("/drive/bank-account", t("drive.bank.add"), "button primary wide drive-big")}`;
  if (money.held_until) return html`<div class="drive-notice" data-kind="warn" data-held>${icon("hourglass")}<p>${t("drive.withdraw.held", { until: `${day(money.held_until)} ${clock(money.held_until)}` })}</p></div>`;
  if (money.payable < money.payout_minimum) return html`<div class="drive-notice" data-kind="warn">${icon("info")}<p>${t("drive.withdraw.too_little", { amount: won(money.payout_minimum) })}</p></div>`;
  return amountForm(money, money.account);
}

/** @param {Balance} money @param {BankAccount} account */
function amountForm(money, account) {
  const wrong = view.amount > money.payable ? t("drive.withdraw.wrong.most", { amount: won(money.payable) }) : view.amount && view.amount < money.payout_minimum ? t("drive.withdraw.wrong.least", { amount: won(money.payout_minimum) }) : "";
  const isReady = view.amount > 0 && !wrong && !isSending(PAYOUTS);
  return html`<form class="drive-form" data-withdraw @submit=${(/** @type {SubmitEvent} */ event) => submit(event, account)}>
    ${field("amount", t("drive.withdraw.amount"), view.amount ? String(view.amount) : "", (text) => (view.amount = figures(text)), { inputmode: "numeric", maxlength: 11, suffix: t("drive.won"), wrong })}
    <button type="button" class="button plain" @click=${() => (view.amount = money.payable)}>${t("drive.withdraw.all")}</button>
    <div class="drive-notice" data-kind="info">${icon("building-2")}<p><strong>${t(`money.bank.${account.bank}`)} ${account.number_masked}</strong><br />${account.holder}</p>${link("/drive/bank-account", t("drive.bank.change"), "button plain wide")}</div>
    <button class="button primary wide drive-big" ?disabled=${!isReady}>${isSending(PAYOUTS) ? t("drive.duty.sending") : view.amount && !wrong ? t("drive.withdraw.send", { amount: won(view.amount) }) : t("drive.balance.withdraw")}</button>
    <p class="hint">${t("drive.withdraw.when")}</p>
  </form>`;
}

/** @param {SubmitEvent} event @param {BankAccount} account */
async function submit(event, account) {
  event.preventDefault();
  const facts = { amount: won(view.amount), bank: t(`money.bank.${account.bank}`), number: account.number_masked.slice(-4), holder: account.holder };
  if (!(await ask({ title: t("drive.withdraw.ask", facts), text: t("drive.withdraw.ask.more", facts), yes: t("drive.balance.withdraw"), no: t("drive.back") }))) return;
  if (await command(PAYOUTS, { amount: view.amount })) {
    tell("good", t("drive.withdraw.done"));
    view.amount = 0;
    balanceMoved();
    go("/drive/payouts");
  }
}

export function payoutList() {
  return page(t("drive.payouts.title"), "/drive/balance", load("payouts", async () => /** @type {{ items: Payout[] }} */ (await get(PAYOUTS)).items, (items) => (items.length ? payouts(items) : empty(t("drive.payouts.none"), t("drive.payouts.none.more"), "banknote"))));
}

/** @param {Payout[]} items */
const payouts = (items) => html`<ul class="drive-runs">${items.map(payout)}</ul>`;

/** @param {Payout} each */
function payout(each) {
  const words = each.ended_at ? `${t("drive.payout.at.ended")} ${ago(each.ended_at)}` : `${t("drive.payout.at.requested")} ${ago(each.requested_at)}`;
  return html`<li class="drive-run" data-payout=${each.state}>
    <p class="drive-run-head"><strong class="tabular">${won(each.amount)}</strong><span class="drive-state" data-tone=${TONES[each.state]}>${t(`drive.payout.state.${each.state}`)}</span></p>
    <p class="hint">${t(`money.bank.${each.bank}`)} ${each.number_masked} · ${each.holder}</p>
    <p class="hint">${words}</p>
    ${each.state === "returned" && each.reference ? html`<p class="drive-warning">${t("drive.payout.why", { why: each.reference })}</p>` : nothing}
  </li>`;
}

export function bankAccount() {
  return page(t("drive.bank.title"), "/drive/balance", load("bank", async () => /** @type {AccountPage} */ (await get(ACCOUNT)), account));
}

/** @param {AccountPage} read */
function account({ account: known, banks, hold_hours }) {
  if (known && !form.isChanging) {
    return html`<div class="drive-run" data-account><p class="drive-run-head"><strong>${t(`money.bank.${known.bank}`)}</strong></p><p class="number">${known.number_masked}</p><p class="hint">${known.holder}</p></div>
      <button class="button plain wide drive-big" @click=${() => (form.isChanging = true)}>${icon("pencil")}${t("drive.bank.change")}</button>
      <p class="hint">${t("drive.bank.masked")}</p>`;
  }
  const options = [{ value: "", label: t("drive.bank.choose") }, ...banks.map((code) => ({ value: code, label: t(`money.bank.${code}`) }))];
  const isReady = form.bank && form.number.replace(/[^0-9]/g, "").length >= 8 && form.holder.trim() && !isSending(ACCOUNT);
  return html`<form class="drive-form" data-bank @submit=${keep}>
    ${select("bank", t("drive.bank.bank"), options, form.bank, (value) => (form.bank = value))}
    ${field("number", t("drive.bank.number"), form.number, (text) => (form.number = text), { inputmode: "numeric", maxlength: 20 })}
    ${field("holder", t("drive.bank.holder"), form.holder, (text) => (form.holder = text), { maxlength: 40, hint: t("drive.bank.holder.hint") })}
    ${known && hold_hours ? html`<div class="drive-notice" data-kind="info">${icon("hourglass")}<p>${t("drive.bank.hold", { hours: hold_hours })}</p></div>` : nothing}
    <button class="button primary wide drive-big" ?disabled=${!isReady}>${isSending(ACCOUNT) ? t("drive.duty.sending") : t("drive.bank.keep")}</button>
    <p class="hint">${t("drive.bank.sealed")}</p>
  </form>`;
}

/** @param {SubmitEvent} event */
async function keep(event) {
  event.preventDefault();
  const { bank, number, holder } = form;
  if (!(await command(ACCOUNT, { bank, number: number.trim(), holder: holder.trim() }, "PUT"))) return;
  Object.assign(form, { bank: "", number: "", holder: "", isChanging: false });
  tell("good", t("drive.bank.kept"));
  reload("bank");
}
