/**
 * The money of a ride on the page of its call: what may be done at the foot of the trip's information (R-115), and below
 * it the bill with all that was asked of the card provider.
 */

import { get, Problem, send, session } from "../phone/client.js";
import { button, facts, failed, linkButton, notice, progress } from "../phone/parts.js";
import { toast } from "../phone/sheet.js";
import { clock, day, html, icon, nothing, render, t, won } from "../phone/view.js";
import { config, one } from "../words.js";
import { billBadge, cancelBadge, cardName, chargeBadge, due, said, taskBadge, who, whyNot } from "./money.js";
import { adjust, agree, cash, settle, transfer, writeOff } from "./payment_deeds.js";
import { callLink, entries, part, told, when } from "./pieces.js";

/** @typedef {import("./money_shapes").Payment} Payment */
/** @typedef {import("./money_shapes").Bill} Bill */
/** @typedef {import("./money_shapes").Charge} Charge */
/** @typedef {import("./money_shapes").Cancel} Cancel */

const SOON_MS = 1_500;
const LATER_MS = 10_000;
const PATIENCE_MS = 60_000; // how long the provider is thought to answer at once
const USUAL_MS = 15_000; // sooner nobody need ask again
const root = one("#call-payment");
const id = root.dataset["subject"] ?? "";
const fare = root.dataset["fare"] ? Number(root.dataset["fare"]) : null;

/** @type {Payment | null} */
let payment = null;
/** @type {Problem | null} */
let problem = null;
let [timer, askedSince, isHidden] = [0, 0, false];

async function read() {
  clearTimeout(timer);
  try {
    payment = await get(`/console/calls/${id}/payment`);
    problem = null;
  } catch (raised) {
    if (!(raised instanceof Problem)) throw raised;
    isHidden = raised.code === "not_permitted";
    problem = raised;
  }
  draw();
  plan();
}

/** While the provider is asked, there is an answer to come. */
function plan() {
  const waits = payment?.is_under_way || (problem?.isPassing ?? false);
  if (!waits) {
    askedSince = 0;
    return;
  }
  askedSince ||= Date.now();
  timer = window.setTimeout(read, Date.now() - askedSince < PATIENCE_MS ? SOON_MS : LATER_MS);
}

function draw() {
  const place = document.querySelector("[data-money]");
  if (isHidden || !(place instanceof HTMLElement)) return;
  if (!payment) {
    render(problem ? failed(problem, read) : nothing, place);
    return;
  }
  render(foot(payment), place);
  const isOwn = payment.call_id === payment.original.id && !payment.room;
  render(isOwn && payment.bill ? whole(payment, payment.bill) : nothing, root);
}

/** Done or refused: somebody else may have been faster. @param {Promise<boolean>} deed */
async function after(deed) {
  await deed;
  await read();
}

// --- at the foot of the trip's information

/** @param {Payment} found */
function foot(found) {
  if (found.room) return atTheRoom(found.room);
  if (found.call_id !== found.original.id) {
    return frame(nothing, html`<p>${t("money.on_original")} ${callLink(found.original.id, found.original.number)}</p>`);
  }
  const { bill } = found;
  return frame(
    bill ? html`${billBadge(bill)}<strong class="money-sum">${won(bill.amount)}</strong><span class="hint">${t(`money.method.${bill.method}`)}</span>` : nothing,
    html`${bill?.claim_reason && bill.state === "claimed" ? notice(t(`money.claim.${bill.claim_reason}`), "bad") : nothing}
      ${waiting(found)} ${wished(found)} ${deeds(found)}
      ${found.goes_on ? html`<p class="hint">${t("money.goes_on")} ${callLink(found.goes_on.id, found.goes_on.number)} · ${t(`call.state.${found.goes_on.state}`)}</p>` : nothing}`,
  );
}

/** @param {unknown} end @param {unknown} content */
const frame = (end, content) => html`<section class="money-foot" aria-labelledby="money-title">
  <header class="money-head"><h3 id="money-title">${t("money.title")}</h3>${end}</header>${content}</section>`;

/** A partner's customer pays there, and nothing of it is seen here (R-029). @param {NonNullable<Payment["room"]>} room */
function atTheRoom(room) {
  const name = config.lang === "en" ? room.name_en : room.name_ko;
  const call = room.phone ? linkButton(room.phone, `tel:${room.phone}`, { glyph: "phone" }) : html`<span class="hint">${t("money.room.no_phone")}</span>`;
  return frame(nothing, html`<p>${t("money.room.text", { name })}</p><p class="money-room"><strong>${name}</strong>${call}</p>`);
}

/** @param {Payment} found */
function waiting(found) {
  if (!found.is_under_way) return nothing;
  const cancels = found.charges.flatMap((each) => each.cancels).filter((each) => !each.ended_at);
  const charge = found.charges.find((each) => !each.ended_at);
  const isUnknown = charge?.state === "unknown" || cancels.some((each) => each.state === "unknown");
  const amount = won(cancels[0]?.amount ?? charge?.amount);
  const asked = cancels.length ? t("money.waiting.cancel", { amount }) : t("money.waiting.charge", { amount });
  const text = isUnknown ? t("money.waiting.unknown") : asked;
  return html`<div class="money-waiting" role="status"><p>${text}</p>${progress(text)}</div>`;
}

/** Another fare was agreed than is billed. @param {Payment} found */
function wished({ agreed, bill, deeds: may, goes_on }) {
  if (!agreed) return nothing;
  const text = t("money.agreed.is", { amount: won(agreed.amount), by: agreed.by });
  if (!bill || agreed.amount === bill.amount) return notice(text);
  const isToDo = may.adjust.allowed && goes_on?.state === "completed";
  return notice(isToDo ? t("money.agreed.to_do", { amount: won(agreed.amount), before: won(bill.amount) }) : text, isToDo ? "warn" : "info");
}

/** @param {Payment} found */
function deeds(found) {
  const { bill, deeds: may } = found;
  const isGoingOn = found.goes_on !== null || found.original.state === "cancelled_after_assignment";
  const shown = [
    bill && may.settle.allowed ? button(t("money.settle"), () => after(settle(found, bill)), { kind: "primary", glyph: "credit-card" }) : nothing,
    bill && may.adjust.allowed ? button(t("money.adjust"), () => after(adjust(found, bill)), { glyph: "arrow-up-down" }) : nothing,
    may.agree.allowed && isGoingOn ? button(t("money.agree"), () => after(agree(found, fare))) : nothing,
    may.ask_again.allowed && isLate(found) ? button(t("money.ask_again"), askAgain, { glyph: "refresh-cw" }) : nothing,
    bill && may.transfer.allowed ? button(t("money.transfer"), () => after(transfer(found)), { kind: "quiet" }) : nothing,
    bill && may.cash_received.allowed ? button(t("money.cash.received"), () => after(cash(found, bill, true)), { kind: "quiet" }) : nothing,
    bill && may.cash_not_received.allowed ? button(t("money.cash.not_received"), () => after(cash(found, bill, false)), { kind: "quiet" }) : nothing,
    bill && may.write_off.allowed ? button(t("money.write_off"), () => after(writeOff(found, bill)), { kind: "quiet" }) : nothing,
  ].filter((each) => each !== nothing);
  return html`${shown.length ? html`<div class="tools-row">${shown}</div>` : nothing}${found.is_under_way ? nothing : refusals(may)}`;
}

/** Whether the provider takes longer than it does. @param {Payment} found */
function isLate({ charges }) {
  const asked = charges.flatMap((each) => [each, ...each.cancels]).filter((each) => !each.ended_at);
  return asked.some((each) => each.state === "unknown" || Date.now() - Date.parse(each.at) > USUAL_MS);
}

/** Why the two that people look for are not there; once, where it is the same. @param {Payment["deeds"]} may */
function refusals({ settle: one, adjust: two }) {
  if (one.reason && one.reason === two.reason) return html`<p class="hint">${whyNot(one.reason)}</p>`;
  return html`${one.reason ? html`<p class="hint">${t("money.settle")}: ${whyNot(one.reason)}</p>` : nothing}
    ${two.reason ? html`<p class="hint">${t("money.adjust")}: ${whyNot(two.reason)}</p>` : nothing}`;
}

async function askAgain() {
  try {
    payment = await send(`/console/calls/${id}/payment/ask-again`);
    askedSince = 0;
    toast(t("money.asked"), "good");
  } catch (raised) {
    if (!(raised instanceof Problem)) throw raised;
    toast(raised.detail, "bad");
  }
  await read();
}

// --- the bill, and what was asked of the provider

/** @param {Payment} found @param {Bill} bill */
function whole(found, bill) {
  const open = found.tasks.filter((each) => !each.done_at);
  return part(
    t("money.bill"),
    html`<div class="operators-columns">
        <div>${facts(lines(found, bill))}</div>
        <div>${open.length ? html`<h3>${t("money.tasks")}</h3>${entries(open.map(task))}` : nothing}
          ${found.charges.length ? html`<h3>${t("money.charges")}</h3>${entries(found.charges.map(charge))}` : html`<p class="hint">${t("money.charges.none")}</p>`}</div>
      </div>
      <h3>${t("money.history")}</h3>
      <ol class="timeline">${found.history.map(event)}</ol>`,
    billBadge(bill),
    "payment",
  );
}

/** @param {Payment} found @param {Bill} bill @returns {[string, unknown][]} */
function lines(found, bill) {
  /** @type {[string, unknown][]} */
  const all = [
    [t(`money.kind.${bill.kind}`), html`<strong>${won(bill.amount)}</strong>`],
    [t("money.commission", { percent: bill.commission_percent }), won(bill.commission)],
    [t("money.premium"), won(bill.premium)],
    [t("money.net"), won(bill.net)],
    [t("money.payer"), `${bill.payer_name} · ${t(`money.payer.${bill.payer}`)}`],
    [t("money.method"), t(`money.method.${bill.method}`)],
  ];
  if (found.outstanding) all.push([t("money.outstanding"), html`<strong class="money-owed">${won(found.outstanding)}</strong>`]);
  if (bill.settled_at) all.push([t("money.settled_at"), when(bill.settled_at)]);
  if (bill.claimed_at && bill.state === "claimed") all.push([t("money.claimed_at"), when(bill.claimed_at)]);
  if (found.agreed) all.push([t("money.agreed"), `${won(found.agreed.amount)} · ${found.agreed.by}`]);
  return all;
}

/** @param {import("./money_shapes").Task} each */
function task(each) {
  return html`<li><p class="entry-head">${taskBadge(each)}${due(each, Date.now())}</p>
    <p>${t(`money.task.what.${each.kind}`)}</p>
    ${told(t("money.task.owner"), each.owner ?? t("money.task.nobody"))}</li>`;
}

/** @param {Charge} each */
function charge(each) {
  return html`<li data-charge=${each.state}>
    <p class="entry-head"><strong>${won(each.amount)}</strong>${chargeBadge(each)}<time>${when(each.at)}</time></p>
    <p>${t(`money.purpose.${each.purpose}`)}${each.card ? html` · ${cardName(each.card)}` : nothing}</p>
    ${each.refusal ? told(t("money.refusal"), t(`money.refusal.${each.refusal}`)) : nothing}
    ${each.attempts > 1 ? told(t("money.attempts"), t("money.attempts.n", { n: each.attempts })) : nothing}
    ${told(t("money.by"), who(each))}
    ${each.cancels.map(cancel)}
  </li>`;
}

/** @param {Cancel} each */
function cancel(each) {
  return html`<div class="money-cancel" data-cancel=${each.state}>
    <p class="entry-head">${icon("corner-up-right")}<span>${t("money.cancel.of", { amount: won(each.amount) })}</span>${cancelBadge(each)}<time>${when(each.at)}</time></p>
    ${each.then_amount === null ? nothing : told(t("money.cancel.then"), won(each.then_amount))}
    ${told(t("ops.reason"), said(each.reason))}
    ${each.refusal ? told(t("money.refusal"), t(`money.refusal.${each.refusal}`)) : nothing}
    ${told(t("money.by"), who(each))}
  </div>`;
}

/** @param {import("./money_shapes").Happened} each */
function event(each) {
  const change = each.amount_before === null ? won(each.amount) : `${won(each.amount_before)} → ${won(each.amount)}`;
  const more = [
    each.amount === null ? "" : change,
    each.how ? t(`money.how.${each.how}`) : "",
    each.refusal ? t(`money.refusal.${each.refusal}`) : "",
    each.kind === "bill.claimed" && each.reason ? t(`money.claim.${each.reason}`) : said(each.reason),
  ].filter(Boolean);
  return html`<li data-kind=${each.kind}>
    <span class="timeline-at"><time datetime=${each.at} title=${when(each.at)}>${day(each.at)} ${clock(each.at)}</time></span>
    <span class="timeline-what">${t(`money.event.${each.kind}`)} <span class="timeline-more">${more.join(" · ")}</span></span>
    <span class="timeline-who">${who(each)}</span>
  </li>`;
}

const page = one("[data-call]");
// The call's own part of the page is drawn anew when the call changes, and with it the place at its foot.
page.addEventListener("htmx:afterSwap", draw);
page.addEventListener("refresh", () => void read());
// Others may have done something while nobody looked.
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && void read());
await session();
await read();
