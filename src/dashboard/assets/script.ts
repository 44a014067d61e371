/**
 * The script of the pages. It updates the main part of a page when the server sends an event, and
 * selects all jobs of a list. Everything else works without it. It is a text because it runs only
 * in browsers.
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
  // scrollIntoView() would also change where the next Tab goes.
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

  // An update must not move another button under the pointer of a user who is about to press one.
  let pointedAt = -Infinity;
  for (const name of ["pointermove", "pointerdown", "touchstart"]) {
    main.addEventListener(name, () => pointedAt = performance.now(), { passive: true });
  }
  const isPointing = () =>
    performance.now() - pointedAt < 4000 && main.querySelector("button:hover, a:hover") !== null;

  let isLoading = false;
  const isBusy = () =>
    document.hidden || isPointing() ||
    (main.contains(document.activeElement) && document.activeElement !== main &&
      document.activeElement.matches("input, select, textarea")) ||
    main.querySelector('input[type="checkbox"]:checked') !== null ||
    String(document.getSelection()) !== "";

  // Changes only what differs: the focus, scroll positions and hovered elements stay.
  const update = (old, fresh) => {
    const nodes = [...fresh.childNodes];
    for (const [i, node] of nodes.entries()) {
      const was = old.childNodes[i];
      if (was === undefined) old.append(node);
      else if (was.nodeName !== node.nodeName) was.replaceWith(node);
      else if (was.nodeType !== Node.ELEMENT_NODE) {
        if (was.nodeValue !== node.nodeValue) was.nodeValue = node.nodeValue;
      } else {
        for (const { name, value } of node.attributes) {
          if (was.getAttribute(name) !== value) was.setAttribute(name, value);
        }
        for (const { name } of [...was.attributes]) {
          if (!node.hasAttribute(name)) was.removeAttribute(name);
        }
        update(was, node);
      }
    }
    while (old.childNodes.length > nodes.length) old.lastChild.remove();
  };

  const load = async () => {
    if (isLoading || isBusy()) return;
    isLoading = true;
    try {
      const response = await fetch(location.href, { headers: { accept: "text/html" } });
      if (response.redirected) return location.reload();
      // 404: the job has succeeded meanwhile.
      if (!response.ok && response.status !== 404) return;
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      const fresh = page.querySelector("main");
      if (fresh === null || isBusy()) return;
      const focused = main.contains(document.activeElement) ? document.activeElement : null;
      const key = focused === null ? "" : focused.getAttribute("aria-label") ?? focused.textContent;
      const isSame = (part) => (part.getAttribute("aria-label") ?? part.textContent) === key;
      update(main, fresh);
      if (!("live" in fresh.dataset)) {
        events.close();
        say("");
      }
      // The list may have moved on below the focus.
      if (focused === null || focused.isConnected && isSame(focused)) return;
      const again = [...main.querySelectorAll("a, button, [tabindex]")].find(isSame);
      if (again === undefined) focused.blur();
      else again.focus({ preventScroll: true });
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
