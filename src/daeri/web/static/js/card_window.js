/** The page that the card provider's own script runs in: opens its window, which leads back to a page of ours. */

/** @typedef {{ requestBillingAuth: (asked: { method: "CARD", successUrl: string, failUrl: string }) => Promise<void> }} Payment */
/** @typedef {(clientKey: string) => { payment: (whose: { customerKey: string }) => Payment }} Toss */

const { script, clientKey } = JSON.parse(document.getElementById("page-config")?.textContent ?? "{}");
const asked = new URLSearchParams(location.search);
const customerKey = asked.get("customerKey") ?? "";
const returnUrl = own(asked.get("returnUrl"));

/** A page of our apps; nothing else is led back to. @param {string | null} given */
function own(given) {
  try {
    const url = new URL(given ?? "", location.origin);
    const isApp = url.pathname.startsWith("/app/") || url.pathname.startsWith("/drive/");
    return url.origin === location.origin && isApp ? url : null;
  } catch {
    return null;
  }
}

function fail() {
  const back = document.getElementById("back");
  if (returnUrl && back instanceof HTMLAnchorElement) back.href = returnUrl.pathname;
  document.getElementById("opening")?.setAttribute("hidden", "");
  document.getElementById("failed")?.removeAttribute("hidden");
}

/** @returns {Promise<Toss>} */
function load() {
  return new Promise((resolve, reject) => {
    const element = Object.assign(document.createElement("script"), { src: script, async: true });
    element.addEventListener("load", () => {
      const toss = /** @type {any} */ (window).TossPayments;
      if (toss) resolve(toss);
      else reject(new Error("the script of the card provider brought nothing"));
    });
    element.addEventListener("error", () => reject(new Error("no script of the card provider")));
    document.head.append(element);
  });
}

async function openWindow() {
  if (!returnUrl || !customerKey) return fail();
  try {
    const toss = await load();
    // The window was closed, or was refused: the page that it leads back to says so.
    await toss(clientKey).payment({ customerKey }).requestBillingAuth({ method: "CARD", successUrl: returnUrl.href, failUrl: returnUrl.href });
  } catch (problem) {
    const code = problem instanceof Error && "code" in problem ? String(problem.code) : "";
    if (code) location.replace(`${returnUrl.href}?${new URLSearchParams({ code })}`);
    else fail();
  }
}

void openWindow();

export {};
