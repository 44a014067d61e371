import { requestedHost } from "./address.ts";

/** Names that always lead to the browser's own machine. No other site can redirect them. */
const LOCAL = /^(?:localhost|[\w-]+\.localhost)$/;

const IPV4 = /^\d{1,3}(?:\.\d{1,3}){3}$/;

/**
 * Returns true if the host of a request is allowed, as a protection against DNS rebinding. That
 * attack needs a host name of the attacker, so IP addresses are safe.
 */
export function isAllowedHost(
  request: Request,
  hosts: ReadonlySet<string> | "any",
  trustProxy: boolean,
): boolean {
  if (hosts === "any") return true;
  const named = [
    requestedHost(request, trustProxy),
    ...trustProxy ? [] : [new URL(request.url).host],
  ];
  return named.every((host) => {
    const name = host.toLowerCase().replace(/:\d+$/, "").replace(/\.$/, "");
    return LOCAL.test(name) || IPV4.test(name) || /^\[[\da-f:.]+\]$/.test(name) ||
      hosts.has(name) || hosts.has(host.toLowerCase());
  });
}

/**
 * Checks that a change comes from the dashboard's own pages, or not from a browser. Browsers send
 * an Origin with every POST.
 */
export function isOwnOrigin(request: Request, trustProxy: boolean): boolean {
  const origin = request.headers.get("origin");
  const site = request.headers.get("sec-fetch-site");
  if (origin === null) return site === null || site === "same-origin" || site === "none";
  // The scheme is not compared: a proxy may add TLS.
  return URL.canParse(origin) && new URL(origin).host === requestedHost(request, trustProxy);
}

/** Headers of every response: no content from elsewhere, one script, never in a frame. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy": [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join("; "),
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "same-origin",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
};
