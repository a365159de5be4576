/** Notices to drivers, customers or both: those shown, those to come, those that are over. */

import { area, badge, button, field, select, tag } from "../phone/parts.js";
import { html, nothing, render, t } from "../phone/view.js";
import { page } from "../phone/page.js";
import { act } from "./deeds.js";
import { entries, head, listing, none, told, when } from "./pieces.js";

/** @typedef {import("./shapes").Notice} Notice */

const AUDIENCES = ["drivers", "customers", "all"];
const LONGEST_TITLE = 60;
const LONGEST_BODY = 2_000;
const TONES = /** @type {const} */ ({ shown: "good", planned: "accent", ended: "quiet", withdrawn: "quiet" });

/** @param {HTMLElement} root */
export async function open(root) {
  const draw = () => render(view(), root);
  const list = /** @type {import("./pieces").Listing<Notice>} */ (listing(() => "/console/notices", draw));
  const add = async () => {
    if (await write()) await list.read();
  };
  const view = () => html`${head(t("ops.notices"), button(t("ops.notice.new"), add, { kind: "primary", glyph: "plus" }))}
    ${list.draw((items) => html`<section class="card">${entries(items.map((each) => line(each, list.read)))}</section>`, none(t("ops.notices.none"), "bell"))}`;
  await list.read();
}

/** @param {Notice} each @returns {keyof typeof TONES} */
function standingOf(each) {
  const now = Date.now();
  if (each.withdrawn_at) return "withdrawn";
  if (each.shown_until && Date.parse(each.shown_until) <= now) return "ended";
  return Date.parse(each.shown_from) > now ? "planned" : "shown";
}

/** @param {Notice} each @param {() => Promise<void>} again */
function line(each, again) {
  const standing = standingOf(each);
  const [title, body, other] = page.lang === "ko" ? [each.title_ko, each.body_ko, each.title_en] : [each.title_en, each.body_en, each.title_ko];
  const withdraw = async () => {
    const done = await act({
      title: t("ops.notice.withdraw.title"),
      text: title,
      yes: t("ops.notice.withdraw"),
      danger: true,
      path: `/console/notices/${each.id}`,
      method: "DELETE",
      body: () => undefined,
      isReasonless: true,
    });
    if (done) await again();
  };
  return html`<li data-notice=${standing}>
    <p class="entry-head"><strong>${title}</strong>${badge(t(`ops.notice.${standing}`), TONES[standing])}${tag(t(`ops.audience.${each.audience}`))}</p>
    ${body ? html`<p class="prose">${body}</p>` : nothing}
    ${told(page.lang === "ko" ? t("ops.notice.in_english") : t("ops.notice.in_korean"), other)}
    ${told(t("ops.period"), `${when(each.shown_from)} – ${each.shown_until ? when(each.shown_until) : t("ops.notice.no_end")}`)}
    ${each.withdrawn_at ? told(t("ops.notice.withdrawn"), when(each.withdrawn_at)) : nothing}
    ${each.created_by ? told(t("ops.notice.by"), each.created_by) : nothing}
    ${standing === "shown" || standing === "planned" ? html`<p class="entry-deeds">${button(t("ops.notice.withdraw"), withdraw)}</p>` : nothing}
  </li>`;
}

/** A new notice in both languages; true when it was written. @returns {Promise<boolean>} */
function write() {
  const typed = { audience: "drivers", title_ko: "", title_en: "", body_ko: "", body_en: "", shown_from: "", shown_until: "" };
  const audiences = AUDIENCES.map((value) => ({ value, label: t(`ops.audience.${value}`) }));
  const instant = (/** @type {string} */ local) => (local ? new Date(`${local}:00+09:00`).toISOString() : null);
  return act({
    title: t("ops.notice.new"),
    yes: t("ops.notice.write"),
    path: "/console/notices",
    isReasonless: true,
    isReady: () => Boolean(typed.title_ko.trim() && typed.title_en.trim()),
    body: () => ({ ...typed, shown_from: instant(typed.shown_from), shown_until: instant(typed.shown_until) }),
    more: (redraw) => {
      const set = (/** @type {keyof typeof typed} */ name) => (/** @type {string} */ value) => {
        typed[name] = value;
        redraw();
      };
      return html`
        ${select("audience", t("ops.notice.audience"), audiences, typed.audience, set("audience"))}
        ${field("title_ko", t("ops.notice.title_ko"), typed.title_ko, set("title_ko"), { maxlength: LONGEST_TITLE, required: true })}
        ${area("body_ko", t("ops.notice.body_ko"), typed.body_ko, set("body_ko"), { maxlength: LONGEST_BODY })}
        ${field("title_en", t("ops.notice.title_en"), typed.title_en, set("title_en"), { maxlength: LONGEST_TITLE, required: true })}
        ${area("body_en", t("ops.notice.body_en"), typed.body_en, set("body_en"), { maxlength: LONGEST_BODY })}
        ${field("shown_from", t("ops.notice.from"), typed.shown_from, set("shown_from"), { type: "datetime-local", hint: t("ops.notice.from.hint") })}
        ${field("shown_until", t("ops.notice.until"), typed.shown_until, set("shown_until"), { type: "datetime-local", hint: t("ops.notice.until.hint") })}`;
    },
  });
}
