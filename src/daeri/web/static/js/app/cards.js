/** Cards: registered in the provider's own window and back, the default one, and those that are removed. */

import { go, replace } from "../phone/router.js";
import { inOurLanguage } from "../phone/preferences.js";
import { button, empty, notice, skeleton, spinner } from "../phone/parts.js";
import { confirm } from "../phone/sheet.js";
import { html, icon, nothing, t } from "../phone/view.js";
import { cards as readCards, command } from "./api.js";
import { head, isBusy } from "./bits.js";
import { change, redraw, state, tell } from "./store.js";

/** @typedef {import("./types").UsedCard} UsedCard */
/** @typedef {import("./types").OwnCard} OwnCard */

const RETURN = "/app/cards/return";
const AFTER = "daeri.card_after";

/** `구름시험카드 0001`: what people know a card by. @param {UsedCard} card */
export function cardName({ issuer, number_masked: number }) {
  return [issuer, lastOf(number)].filter(Boolean).join(" ");
}

/** The last figures that are shown of a number. @param {string} number */
function lastOf(number) {
  return /(\d+)\D*$/.exec(number)?.[1] ?? "";
}

/** The card that is charged. */
export function defaultCard() {
  return state.cards?.items[0] ?? null;
}

/** The account that pays for this trip, where its company does. */
export function companyAccount() {
  const chosen = state.customer?.business.find((one) => one.id === state.draft.businessId);
  return chosen?.payer === "company" ? chosen : null;
}

/** How a trip is paid: as it was chosen, but in cash by who has no card. */
export function payingBy() {
  const { cards, draft } = state;
  return draft.payment === "card" && cards && !cards.items.length ? "cash" : draft.payment;
}

/** How often the cards were read or changed: an answer that others have overtaken is not believed. */
let asked = 0;

export async function readCardsAgain() {
  const mine = ++asked;
  const cards = await readCards().catch(() => null);
  if (cards && mine === asked) change({ cards });
}

/** Leave for the provider's window; it leads back to the screen `after`. @param {string} after */
export async function registerCard(after) {
  const window_ = await command("card-window", "/me/cards/window", { return_path: RETURN });
  if (!window_) return;
  sessionStorage.setItem(AFTER, after);
  location.assign(inOurLanguage(window_.url));
}

/** @param {string} id */
export async function preferCard(id) {
  const cards = await command(`prefer-${id}`, `/me/cards/${id}/default`);
  asked++;
  if (cards) change({ cards });
}

/** @returns {import("./types").Screen} */
export function cardsScreen() {
  /** @param {OwnCard} card */
  async function remove(card) {
    const name = cardName(card);
    if (!(await confirm({ title: t("app.cards.remove", { name }), text: t("app.cards.remove.about"), yes: t("app.cards.remove.yes"), danger: true }))) return;
    if (await command(`remove-${card.id}`, `/me/cards/${card.id}`, undefined, "DELETE")) tell("good", t("app.cards.removed"));
    await readCardsAgain();
  }

  void readCardsAgain();
  return {
    title: () => t("app.cards"),
    draw: () => html`${head(t("app.cards"))}
      <div class="scroll pad stack" data-cards>
        ${state.cards ? own(state.cards, remove) : skeleton(3)}
      </div>`,
  };
}

/** @param {import("./types").Cards} cards @param {(card: OwnCard) => void} remove */
function own(cards, remove) {
  const add = button(t("app.cards.add"), () => registerCard("/app/cards"), { kind: "primary", glyph: "plus", wide: true, busy: isBusy("card-window") });
  if (!cards.items.length && !cards.can_register) return empty(t("app.cards.off"), { glyph: "credit-card", text: t("app.cards.off.about") });
  if (!cards.items.length) return html`${empty(t("app.cards.none"), { glyph: "credit-card", text: t("app.cards.none.about") })}${add}`;
  return html`<ul class="rows boxed">${cards.items.map((card) => row(card, remove))}</ul>
    <p class="hint">${t("app.cards.which")}</p>
    ${cards.can_register ? add : notice(t("app.cards.off"), "warn")}
    <p class="hint">${t("app.cards.safe")}</p>`;
}

/** @param {OwnCard} card @param {(card: OwnCard) => void} remove */
function row(card, remove) {
  const name = cardName(card);
  return html`<li class="row own-card" data-card=${card.id}>
    ${icon("credit-card")}
    <span class="row-main"><b>${card.issuer}</b><small>${shortNumber(card.number_masked)}</small></span>
    <span class="own-card-tools">
      ${card.is_default
        ? html`<span class="badge" data-tone="accent">${t("app.cards.default")}</span>`
        : html`<button type="button" class="button quiet" aria-label=${t("app.cards.prefer.name", { name })} ?disabled=${isBusy(`prefer-${card.id}`)} @click=${() => preferCard(card.id)}>${t("app.cards.prefer")}</button>`}
      <button type="button" class="icon-button small" aria-label=${t("app.remove", { name })} ?disabled=${isBusy(`remove-${card.id}`)} @click=${() => remove(card)}>${icon("trash-2")}</button>
    </span>
  </li>`;
}

/** `•••• 0001` @param {string} number */
function shortNumber(number) {
  const last = lastOf(number);
  return last ? `•••• ${last}` : number;
}

/** Back from the provider's window: what it gave becomes a card, however often the page is loaded. @returns {import("./types").Screen} */
export function cardReturnScreen() {
  const given = new URLSearchParams(location.search);
  const [authKey, customerKey] = [given.get("authKey"), given.get("customerKey")];
  const after = sessionStorage.getItem(AFTER) ?? "/app/cards";
  let isRefused = false;

  async function keep() {
    const body = { auth_key: authKey, customer_key: customerKey };
    const card = await command(`card-${customerKey}`, "/me/cards", body);
    isRefused = !card;
    if (!card) return redraw();
    sessionStorage.removeItem(AFTER);
    await readCardsAgain();
    replace(after);
    tell("good", t("app.cards.kept", { name: cardName(card) }));
  }

  const isLeft = !authKey || !customerKey;
  if (!isLeft) void keep();
  return {
    title: () => t("app.cards.return"),
    draw: () => html`${head(t("app.cards.return"), { home: true })}
      <div class="scroll pad stack" data-card-return=${isLeft ? "left" : isRefused ? "refused" : "keeping"}>
        ${isLeft ? failure(t("app.cards.left"), t("app.cards.left.about")) : isRefused ? failure(t("app.cards.refused"), t("app.cards.refused.about")) : waiting()}
      </div>`,
  };

  /** @param {string} title @param {string} text */
  function failure(title, text) {
    const again = isRefused && !isLeft ? button(t("app.again"), () => { isRefused = false; redraw(); void keep(); }, { kind: "plain", wide: true, busy: isBusy(`card-${customerKey}`) }) : nothing;
    return html`${empty(title, { glyph: "credit-card", text })}
      ${button(t("app.cards.window_again"), () => registerCard(after), { kind: "primary", wide: true, busy: isBusy("card-window") })}
      ${again}
      ${button(t("app.cards.go_on"), () => (after === location.pathname ? go("/app/cards") : replace(after)), { kind: "quiet", wide: true })}`;
  }
}

function waiting() {
  return html`<div class="empty" role="status">${spinner()}<p class="empty-title">${t("app.cards.keeping")}</p><p>${t("app.cards.keeping.about")}</p></div>`;
}
