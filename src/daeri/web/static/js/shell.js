/** Keys that work in every room: `/` goes to the search, arrows walk through rows. */

/** @param {EventTarget | null} target */
function isTyping(target) {
  return target instanceof HTMLElement && target.matches("input, select, textarea, [contenteditable]");
}

/**
 * The links of the rows around `element`, one a row, in order.
 * @param {Element} element
 * @returns {HTMLElement[]}
 */
function rowsAround(element) {
  const holder = element.closest("[data-arrows]");
  if (!holder) return [];
  const rows = [...holder.querySelectorAll("tbody > tr, :scope > li")];
  return rows.flatMap((row) => {
    const link = row.querySelector("a, button");
    return link instanceof HTMLElement ? [link] : [];
  });
}

/** @param {KeyboardEvent} event @param {HTMLElement} target */
function walk(event, target) {
  const stops = rowsAround(target);
  const here = stops.findIndex((stop) => stop === target);
  if (here < 0) return;
  const next = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: stops.length - 1 }[event.key];
  const stop = next === undefined ? undefined : stops[next];
  if (!stop) return;
  event.preventDefault();
  stop.focus();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  if (event.key === "/") {
    const search = document.querySelector("[data-search]");
    event.preventDefault();
    if (search instanceof HTMLInputElement) search.select();
    else location.assign("/console/calls#search");
  } else if (event.target instanceof HTMLElement) {
    walk(event, event.target);
  }
});

if (location.hash === "#search") {
  const search = document.querySelector("[data-search]");
  if (search instanceof HTMLInputElement) search.focus();
}

// A tablet that is turned shows all rooms beside the page.
matchMedia("(max-width: 60rem)").addEventListener("change", ({ matches }) => {
  const more = document.querySelector("#more-rooms:popover-open");
  if (!matches && more instanceof HTMLElement) more.hidePopover();
});
