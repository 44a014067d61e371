/** Longest X-Forwarded-For header that is read. */
const MAX_HEADER = 1000;

/**
 * Returns the visitor's address, or `undefined` if it is not known. An IPv6 address is cut to its
 * network of 64 bits, which usually belongs to one customer.
 *
 * @param connection The second argument that `Deno.serve`, `Bun.serve` or `nodeListener` passes.
 */
export function addressOf(
  request: Request,
  connection: unknown,
  trustProxy: boolean,
): string | undefined {
  const forwarded = trustProxy ? request.headers.get("x-forwarded-for") : null;
  // A proxy appends the address of its client. Earlier entries come from the client itself.
  const address = forwarded !== null && forwarded.length <= MAX_HEADER
    ? forwarded.split(",").at(-1)!.trim()
    : connectionAddress(request, connection);
  return address === undefined || address === "" ? undefined : networkOf(address);
}

/** Returns the host that the browser asked for, such as `jobs.example.com:8080`. */
export function requestedHost(request: Request, trustProxy: boolean): string {
  const { headers } = request;
  const forwarded = trustProxy ? headers.get("x-forwarded-host")?.split(",").at(-1)?.trim() : "";
  return (forwarded || headers.get("host") || new URL(request.url).host).toLowerCase();
}

/** Returns true if the browser uses HTTPS, as far as this program or its proxy knows. */
export function isSecure(request: Request, trustProxy: boolean): boolean {
  const forwarded = trustProxy ? request.headers.get("x-forwarded-proto") : null;
  if (forwarded !== null) return forwarded.split(",").at(-1)!.trim().toLowerCase() === "https";
  return new URL(request.url).protocol === "https:";
}

/** Connections as the runtimes describe them. */
interface Connection {
  /** `nodeListener`. */
  readonly address?: unknown;
  /** `Deno.serve`. */
  readonly remoteAddr?: { readonly hostname?: unknown } | null;
  /** `Bun.serve` passes its server. */
  readonly requestIP?: unknown;
}

function connectionAddress(request: Request, connection: unknown): string | undefined {
  if (typeof connection !== "object" || connection === null) return undefined;
  const { address, remoteAddr, requestIP } = connection as Connection;
  const found = typeof requestIP === "function"
    ? (requestIP.call(connection, request) as { address?: unknown } | null)?.address
    : address ?? remoteAddr?.hostname;
  return typeof found === "string" ? found : undefined;
}

function networkOf(address: string): string {
  const plain = address.toLowerCase().replace(/^\[|\]$|%.*$/g, "");
  const [, ipv4] = /^(?:::ffff:)?(\d+\.\d+\.\d+\.\d+)$/.exec(plain) ?? [];
  if (ipv4 !== undefined || !plain.includes(":")) return ipv4 ?? plain;
  const [left = "", right] = plain.split("::", 2);
  const head = left === "" ? [] : left.split(":");
  const tail = right === undefined || right === "" ? [] : right.split(":");
  const zeros = Array.from({ length: Math.max(0, 8 - head.length - tail.length) }, () => "0");
  const groups = right === undefined ? head : [...head, ...zeros, ...tail];
  return groups.slice(0, 4).map((group) => group.replace(/^0+(?=.)/, "")).join(":");
}
