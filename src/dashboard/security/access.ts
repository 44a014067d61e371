import type { Context } from "hono";
import type { Hono } from "hono/tiny";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { errorResponse } from "../api.ts";
import type { Settings } from "../options.ts";
import { loginPage } from "../pages/others.ts";
import { link } from "../view/visit.ts";
import { isSecure } from "./address.ts";
import { type PasswordResult, SESSION_MS, Sessions } from "./sessions.ts";

const COOKIE = "faktory_session";

const MESSAGES: Readonly<Record<Exclude<PasswordResult, "right">, string>> = {
  wrong: "This is not the password.",
  throttled: "Too many wrong passwords from your address. Try again in half a minute.",
};

/**
 * Asks for the password. Browsers log in by a form, which begins a session; programs use HTTP Basic
 * or Bearer.
 */
export class Access {
  readonly #settings: Settings;
  readonly #sessions: Sessions | undefined;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#sessions = settings.password === undefined
      ? undefined
      : new Sessions(settings.password, settings.clock);
  }

  /** Adds the login form, and protects every route that is added later. */
  protect(app: Hono): void {
    const sessions = this.#sessions;
    if (sessions === undefined) return;
    app.get("/login", (context) => this.#form(context, context.req.query("next") ?? "", undefined));
    app.post("/login", (context) => this.#login(context, sessions));
    app.post("/logout", (context) => {
      sessions.end(getCookie(context, COOKIE));
      deleteCookie(context, COOKIE, { path: this.#path });
      return context.redirect(link({ settings: this.#settings }, "/login"), 303);
    });
    app.use(async (context, next) => {
      if (sessions.has(getCookie(context, COOKIE))) return await next();
      const given = passwordOf(context.req.header("authorization"));
      const result = given === undefined
        ? undefined
        : await sessions.check(given, addressIn(context));
      if (result === "right") return await next();
      return this.#refuse(context, result);
    });
  }

  async #login(context: Context, sessions: Sessions): Promise<Response> {
    const form = new URLSearchParams(await context.req.text());
    const next = form.get("next") ?? "";
    const result = await sessions.check(form.get("password") ?? "", addressIn(context));
    if (result !== "right") return this.#form(context, next, result);
    setCookie(context, COOKIE, sessions.begin(), {
      ...{ httpOnly: true, sameSite: "Lax", path: this.#path, maxAge: SESSION_MS / 1000 },
      secure: isSecure(context.req.raw, this.#settings.trustProxy),
    });
    return context.redirect(this.#local(next), 303);
  }

  #form(context: Context, next: string, result: "wrong" | "throttled" | undefined): Response {
    const status = result === undefined ? 200 : result === "wrong" ? 401 : 429;
    const text = result === undefined ? undefined : MESSAGES[result];
    if (result === "throttled") context.header("retry-after", "30");
    return context.html(loginPage({ settings: this.#settings }, next, text), status) as Response;
  }

  #refuse(context: Context, result: "wrong" | "throttled" | undefined): Response {
    const { base } = this.#settings;
    const { path, method } = context.req;
    if (result === "throttled") {
      context.header("retry-after", "30");
      return errorResponse(429, "THROTTLED", MESSAGES.throttled);
    }
    const isPage = method === "GET" && (context.req.header("accept") ?? "").includes("text/html");
    if (!isPage || path.startsWith(`${base}/api/`)) {
      return errorResponse(401, "PASSWORD_REQUIRED", "the password is missing or wrong");
    }
    const { search } = new URL(context.req.url);
    const next = path === `${base}/` ? "" : path + search;
    return context.redirect(link({ settings: this.#settings }, "/login", { next }), 303);
  }

  /** Returns the page to show after the login. It is always a page of the dashboard. */
  #local(next: string): string {
    const { base } = this.#settings;
    const isLocal = next.startsWith(`${base}/`) && !/^\/[/\\]/.test(next) &&
      // deno-lint-ignore no-control-regex -- Browsers drop tabs and line feeds.
      !/[\u0000-\u0020\\]/.test(next);
    return isLocal ? next : `${base}/`;
  }

  get #path(): string {
    return this.#settings.base === "" ? "/" : this.#settings.base;
  }
}

/** Returns the visitor's address, which the handler puts there. */
function addressIn(context: Context): string | undefined {
  return (context.env as { readonly address?: string | undefined }).address;
}

/** Returns the password of an Authorization header. */
function passwordOf(header: string | undefined): string | undefined {
  const [, scheme, value = ""] = /^(Basic|Bearer) +(\S+)$/i.exec(header ?? "") ?? [];
  if (scheme === undefined) return undefined;
  if (scheme.toLowerCase() === "bearer") return value;
  try {
    const bytes = Uint8Array.from(atob(value), (char) => char.charCodeAt(0));
    const text = new TextDecoder().decode(bytes);
    return text.slice(text.indexOf(":") + 1);
  } catch {
    return undefined;
  }
}
