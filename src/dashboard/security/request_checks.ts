/**
 * Names that always lead to the machine that the browser runs on; no other site can have them lead
 * elsewhere.
 */
const LOCAL = /^(?:localhost|[\w-]+\.localhost)$/;

const IPV4 = /^\d{1,3}(?:\.\d{1,3}){3}$/;

/**
 * Whether a request may be answered by the host that it names. Attacks by DNS rebinding come with
 * the attacker's name, so addresses are safe.
 */
export function isAllowedHost(request: Request, hosts: ReadonlySet<string> | "any"): boolean {
  if (hosts === "any") return true;
  const named = [new URL(request.url).host, request.headers.get("host")];
  return named.filter((host) => host !== null).every((host) => {
    const name = host.toLowerCase().replace(/:\d+$/, "").replace(/\.$/, "");
    return LOCAL.test(name) || IPV4.test(name) || /^\[[\da-f:.]+\]$/.test(name) ||
      hosts.has(name) || hosts.has(host.toLowerCase());
  });
}

/**
 * Whether a request that changes something comes from the dashboard's own pages, or from no browser
 * at all. Browsers send an Origin with every POST.
 */
export function isOwnOrigin(request: Request): boolean {
  const origin = request.headers.get("origin");
  const site = request.headers.get("sec-fetch-site");
  if (origin === null) return site === null || site === "same-origin" || site === "none";
  const host = request.headers.get("host") ?? new URL(request.url).host;
  // Behind a proxy with TLS the scheme differs.
  return URL.canParse(origin) && new URL(origin).host === host.toLowerCase();
}

/**
 * Sent with every answer: nothing from elsewhere, no code but the dashboard's own file, in nobody's
 * frame.
 */
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
