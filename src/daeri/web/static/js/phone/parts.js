/** The components that the apps' screens are made of: twins of templates/parts.html, styled by css/parts.css. */

import { html, icon, nothing, t } from "./view.js";

export { icon };

/** @typedef {{ kind?: "primary" | "plain" | "quiet" | "danger", glyph?: string, busy?: boolean, disabled?: boolean, wide?: boolean, submit?: boolean }} ButtonLook */

/** @param {string} text @param {(event: Event) => void} press @param {ButtonLook} [look] */
export function button(text, press, { kind = "plain", glyph = "", busy = false, disabled = false, wide = false, submit = false } = {}) {
  return html`<button
    type=${submit ? "submit" : "button"}
    class="button ${kind} ${wide ? "wide" : ""}"
    ?disabled=${disabled || busy}
    aria-busy=${busy ? "true" : "false"}
    @click=${submit ? nothing : press}
  >${busy ? spinner() : glyph ? icon(glyph) : nothing}<span>${text}</span></button>`;
}

/** A link that looks like a button. @param {string} text @param {string} href @param {ButtonLook} [look] */
export function linkButton(text, href, { kind = "plain", glyph = "", wide = false } = {}) {
  return html`<a class="button ${kind} ${wide ? "wide" : ""}" href=${href}>${glyph ? icon(glyph) : nothing}<span>${text}</span></a>`;
}

/** A button of one drawing. @param {string} glyph @param {string} label @param {(event: Event) => void} press */
export function iconButton(glyph, label, press) {
  return html`<button type="button" class="icon-button" aria-label=${label} @click=${press}>${icon(glyph)}</button>`;
}

export function spinner() {
  return html`<span class="spinner" aria-hidden="true"></span>`;
}

/** @param {unknown} content @param {string} [title] */
export function card(content, title = "") {
  return html`<section class="card">${title ? html`<h2 class="card-head">${title}</h2>` : nothing}${content}</section>`;
}

/** Colour helps, the word says it. @param {string} text @param {"good" | "warn" | "bad" | "busy" | "accent" | "quiet"} [tone] */
export function badge(text, tone = "quiet") {
  return html`<span class="badge" data-tone=${tone}>${text}</span>`;
}

/** @param {string} text */
export function tag(text) {
  return html`<span class="tag">${text}</span>`;
}

/**
 * @typedef {object} FieldLook
 * @property {string} [type]
 * @property {string} [hint]
 * @property {string} [wrong] what is wrong with what was typed
 * @property {string} [placeholder]
 * @property {"text" | "numeric" | "tel" | "decimal" | "search" | "email"} [inputmode]
 * @property {AutoFill} [autocomplete]
 * @property {number} [maxlength]
 * @property {boolean} [required]
 * @property {string} [suffix] what stands behind the figure: 원, km
 */

/** @param {string} name @param {string} label @param {string} value @param {(value: string) => void} typed @param {FieldLook} [look] */
export function field(name, label, value, typed, look = {}) {
  const { type = "text", hint = "", wrong = "", placeholder = "", inputmode = "text", autocomplete = "off", maxlength = 200, required = false, suffix = "" } = look;
  const told = [hint ? `h-${name}` : "", wrong ? `w-${name}` : ""].filter(Boolean).join(" ");
  return html`<div class="field" ?data-wrong=${Boolean(wrong)}>
    <label for="f-${name}">${label}</label>
    <span class="field-box">
      <input id="f-${name}" name=${name} type=${type} .value=${value} placeholder=${placeholder} inputmode=${inputmode}
        autocomplete=${autocomplete} maxlength=${maxlength} ?required=${required} aria-invalid=${wrong ? "true" : "false"}
        aria-describedby=${told || nothing} @input=${heard(typed)}>
      ${suffix ? html`<span class="field-suffix">${suffix}</span>` : nothing}
    </span>
    ${hint ? html`<p class="hint" id="h-${name}">${hint}</p>` : nothing}
    ${wrong ? html`<p class="wrong" id="w-${name}">${icon("circle-alert")}${wrong}</p>` : nothing}
  </div>`;
}

/** @param {string} name @param {string} label @param {string} value @param {(value: string) => void} typed @param {{ hint?: string, maxlength?: number, rows?: number, placeholder?: string }} [look] */
export function area(name, label, value, typed, { hint = "", maxlength = 1000, rows = 3, placeholder = "" } = {}) {
  return html`<div class="field">
    <label for="f-${name}">${label}</label>
    <textarea id="f-${name}" name=${name} rows=${rows} maxlength=${maxlength} placeholder=${placeholder} .value=${value}
      aria-describedby=${hint ? `h-${name}` : nothing} @input=${heard(typed)}></textarea>
    ${hint ? html`<p class="hint" id="h-${name}">${hint}</p>` : nothing}
  </div>`;
}

/** @param {string} name @param {string} label @param {readonly { value: string, label: string }[]} options @param {string} chosen @param {(value: string) => void} choose */
export function select(name, label, options, chosen, choose) {
  return html`<div class="field">
    <label for="f-${name}">${label}</label>
    <select id="f-${name}" name=${name} @change=${heard(choose)}>
      ${options.map((each) => html`<option value=${each.value} ?selected=${each.value === chosen}>${each.label}</option>`)}
    </select>
  </div>`;
}

/** @param {(value: string) => void} hear @returns {(event: Event) => void} */
function heard(hear) {
  return (event) => {
    const { target } = event;
    if (target instanceof HTMLInputElement || target instanceof HTMLSelectElement || target instanceof HTMLTextAreaElement) hear(target.value);
  };
}

/** On or off, at once. @param {string} label @param {boolean} isOn @param {(isOn: boolean) => void} turn @param {{ hint?: string, disabled?: boolean }} [look] */
export function toggle(label, isOn, turn, { hint = "", disabled = false } = {}) {
  return html`<button type="button" class="toggle" role="switch" aria-checked=${isOn ? "true" : "false"} ?disabled=${disabled} @click=${() => turn(!isOn)}>
    <span class="row-main"><span>${label}</span>${hint ? html`<small>${hint}</small>` : nothing}</span>
    <span class="toggle-track" aria-hidden="true"></span>
  </button>`;
}

/** One of a few that all fit beside each other. @param {string} label @param {readonly { value: string, label: string }[]} options @param {string} chosen @param {(value: string) => void} choose */
export function segments(label, options, chosen, choose) {
  return html`<div class="segments" role="group" aria-label=${label}>
    ${options.map((each) => html`<button type="button" aria-pressed=${each.value === chosen ? "true" : "false"} @click=${() => choose(each.value)}>${each.label}</button>`)}
  </div>`;
}

/** Views of one thing. @param {string} label @param {readonly { value: string, label: string }[]} options @param {string} chosen @param {(value: string) => void} choose */
export function tabs(label, options, chosen, choose) {
  return html`<div class="tabs" role="tablist" aria-label=${label}>
    ${options.map((each) => html`<button type="button" role="tab" aria-selected=${each.value === chosen ? "true" : "false"} @click=${() => choose(each.value)}>${each.label}</button>`)}
  </div>`;
}

/** @typedef {{ glyph?: string, hint?: string, end?: unknown, href?: string, press?: () => void }} RowLook */

/** A row of a list: a link, a button, or only words. @param {unknown} text @param {RowLook} [look] */
export function row(text, { glyph = "", hint = "", end = nothing, href, press } = {}) {
  const leads = href !== undefined || press !== undefined;
  const content = html`${glyph ? icon(glyph) : nothing}
    <span class="row-main"><span>${text}</span>${hint ? html`<small>${hint}</small>` : nothing}</span>
    ${end === nothing ? nothing : html`<span class="row-end">${end}</span>`}
    ${leads ? html`<span class="row-lead">${icon("chevron-right")}</span>` : nothing}`;
  if (href !== undefined) return html`<li><a class="row" href=${href}>${content}</a></li>`;
  if (press) return html`<li><button type="button" class="row" @click=${press}>${content}</button></li>`;
  return html`<li class="row">${content}</li>`;
}

/** @param {unknown} content rows, made by `row` */
export function rows(content) {
  return html`<ul class="rows">${content}</ul>`;
}

/** @param {string} title @param {{ text?: string, glyph?: string, action?: unknown }} [look] */
export function empty(title, { text = "", glyph = "inbox", action = nothing } = {}) {
  return html`<div class="empty">${icon(glyph)}<p class="empty-title">${title}</p>${text ? html`<p>${text}</p>` : nothing}${action}</div>`;
}

/** Something could not be read. @param {{ detail?: string, code?: string } | null | undefined} problem @param {() => void} again */
export function failed(problem, again) {
  const glyph = problem?.code === "offline" ? "wifi-off" : "circle-alert";
  return html`<div class="empty" role="alert">${icon(glyph)}
    <p class="empty-title">${t("phone.failed.title")}</p>
    <p>${problem?.detail || t("phone.failed.detail")}</p>
    ${button(t("phone.again"), again, { glyph: "refresh-cw" })}
  </div>`;
}

/** Shapes of what is being read. @param {number} [lines] */
export function skeleton(lines = 3) {
  return html`<div class="skeleton" role="status"><span class="unseen">${t("phone.loading")}</span>${Array.from({ length: lines }, () => html`<span class="bone"></span>`)}</div>`;
}

/** How far something is; without a share, that it goes on. @param {string} label @param {number | null} [share] 0 to 1 */
export function progress(label, share = null) {
  return share === null
    ? html`<progress class="progress" aria-label=${label}></progress>`
    : html`<progress class="progress" aria-label=${label} max="1" .value=${Math.min(1, Math.max(0, share))}></progress>`;
}

/** @param {string} text @param {"info" | "good" | "warn" | "bad"} [kind] @param {unknown} [action] */
export function notice(text, kind = "info", action = nothing) {
  const glyph = { info: "info", good: "circle-check", warn: "triangle-alert", bad: "circle-alert" }[kind];
  return html`<div class="notice" data-kind=${kind} role=${kind === "bad" ? "alert" : "status"}>${icon(glyph)}<span>${text}</span>${action}</div>`;
}

/** A figure with its name. @param {string} name @param {unknown} value @param {string} [unit] */
export function figure(name, value, unit = "") {
  return html`<div class="figure"><dt>${name}</dt><dd>${value}${unit ? html` <small>${unit}</small>` : nothing}</dd></div>`;
}

/** @param {unknown} content figures */
export function figures(content) {
  return html`<dl class="figures few">${content}</dl>`;
}

/** Names and what they stand for, a line each. @param {readonly (readonly [string, unknown])[]} lines */
export function facts(lines) {
  return html`<dl class="lines">${lines.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}

/** @param {readonly string[]} head @param {readonly (readonly unknown[])[]} body @param {{ numeric?: readonly number[] }} [look] which columns hold figures */
export function table(head, body, { numeric = [] } = {}) {
  const look = (/** @type {number} */ i) => (numeric.includes(i) ? "numeric" : "");
  return html`<div class="table-box" tabindex="0"><table class="table plain-table">
    <thead><tr>${head.map((name, i) => html`<th scope="col" class=${look(i)}>${name}</th>`)}</tr></thead>
    <tbody>${body.map((cells) => html`<tr>${cells.map((cell, i) => html`<td class=${look(i)}>${cell}</td>`)}</tr>`)}</tbody>
  </table></div>`;
}

/** What happened when. @param {readonly { at: string, text: unknown, state?: "done" | "now" | "next" }[]} steps */
export function timeline(steps) {
  return html`<ol class="steps">${steps.map(
    (step) => html`<li data-step=${step.state ?? "done"} aria-current=${step.state === "now" ? "step" : nothing}><span>${step.text}</span><time>${step.at}</time></li>`,
  )}</ol>`;
}

/** The head of a screen. @param {string} title @param {{ back?: (() => void) | undefined, end?: unknown }} [look] */
export function topBar(title, { back, end = nothing } = {}) {
  return html`<header class="top-bar">
    ${back ? iconButton("arrow-left", t("phone.back"), back) : nothing}
    <h1>${title}</h1>
    <div class="top-bar-end">${end}</div>
  </header>`;
}

/** What stays within the thumb's reach: the screen's one action, or the app's places. @param {unknown} content */
export function bottomBar(content) {
  return html`<footer class="bottom-bar">${content}</footer>`;
}

/** The app's places. @param {string} label @param {readonly { href: string, glyph: string, text: string, count?: number }[]} places @param {string} here */
export function places(label, places, here) {
  return html`<nav class="places" aria-label=${label}>${places.map(
    (each) => html`<a href=${each.href} aria-current=${each.href === here ? "page" : nothing}>
      <span class="places-mark">${icon(each.glyph)}${each.count ? html`<span class="places-count">${each.count}</span>` : nothing}</span><span>${each.text}</span>
    </a>`,
  )}</nav>`;
}

/** Where a map goes: `openMap(root.querySelector("[data-map]"))`. @param {string} label @param {string} [kind] */
export function mapFrame(label, kind = "") {
  return html`<div class="phone-map ${kind}"><div class="phone-map-canvas" data-map role="application" aria-label=${label}></div><p class="phone-map-failed">${t("phone.map.failed")}</p></div>`;
}

/** Stars that are given (with `give`) or shown. @param {string} label @param {number} stars @param {(stars: number) => void} [give] */
export function stars(label, stars, give) {
  const each = [1, 2, 3, 4, 5];
  if (!give) return html`<span class="stars" role="img" aria-label=${label}>${each.map((n) => html`<span class="star" ?data-on=${n <= stars}>${icon(n <= stars ? "star-filled" : "star")}</span>`)}</span>`;
  return html`<div class="stars" role="radiogroup" aria-label=${label}>${each.map(
    (n) => html`<button type="button" class="star" role="radio" aria-checked=${n === stars ? "true" : "false"} aria-label=${t("phone.stars", { n })} ?data-on=${n <= stars} @click=${() => give(n)}>${icon(n <= stars ? "star-filled" : "star")}</button>`,
  )}</div>`;
}
