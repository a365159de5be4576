/** One driver's file (R-041): facts, papers, application, and the account's suspensions with their history. */

import { page } from "../phone/page.js";
import { badge, button, facts, notice } from "../phone/parts.js";
import { count, html, icon, nothing, render, t } from "../phone/view.js";
import { answerAppeal } from "./appeals.js";
import { approve, lift, refuse, suspend } from "./driver_deeds.js";
import { balancePart } from "./driver_money.js";
import { rewards } from "./driver_rewards.js";
import { back, bare, callLink, DASH, date, driverLink, entries, head, onePage, part, told, when } from "./pieces.js";

/** @typedef {import("./shapes").DriverFile} DriverFile */
/** @typedef {import("./shapes").Suspension} Suspension */
/** @typedef {import("./shapes").Application} Application */
/** @typedef {() => Promise<void>} Again */

const TONES = /** @type {const} */ ({ applied: "warn", refused: "quiet", approved: "good", suspended: "bad" });
const APPLICATION_TONES = /** @type {const} */ ({ open: "warn", approved: "good", refused: "quiet" });

/** @param {HTMLElement} root @param {string} id */
export async function open(root, id) {
  /** @param {DriverFile} file @param {Again} again @returns {unknown} */
  const draw = (file, again) => view(file, again, () => render(draw(file, again), root));
  await onePage(root, () => `/console/drivers/${id}`, draw, render);
}

/** What is done, and then the page as it is now. @param {Promise<boolean>} deed @param {Again} again */
async function after(deed, again) {
  if (await deed) await again();
}

/** @param {DriverFile} file @param {Again} again @param {() => void} redraw */
function view(file, again, redraw) {
  return html`${back("/console/drivers", t("ops.drivers"))}
    ${head(file.name, badge(t(`ops.sign_up.${file.status}`), TONES[file.status]))}
    <div class="people-columns">
      <div class="people-column">${isWaiting(file) ? [applications(file, again), panel(file, again)] : [panel(file, again), applications(file, again)]}${rewards(file.id, file.rewards, redraw)}</div>
      <div class="people-column people-side">${about(file)}${balancePart(file.id, redraw)}${papers(file)}${documents(file)}</div>
    </div>`;
}

/** Whether somebody must decide. @param {DriverFile} file */
const isWaiting = (file) => file.applications.some((each) => each.state === "open");

/** @param {DriverFile} file */
function about(file) {
  return part(
    t("ops.facts"),
    facts([
      [t("ops.phone"), file.phone],
      [t("ops.driver.duty"), `${t(`ops.duty.${file.duty}`)} · ${when(file.duty_changed_at)}`],
      [t("ops.driver.services"), file.services.map((each) => t(`call.service.${each}`)).join(", ") || DASH],
      [t("ops.driver.call"), file.call_id ? callLink(file.call_id, file.call_number ?? DASH) : DASH],
      [t("ops.driver.runs"), count(file.runs)],
      [t("ops.driver.rating"), file.rating === null ? DASH : file.rating.toFixed(1)],
    ]),
  );
}

/** @param {DriverFile} file */
function papers(file) {
  const line = (/** @type {"licence" | "insurance"} */ what, /** @type {string | null} */ on) => {
    const near = file.expiries.find((each) => each.what === what);
    return /** @type {const} */ ([t(`ops.paper.${what}`), html`${on ? date(on) : nothing} ${!on && isWaiting(file) ? badge(t("ops.paper.waiting"), "warn") : expiry(on, near?.days)}`]);
  };
  return part(t("ops.papers"), facts([line("licence", file.licence_expires_on), line("insurance", file.insurance_expires_on)]), nothing, "papers");
}

/** @param {string | null} on @param {number | undefined} days left; undefined when far */
function expiry(on, days) {
  if (!on) return badge(t("ops.paper.missing"));
  if (days === undefined) return badge(t("ops.paper.good"), "good");
  if (days < 0) return badge(t("ops.paper.expired"), "bad");
  return badge(days ? t("ops.paper.days", { n: days }) : t("ops.paper.today"), "warn");
}

/** Read when it is opened, as each reading is kept. @param {DriverFile} file */
function documents(file) {
  const line = (/** @type {import("./shapes").ShownDocument} */ each) => {
    const [name, address] = [t(`ops.document.${each.kind}`), `${page.api}/console/drivers/${file.id}/documents/${each.kind}?v=${Date.parse(each.uploaded_at)}`];
    const told = html`<span class="document-name">${name}</span><small class="hint">${when(each.uploaded_at)} · ${kilobytes(each.size)}</small>`;
    if (!each.media_type.startsWith("image/")) return html`<li><a class="document-link" href=${address} download>${icon("file-text")}${told}</a></li>`;
    return html`<li><details class="document" ?open=${isWaiting(file)}><summary>${icon("image")}${told}</summary><img src=${address} alt=${name} loading="lazy" width="320" height="200"></details></li>`;
  };
  const missing = file.missing.map((each) => t(`ops.document.${each}`)).join(", ");
  return part(
    t("ops.documents"),
    html`${missing && file.status !== "approved" && file.status !== "suspended" ? notice(t("ops.documents.missing", { what: missing }), "warn") : nothing}
      ${file.documents.length ? html`<ul class="documents">${file.documents.map(line)}</ul><p class="hint">${t("ops.documents.kept")}</p>` : bare(t("ops.documents.none"))}`,
    nothing,
    "documents",
  );
}

/** @param {number} bytes */
const kilobytes = (bytes) => (bytes < 1_000_000 ? `${Math.max(1, Math.round(bytes / 1000))} KB` : `${(bytes / 1_000_000).toFixed(1)} MB`);

/** @param {DriverFile} file @param {Again} again */
function applications(file, again) {
  const line = (/** @type {Application} */ each) => html`<li data-application=${each.state}>
    <p class="entry-head"><strong>${each.name}</strong>${badge(t(`ops.application.${each.state}`), APPLICATION_TONES[each.state])}<time>${when(each.submitted_at)}</time></p>
    ${told(t("ops.paper.licence"), html`${t(`drive.licence.${each.licence_kind}`)} · <span class="number">${each.licence_masked}</span> · ${t("ops.through", { day: date(each.licence_expires_on) })}`)}
    ${told(t("ops.paper.insurance"), html`${each.insurer} · <span class="number">${each.policy_masked}</span> · ${t("ops.through", { day: date(each.insurance_expires_on) })}`)}
    ${told(t("ops.driver.services"), each.services.map((one) => t(`call.service.${one}`)).join(", "))}
    ${each.reason ? told(t("ops.application.refusal"), each.reason) : nothing}
    ${each.decided_at ? told(t("ops.application.decided"), when(each.decided_at)) : nothing}
    ${each.same_licence.length ? notice(t("ops.application.same_licence"), "warn", html`<span class="operators-badges">${each.same_licence.map((id, n) => driverLink(id, t("ops.application.other", { n: n + 1 })))}</span>`) : nothing}
    ${each.state === "open" ? decide(file, each, again) : nothing}
  </li>`;
  return part(t("ops.application"), file.applications.length ? entries(file.applications.map(line)) : bare(t("ops.application.none")), nothing, "applications");
}

/** @param {DriverFile} file @param {Application} application @param {Again} again */
function decide(file, application, again) {
  return html`<p class="entry-deeds">
    ${button(t("ops.approve"), () => after(approve(file.id, application), again), { kind: "primary", glyph: "check" })}
    ${button(t("ops.refuse"), () => after(refuse(file.id), again), { glyph: "x" })}
  </p>`;
}

/** The account's suspension information, and below it the history. @param {DriverFile} file @param {Again} again */
function panel(file, again) {
  const { active, history } = file.suspension;
  const deed = active
    ? button(t("ops.suspension.lift"), () => after(lift(file.id), again), { glyph: "rotate-ccw" })
    : file.status === "approved"
      ? button(t("ops.suspend"), () => after(suspend(file), again), { kind: "danger", glyph: "ban" })
      : nothing;
  return part(
    t("ops.suspension"),
    html`${active ? html`<div class="running" data-running>${lines(active)}</div>` : html`<p>${icon("circle-check")} ${t("ops.suspension.none")}</p>`}
      <h3 class="operators-sub">${t("ops.suspension.history")} <span class="count">${history.length}</span></h3>
      ${history.length ? entries(history.map((each) => entry(each, file, again))) : bare(t("ops.suspension.history.none"))}`,
    deed,
    "suspension",
  );
}

/** @param {Suspension} each @param {DriverFile} file @param {Again} again */
function entry(each, file, again) {
  const isRunning = file.suspension.active?.id === each.id;
  return html`<li data-suspension=${isRunning ? "running" : "over"}>
    <p class="entry-head"><strong>${reasonWords(each.reason)}</strong>${isRunning ? badge(t("ops.suspension.running"), "bad") : each.lifted_at ? badge(t("ops.lifted"), "good") : badge(t("ops.over"))}</p>
    ${isRunning ? nothing : lines(each, false)}
    ${each.lifted_at ? told(t("ops.lifted"), [when(each.lifted_at), each.lifted_by, each.lift_reason].filter(Boolean).join(" · ")) : nothing}
    ${each.appeal ? appeal(each.appeal, file.name, again) : nothing}
  </li>`;
}

/** Why, on what evidence, how long, by whom. @param {Suspension} each @param {boolean} [isWhole] */
function lines(each, isWhole = true) {
  return html`<div class="told-list">
    ${isWhole ? told(t("ops.reason"), html`<strong>${reasonWords(each.reason)}</strong>`) : nothing}
    ${told(t("ops.suspension.evidence"), each.evidence || DASH)}
    ${told(t("ops.period"), `${when(each.starts_at)} – ${each.ended_at || each.ends_at ? when(each.ended_at ?? each.ends_at) : t("ops.suspension.open_end")}`)}
    ${told(t("ops.suspension.by"), each.by_hand ? (each.decided_by ?? DASH) : t("ops.suspension.by_rule"))}
  </div>`;
}

/** @param {import("./shapes").Appeal} each @param {string} driver @param {Again} again */
function appeal(each, driver, again) {
  const verdict = each.upheld === null ? badge(t("ops.appeal.waiting"), "warn") : each.upheld ? badge(t("ops.appeal.upheld"), "good") : badge(t("ops.appeal.refused"));
  return html`<div class="appeal">
    <p class="entry-head"><strong>${t("ops.appeal")}</strong>${verdict}<time>${when(each.at)}</time></p>
    <p class="prose">${each.text}</p>
    ${each.answer ? told(t("ops.appeal.answer"), html`${each.answer} <small class="hint">${when(each.answered_at)}</small>`) : nothing}
    ${each.answered_at ? nothing : html`<p class="entry-deeds">${button(t("ops.appeal.do"), () => after(answerAppeal(each, driver), again), { kind: "primary" })}</p>`}
  </div>`;
}

/** A code of our own has words; what a person wrote is shown as it is. @param {string} reason */
function reasonWords(reason) {
  const key = `drive.suspension.reason.${reason}`;
  const words = t(key);
  return words === key ? reason : words;
}
