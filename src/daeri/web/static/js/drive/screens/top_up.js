/** Filling the balance: from one's own card at once, or by a transfer to the company's bank. */

import { get } from "../../phone/client.js";
import { field } from "../../phone/parts.js";
import { ago, html, icon, nothing, t, won } from "../../phone/view.js";
import { link, load, local, page, readAgain } from "../go.js";
import { command, copy, figures, isSending, readBalance } from "../money.js";
import { empty } from "../parts.js";
import { tell } from "../store.js";
import { cardName } from "./cards.js";

/** @typedef {import("../money_shapes").Balance} Balance */
/** @typedef {import("../money_shapes").Cards} Cards */
/** @typedef {import("../money_shapes").TopUp} TopUp */

const PATH = "/driver/top-ups";
const AMOUNTS = [10_000, 30_000, 50_000, 100_000];
/** The provider's answer comes in seconds: looked for so long, then whenever the screen is entered. */
const LOOKS = 20;
const LOOK_MS = 1_500;
const TONES = /** @type {const} */ ({ under_way: "warn", done: "good", refused: "bad" });

const view = local({ amount: 30_000 });

export function topUp() {
  return page(t("drive.balance.top_up"), "/drive/balance", load("balance", readBalance, shown));
}

/** @param {Balance} money */
function shown(money) {
  return html`<p class="drive-figure"><span class="drive-figure-word">${t("drive.balance.now")}</span><strong>${won(money.balance)}</strong></p>
    ${money.minimum ? html`<p class="hint">${t("drive.topup.minimum", { minimum: won(money.minimum) })}</p>` : nothing}
    ${money.can_top_up_by_card ? load("cards", readCards, (cards) => byCard(money, cards)) : nothing}
    ${byTransfer(money)} ${recent(money.top_ups)}`;
}

const readCards = async () => /** @type {Cards} */ (await get("/driver/cards"));

/** @param {Balance} money @param {Cards} cards */
function byCard(money, cards) {
  const card = cards.items[0];
  if (!card) return html`<h2>${t("drive.topup.card")}</h2><p class="hint">${t("drive.topup.card.none")}</p>${link("/drive/cards", t("drive.cards.add"), "button primary wide drive-big")}`;
  const bounds = { least: won(money.top_up_floor), most: won(money.top_up_ceiling) };
  const isWrong = view.amount < money.top_up_floor || view.amount > money.top_up_ceiling;
  return html`<h2>${t("drive.topup.card")}</h2>
    <form class="drive-form" data-top-up @submit=${send}>
      <div class="drive-chips drive-amounts" role="group" aria-label=${t("drive.topup.amount")}>${AMOUNTS.map((amount) => html`<button type="button" class="button plain" aria-pressed=${view.amount === amount ? "true" : "false"} @click=${() => (view.amount = amount)}>${won(amount)}</button>`)}</div>
      ${field("amount", t("drive.topup.amount"), view.amount ? String(view.amount) : "", (text) => (view.amount = figures(text)), { inputmode: "numeric", maxlength: 11, suffix: t("drive.won"), wrong: view.amount && isWrong ? t("drive.topup.bounds", bounds) : "" })}
      <div class="drive-notice" data-kind="info">${icon("credit-card")}<p>${cardName(card)}</p>${link("/drive/cards", t("drive.cards.change"), "button plain wide")}</div>
      <button class="button primary wide drive-big" ?disabled=${isWrong || isSending(PATH)}>${isSending(PATH) ? t("drive.duty.sending") : t("drive.topup.send", { amount: won(view.amount) })}</button>
    </form>`;
}

/** @param {SubmitEvent} event */
async function send(event) {
  event.preventDefault();
  const made = /** @type {TopUp | null} */ (await command(PATH, { amount: view.amount }));
  if (made) await follow(made.id);
}

/** Until the provider has answered, or for half a minute. @param {string} id */
async function follow(id) {
  for (let looks = 0; looks < LOOKS; looks++) {
    const money = await readBalance().catch(() => null);
    if (money) await readAgain("balance", async () => money);
    const mine = money?.top_ups.find((each) => each.id === id);
    if (mine?.state === "done") return tell("good", t("drive.topup.done", { amount: won(mine.amount) }));
    if (mine?.state === "refused") return tell("bad", t(`drive.topup.refusal.${mine.refusal ?? "rejected"}`));
    await new Promise((go) => setTimeout(go, LOOK_MS));
  }
  tell("warn", t("drive.topup.later"));
}

/** @param {Balance} money */
function byTransfer({ transfer_to: to, can_top_up_by_card: hasCards }) {
  if (!to) return hasCards ? nothing : empty(t("drive.topup.none"), t("drive.topup.none.more"), "wallet");
  return html`<h2>${t("drive.topup.transfer")}</h2>
    <div class="drive-run"><p class="drive-run-head"><strong>${to.bank}</strong><span class="number">${to.number}</span></p><p class="hint">${to.holder}</p>
      <button type="button" class="button plain" @click=${() => copy(to.number)}>${icon("copy")}${t("drive.topup.copy")}</button></div>
    <p class="hint">${t("drive.topup.transfer.more")}</p>`;
}

/** @param {TopUp[]} items */
function recent(items) {
  if (!items.length) return nothing;
  return html`<h2>${t("drive.topup.recent")}</h2><ul class="drive-runs">${items.map(
    (each) => html`<li class="drive-run" data-top-up-state=${each.state}><p class="drive-run-head"><strong class="tabular">${won(each.amount)}</strong><span class="drive-state" data-tone=${TONES[each.state]}>${t(`drive.topup.state.${each.state}`)}</span></p>
      <p class="hint">${ago(each.at)}${each.refusal ? html` · ${t(`drive.topup.refusal.${each.refusal}`)}` : nothing}</p></li>`,
  )}</ul>`;
}
