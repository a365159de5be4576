/** The driver's own cards, which fill the balance: registered in the provider's window and back. */

import { get } from "../../phone/client.js";
import { inOurLanguage } from "../../phone/preferences.js";
import { replace } from "../../phone/router.js";
import { html, icon, nothing, t } from "../../phone/view.js";
import { ask } from "../ask.js";
import { link, load, page, readAgain, reload } from "../go.js";
import { command, isSending } from "../money.js";
import { empty } from "../parts.js";
import { tell } from "../store.js";

/** @typedef {import("../money_shapes").Cards} Cards */
/** @typedef {import("../money_shapes").OwnCard} OwnCard */

const WINDOW = "/driver/cards/window";
const RETURN = "/drive/cards/return";

const readCards = async () => /** @type {Cards} */ (await get("/driver/cards"));

/** `구름시험카드 0001`. @param {OwnCard} card */
export const cardName = ({ issuer, number_masked: number }) => [issuer, /(\d+)\D*$/.exec(number)?.[1] ?? ""].filter(Boolean).join(" ");

export function cards() {
  return page(t("drive.cards.title"), "/drive/balance", load("cards", readCards, shown));
}

/** @param {Cards} read */
function shown({ items, can_register: canRegister }) {
  if (!items.length && !canRegister) return empty(t("drive.cards.off"), t("drive.cards.off.more"), "credit-card");
  const add = html`<button class="button primary wide drive-big" data-add-card ?disabled=${isSending(WINDOW)} @click=${openWindow}>${icon("plus")}${t("drive.cards.add")}</button>`;
  if (!items.length) return html`${empty(t("drive.cards.none"), t("drive.cards.none.more"), "credit-card")}${add}`;
  return html`<ul class="drive-runs">${items.map(card)}</ul>
    ${canRegister ? add : nothing}<p class="hint">${t("drive.cards.safe")}</p>`;
}

/** @param {OwnCard} each */
function card(each) {
  const name = cardName(each);
  return html`<li class="drive-run" data-card=${each.id}>
    <p class="drive-run-head"><strong>${each.issuer}</strong>${each.is_default ? html`<span class="drive-state" data-tone="good">${t("drive.cards.default")}</span>` : nothing}</p>
    <p class="number">${each.number_masked}</p>
    <div class="drive-pair-buttons">
      ${each.is_default ? nothing : html`<button class="button plain" ?disabled=${isSending(`/driver/cards/${each.id}/default`)} aria-label=${t("drive.cards.prefer.name", { name })} @click=${() => prefer(each)}>${t("drive.cards.prefer")}</button>`}
      <button class="button quiet" ?disabled=${isSending(`/driver/cards/${each.id}`)} aria-label=${t("drive.cards.remove", { name })} @click=${() => remove(each)}>${icon("trash-2")}${t("drive.cards.remove.yes")}</button>
    </div>
  </li>`;
}

/** Leave for the provider's window. */
async function openWindow() {
  const window_ = /** @type {{ url: string } | null} */ (await command(WINDOW, { return_path: RETURN }));
  if (window_) location.assign(inOurLanguage(window_.url));
}

/** @param {OwnCard} each */
async function prefer(each) {
  const read = await command(`/driver/cards/${each.id}/default`);
  if (read) await readAgain("cards", async () => read);
}

/** @param {OwnCard} each */
async function remove(each) {
  if (!(await ask({ title: t("drive.cards.remove", { name: cardName(each) }), text: t("drive.cards.remove.more"), yes: t("drive.cards.remove.yes"), no: t("drive.back"), danger: true }))) return;
  if (await command(`/driver/cards/${each.id}`, undefined, "DELETE")) reload("cards");
}

/** What the window came back with, until it is a card. @type {{ key: string, isRefused: boolean }} */
const returned = { key: "", isRefused: false };

/** Back from the window: what it gave becomes a card, however often the page is loaded. */
export function cardReturn() {
  const given = new URLSearchParams(location.search);
  const [authKey, customerKey] = [given.get("authKey"), given.get("customerKey")];
  if (!authKey || !customerKey) return left(t("drive.cards.left"), t("drive.cards.left.more"));
  if (returned.key !== customerKey) {
    Object.assign(returned, { key: customerKey, isRefused: false });
    void keep(authKey, customerKey);
  }
  return returned.isRefused ? left(t("drive.cards.refused"), t("drive.cards.refused.more")) : page(t("drive.cards.title"), "/drive/cards", html`<p class="loading" role="status">${t("drive.cards.keeping")}</p>`);
}

/** @param {string} authKey @param {string} customerKey */
async function keep(authKey, customerKey) {
  const made = /** @type {OwnCard | null} */ (await command("/driver/cards", { auth_key: authKey, customer_key: customerKey }));
  returned.isRefused = !made;
  if (!made) return reload("cards");
  replace("/drive/top-up");
  tell("good", t("drive.cards.kept", { name: cardName(made) }));
}

/** @param {string} title @param {string} more */
const left = (title, more) => page(t("drive.cards.title"), "/drive/cards", html`<div data-card-return="left">${empty(title, more, "credit-card")}</div>${link("/drive/cards", t("drive.cards.again"), "button primary wide drive-big")}`);
