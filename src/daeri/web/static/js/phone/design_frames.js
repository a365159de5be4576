/** The page of the design: each sheet is as high as what it shows, so that all four scroll as one. */

for (const frame of document.querySelectorAll("iframe")) {
  const fit = () => {
    const height = frame.contentDocument?.documentElement.scrollHeight;
    if (height) frame.style.height = `${height + 2}px`;
  };
  frame.addEventListener("load", () => {
    fit();
    const body = frame.contentDocument?.body;
    if (body) new ResizeObserver(fit).observe(body);
  });
}
