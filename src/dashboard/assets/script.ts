/**
 * The pages' script: loads a page's main part again when the server says that time has passed, and
 * selects all jobs of a list. Without it, everything works but for that. It is a text, as it runs
 * in browsers alone.
 */
export const script = `"use strict";
(() => {
  const state = document.querySelector("[data-state]");
  const say = (text) => {
    if (state === null) return;
    state.textContent = text;
    state.hidden = text === "";
  };

  // On a phone, the menu is wider than the screen.
  // scrollIntoView() would also move where the next Tab goes.
  const menu = document.querySelector("nav");
  const current = menu?.querySelector("[aria-current]");
  if (current) menu.scrollLeft = current.offsetLeft - menu.offsetLeft - 80;

  document.addEventListener("change", ({ target }) => {
    if (!(target instanceof HTMLInputElement) || !("all" in target.dataset)) return;
    const boxes = target.form.querySelectorAll('input[name="jid"]');
    for (const box of boxes) box.checked = target.checked;
  });

  const main = document.querySelector("main[data-live]");
  if (main === null || !("EventSource" in window)) return;

  let isLoading = false;
  // Whoever is about to do something does not want the page to change under the cursor.
  const isBusy = () =>
    document.hidden ||
    (main.contains(document.activeElement) && document.activeElement !== main &&
      document.activeElement.matches("input, select, textarea")) ||
    main.querySelector('input[type="checkbox"]:checked') !== null ||
    String(document.getSelection()) !== "";

  const load = async () => {
    if (isLoading || isBusy()) return;
    isLoading = true;
    try {
      const response = await fetch(location.href, { headers: { accept: "text/html" } });
      if (response.redirected) return location.reload();
      if (!response.ok) return;
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      const fresh = page.querySelector("main[data-live]");
      if (fresh === null || isBusy()) return;
      const focused = main.contains(document.activeElement) ? document.activeElement : null;
      const key = focused === null ? "" : focused.getAttribute("aria-label") ?? focused.textContent;
      const scrolls = [...main.querySelectorAll(".scroll")].map(({ scrollLeft }) => scrollLeft);
      main.replaceChildren(...fresh.childNodes);
      main.querySelectorAll(".scroll").forEach((part, i) => part.scrollLeft = scrolls[i] ?? 0);
      if (key === "") return;
      const again = [...main.querySelectorAll("a, button, [tabindex]")].find((part) =>
        (part.getAttribute("aria-label") ?? part.textContent) === key
      );
      again?.focus({ preventScroll: true });
    } catch {
      // The next event tries again.
    } finally {
      isLoading = false;
    }
  };

  let events;
  const listen = () => {
    events = new EventSource(main.dataset.live);
    events.addEventListener("tick", () => {
      say("live");
      void load();
    });
    events.addEventListener("down", () => say("server away"));
    events.onerror = () => {
      say("reconnecting");
      if (events.readyState !== EventSource.CLOSED) return;
      events.close();
      setTimeout(listen, 5000);
    };
  };
  listen();
  addEventListener("pagehide", () => events.close());
  addEventListener("pageshow", ({ persisted }) => persisted && listen());
})();
`;
