/** What is not paid: said on the first screen, listed with its reason, and paid with a card that one chooses. */

import { button, empty, skeleton, spinner } from "../phone/parts.js";
import { clock, day, html, icon, nothing, repeat, t, won } from "../phone/view.js";
import { command, owed as readOwed } from "./api.js";
import { head, isBusy } from "./bits.js";
import { cardName, readCardsAgain, registerCard } from "./cards.js";
import { closeDialog, openDialog } from "./dialog.js";
import { change, redraw, state } from "./store.js";

/** @typedef {import("./types").Owed} Owed */

const AGAIN_MS = 3_000;

let asked = 0;

export async function readOwedAgain() {
  const mine = ++asked;
  const owed = await readOwed().catch(() => null);
  if (owed && mine === asked) change({ owed });
}

/** Above everything on the first screen: what stands against the next call. */
export function owedBar() {
  const items = state.owed?.items ?? [];
  const [first] = items;
  if (!first) return nothing;
  const amount = won(items.reduce((sum, one) => sum + one.amount, 0));
  const isRunning = items.every((one) => one.is_being_charged);
  return html`<a class="notice-bar owed" data-kind=${isRunning ? "busy" : "bad"} data-owed href="/app/bills">
    ${isRunning ? spinner() : icon("circle-alert")}<span>${isRunning ? t("app.owed.bar.running", { amount }) : t("app.owed.bar", { amount })}</span>
    <b>${isRunning ? nothing : t("app.pay_now")}</b>${icon("chevron-right")}
  </a>`;
}

/** Why a ride is not paid, in words. @param {{ reason: string | null, refusal: string | null }} why */
export function whyUnpaid({ reason, refusal }) {
  if (reason === "declined") return refusal ? t(`app.refusal.${refusal}`) : t("app.owed.why.declined");
  return reason ? t(`app.owed.why.${reason}`) : "";
}

/** @returns {import("./types").Screen} */
export function billsScreen() {
  void readOwedAgain();
  // The stream tells of bills; where it is away, what is being paid is asked for.
  const timer = setInterval(() => {
    if (state.owed?.items.some((one) => one.is_being_charged) && !document.hidden) void readOwedAgain();
  }, AGAIN_MS);
  return {
    title: () => t("app.bills"),
    leave: () => clearInterval(timer),
    draw: () => html`${head(t("app.bills"))}
      <div class="scroll pad stack" data-bills>
        ${!state.owed ? skeleton(3) : state.owed.items.length ? html`${repeat(state.owed.items, (one) => one.call_id, bill)}<p class="hint">${t("app.bills.about")}</p>` : empty(t("app.bills.none"), { glyph: "circle-check", text: t("app.bills.none.about") })}
      </div>`,
  };
}

/** @param {Owed} owed */
function bill(owed) {
  return html`<section class="card tight owed-ride" data-owed-ride=${owed.call_id}>
    <p class="short-way"><span>${owed.origin || t("app.place.unnamed")}</span>${icon("arrow-right")}<span>${owed.destination || t("app.place.unnamed")}</span></p>
    <p class="big">${won(owed.amount)}</p>
    <p class="why">${whyUnpaid(owed)}</p>
    <p class="hint">${t(`app.owed.${owed.kind}`, { day: day(owed.ended_at), clock: clock(owed.ended_at) })} · ${t("app.owed.since", { day: day(owed.since) })}</p>
    ${owed.is_being_charged
      ? html`<p class="money-state" role="status">${spinner()}<span>${t("app.money.charging")}</span></p>`
      : state.owed?.can_pay
        ? button(t("app.pay_now"), () => openPay(owed.call_id, owed.amount), { kind: "primary", wide: true })
        : html`<p class="hint">${t("app.cards.off.about")}</p>`}
    <a class="button quiet wide" href=${`/app/calls/${owed.call_id}`}>${t("app.owed.receipt")}</a>
  </section>`;
}

/** Which card shall pay: chosen and confirmed with the amount on the button. @param {string} callId @param {number} amount */
export function openPay(callId, amount) {
  let chosen = state.cards?.items[0]?.id ?? "";
  if (!state.cards) void readCardsAgain();

  async function pay() {
    const answer = await command(`pay-${callId}`, `/calls/${callId}/pay`, { card_id: chosen });
    closeDialog();
    if (answer) dispatchEvent(new CustomEvent("daeri:receipt", { detail: { id: callId, receipt: answer } }));
    await readOwedAgain();
  }

  openDialog(t("app.pay.title"), () => {
    const own = state.cards?.items ?? [];
    if (!own.some((card) => card.id === chosen)) chosen = own[0]?.id ?? "";
    return html`<p>${own.length ? t("app.pay.choose") : t("app.pay.none")}</p>
      ${own.length
        ? html`<fieldset class="choices">
            <legend class="unseen">${t("app.pay.choose")}</legend>
            ${own.map((card) => html`<label class="choice"><input type="radio" name="pay-card" .checked=${card.id === chosen} @change=${() => { chosen = card.id; redraw(); }} /><span><b>${cardName(card)}</b>${card.is_default ? html` <small>${t("app.cards.default")}</small>` : nothing}</span></label>`)}
          </fieldset>`
        : nothing}
      <div class="dialog-buttons">
        ${own.length ? button(t("app.pay.yes", { amount: won(amount) }), pay, { kind: "primary", wide: true, busy: isBusy(`pay-${callId}`) }) : nothing}
        ${button(own.length ? t("app.pay.other") : t("app.cards.add"), () => registerCard(location.pathname), { kind: own.length ? "plain" : "primary", glyph: "plus", wide: true, busy: isBusy("card-window") })}
        ${button(t("app.close"), closeDialog, { kind: "quiet", wide: true })}
      </div>`;
  });
}
