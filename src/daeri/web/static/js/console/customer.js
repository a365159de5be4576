/** One customer: who they are, what counts against them, whom they never meet, what they said and reported. */

import { badge, button, facts, notice, progress, stars, tag } from "../phone/parts.js";
import { count, html, nothing, render, t, won } from "../phone/view.js";
import { openCase } from "./case_sheet.js";
import { act } from "./deeds.js";
import { liftButton, standing as wishStanding } from "./never_meet.js";
import { back, bare, callLink, caseBadge, driverLink, entries, head, onePage, part, told, when } from "./pieces.js";

/** @typedef {import("./shapes").CustomerPage} CustomerPage */
/** @typedef {() => Promise<void>} Again */

/** @param {HTMLElement} root @param {string} id */
export async function open(root, id) {
  await onePage(root, () => `/console/customers/${id}`, view, render);
}

/** @param {CustomerPage} found @param {Again} again */
function view(found, again) {
  const { customer } = found;
  return html`${back("/console/customers", t("ops.customers"))}
    ${head(customer.name || t("ops.nameless"), customer.restricted_until ? badge(t("ops.restricted"), "bad") : nothing)}
    <div class="people-columns">
      <div class="people-column">${cancels(found, again)}${wishes(found, again)}${ratings(found)}${cases(found, again)}</div>
      <div class="people-column people-side">${about(found)}${claims(found)}${standing(found, again)}${restrictions(found)}</div>
    </div>`;
}

/** @param {CustomerPage} found */
function about({ customer }) {
  return part(
    t("ops.facts"),
    facts([
      [t("ops.phone"), customer.phone],
      [t("ops.customers.joined"), when(customer.joined_at)],
      [t("ops.customers.calls"), count(customer.calls)],
      [t("ops.customers.completed"), count(customer.completed)],
      [t("ops.customers.last_call"), when(customer.last_call_at)],
    ]),
  );
}

/** Rides that were not paid; nothing where there is none. @param {CustomerPage} found */
function claims({ claims: found, claims_block }) {
  if (!found.length) return nothing;
  const line = (/** @type {import("./money_shapes").Claim} */ each) => html`<li>
    <p class="entry-head">${callLink(each.call_id, each.number)}<strong class="money-owed">${won(each.amount)}</strong><time>${when(each.since)}</time></p>
    <p>${each.reason ? t(`money.claim.${each.reason}`) : nothing}</p>
  </li>`;
  const sum = won(found.reduce((all, each) => all + each.amount, 0));
  return part(t("money.claims"), html`${claims_block ? notice(t("money.claims.blocks"), "bad") : nothing}${entries(found.map(line))}`, html`<strong class="money-owed">${sum}</strong>`, "claims");
}

/** What counts now, what is allowed, and what holds now (I-008). @param {CustomerPage} found @param {Again} again */
function standing({ customer, limit, window_days, length_hours }, again) {
  const lift = async () => {
    const done = await act({
      title: t("ops.restriction.lift"),
      text: t("ops.restriction.lift.text"),
      yes: t("ops.lift"),
      path: `/console/customers/${customer.id}/lift-restriction`,
    });
    if (done) await again();
  };
  const told = t("ops.standing.count", { n: customer.cancels, limit });
  return part(
    t("ops.standing"),
    html`${customer.restricted_until ? notice(t("ops.standing.until", { until: when(customer.restricted_until) }), "bad") : nothing}
      <p class="standing-count" ?data-over=${customer.cancels >= limit}>${told}</p>
      ${progress(told, limit ? customer.cancels / limit : 1)}
      <p class="hint">${t("ops.standing.rule", { days: window_days, limit, hours: length_hours })}</p>
      ${customer.restricted_until ? html`<p>${button(t("ops.restriction.lift"), lift, { wide: true })}</p>` : nothing}`,
    nothing,
    "standing",
  );
}

/** @param {CustomerPage} found @param {Again} again */
function cancels({ customer, cancels: found }, again) {
  const forgive = async (/** @type {import("./shapes").Cancel} */ each) => {
    const done = await act({
      title: t("ops.forgive.title", { number: each.call_number }),
      text: customer.restricted_until ? t("ops.forgive.text.restricted") : t("ops.forgive.text"),
      yes: t("ops.forgive"),
      path: `/console/calls/${each.call_id}/forgive-cancellation`,
    });
    if (done) await again();
  };
  const line = (/** @type {import("./shapes").Cancel} */ each) => html`<li data-cancel=${each.call_number}>
    <p class="entry-head">${callLink(each.call_id, each.call_number)}${counted(each)}<time>${when(each.at)}</time></p>
    ${told(t("ops.cancel.from"), t(`call.state.${each.cancelled_from}`))}
    ${each.forgiven_at ? told(t("ops.forgiven"), `${when(each.forgiven_at)} · ${each.forgiven_by ?? ""} · ${each.forgiven_for ?? ""}`) : nothing}
    ${each.counts ? html`<p class="entry-deeds">${button(t("ops.forgive"), () => forgive(each))}</p>` : nothing}
  </li>`;
  return part(t("ops.cancels"), found.length ? entries(found.map(line)) : bare(t("ops.cancels.none")), nothing, "cancels");
}

/** @param {import("./shapes").Cancel} each */
function counted(each) {
  if (each.counts) return badge(t("ops.cancel.counts"), "warn");
  return each.forgiven_at ? badge(t("ops.cancel.forgiven"), "good") : badge(t("ops.cancel.old"));
}

/** @param {CustomerPage} found */
function restrictions({ restrictions: found }) {
  const line = (/** @type {import("./shapes").Restriction} */ each) => html`<li>
    <p class="entry-head"><strong>${t(`restriction.reason.${each.reason}`)}</strong>${held(each)}</p>
    ${told(t("ops.period"), `${when(each.starts_at)} – ${when(each.ends_at)}`)}
    ${told(t("ops.restriction.why"), t("ops.restriction.rule", { count: each.count, limit: each.limit, days: each.window_days, version: each.policy_version }))}
    ${each.lifted_at ? told(t("ops.lifted"), [when(each.lifted_at), each.lifted_by, each.lifted_for].filter(Boolean).join(" · ")) : nothing}
  </li>`;
  return part(t("ops.restrictions"), found.length ? entries(found.map(line)) : bare(t("ops.restrictions.none")), nothing, "restrictions");
}

/** @param {import("./shapes").Restriction} each */
function held(each) {
  if (each.lifted_as) return badge(t(`restriction.lifted.${each.lifted_as}`));
  return Date.parse(each.ends_at) > Date.now() ? badge(t("ops.restriction.running"), "bad") : badge(t("ops.over"));
}

/** @param {CustomerPage} found @param {Again} again */
function wishes({ never_meet }, again) {
  const line = (/** @type {import("./shapes").NeverMeet} */ each) => html`<li>
    <p class="entry-head">${driverLink(each.driver_id, each.driver)}${wishStanding(each)}<time>${when(each.asked_at)}</time></p>
    ${told(t("ops.never_meet.asked_by"), t(`actor.${each.asked_by}`))}
    ${told(t("ops.case.call"), callLink(each.call_id, each.call_number))}
    ${each.reason ? told(t("ops.reason"), each.reason) : nothing}
    ${each.lifted_at ? nothing : html`<p class="entry-deeds">${liftButton(each, again)}</p>`}
  </li>`;
  return part(t("ops.never_meet"), never_meet.length ? entries(never_meet.map(line)) : bare(t("ops.never_meet.none")), nothing, "never-meet");
}

/** @param {CustomerPage} found */
function ratings({ ratings: found }) {
  const line = (/** @type {import("./shapes").Rating} */ each) => html`<li>
    <p class="entry-head">${stars(t("phone.stars", { n: each.stars }), each.stars)}${driverLink(each.driver_id, each.driver)}${callLink(each.call_id, each.call_number)}<time>${when(each.rated_at)}</time></p>
    ${each.tags.length ? html`<p class="operators-badges">${each.tags.map((one) => tag(t(`rating.tag.${one}`)))}</p>` : nothing}
    ${each.comment ? html`<p class="prose">${each.comment}</p>` : nothing}
  </li>`;
  return part(t("ops.ratings"), found.length ? entries(found.map(line)) : bare(t("ops.ratings.none")));
}

/** @param {CustomerPage} found @param {Again} again */
function cases({ cases: found }, again) {
  const show = async (/** @type {import("./shapes").Case} */ each) => {
    if (await openCase(each)) await again();
  };
  const line = (/** @type {import("./shapes").Case} */ each) => html`<li>
    <p class="entry-head"><button type="button" class="link number" @click=${() => show(each)}>${each.number}</button>${caseBadge(each)}${tag(t(`case.kind.${each.kind}`))}<time>${when(each.opened_at)}</time></p>
    <p class="prose">${each.text}</p>
  </li>`;
  return part(t("ops.cases"), found.length ? entries(found.map(line)) : bare(t("ops.cases.none")));
}
