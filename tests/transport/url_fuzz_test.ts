import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { resolveTarget } from "../../src/connection/target.ts";
import { ConfigError } from "../../src/errors.ts";
import { parseUrl } from "../../src/transport/url.ts";
import { parameters } from "../properties.ts";

const anyText = fc.oneof(
  fc.string({ unit: "binary", maxLength: 20 }),
  fc.string({ unit: fc.constantFrom(..."/?#@:%&=[] +ab"), maxLength: 8 }),
).filter((text) => text.isWellFormed());

const ipv6 = fc.oneof(
  // Without addresses that contain an IPv4 address, some of which not every runtime's `URL`
  // accepts.
  fc.ipV6().filter((address) => !address.includes(".")),
  fc.constantFrom("::1", "::", "2001:DB8::1", "::ffff:127.0.0.1", "fe80::1:2"),
);
const host = fc.oneof(
  fc.domain().map((name) => ({ name, text: name })),
  fc.ipV4().map((name) => ({ name, text: name })),
  ipv6.map((name) => ({ name, text: `[${name}]` })),
  fc.stringMatching(/^[A-Za-z0-9_-]{1,20}$/).map((name) => ({ name, text: name })),
);

const server = fc.record({
  host,
  port: fc.option(fc.integer({ min: 1, max: 65_535 }), { nil: undefined }),
  password: anyText,
  username: anyText,
  tls: fc.boolean(),
  slash: fc.constantFrom("", "/"),
  isEncoded: fc.boolean(),
});

test("a URL is parsed into the parts it was built from, with any password", () => {
  fc.assert(
    fc.property(server, ({ host, port, password, username, tls, slash, isEncoded }) => {
      // A password with all characters that need no encoding, including @ and colon.
      const raw = password.replaceAll(/[/?#%]/g, encodeURIComponent);
      const user = username === "" && password === ""
        ? ""
        : `${encodeURIComponent(username)}:${isEncoded ? encodeURIComponent(password) : raw}@`;
      const place = `${host.text}${port === undefined ? "" : `:${port}`}`;
      const url = `tcp${tls ? "+tls" : ""}://${user}${place}${slash}`;
      assert.deepEqual(parseUrl(url), {
        hostname: host.name,
        port: port ?? 7419,
        tls,
        ...(password === "" ? {} : { password }),
        ...(username === "" ? {} : { username }),
      });
    }),
    parameters("URLs", 5000),
  );
});

/** Pieces of URLs, so that random texts are similar to URLs. */
const piece = fc.oneof(
  fc.constantFrom(
    ...["tcp", "tcp+tls", "://", ":", "//", "/", "@", "?", "#", "[", "]", "::1", "%", "%4", "%C3"],
    ...["localhost", "7419", "65536", "&", "=", "\r\n", "\0", " ", "http", ".", "\ud800", "tcp://"],
  ),
  fc.string({ unit: "binary", maxLength: 4 }),
);

/** Parses a text and returns its error, which must be the documented one. */
function refusal(
  text: string,
  parse: (text: string) => unknown = parseUrl,
): ConfigError | undefined {
  try {
    parse(text);
    return undefined;
  } catch (error) {
    assert(error instanceof ConfigError, `${error}`);
    assert.equal(error.code, "INVALID_URL");
    assert.equal(error.cause, undefined);
    return error;
  }
}

test("any text is parsed as a URL or refused", () => {
  let taken = 0;
  const text = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(""));
  fc.assert(
    fc.property(text, (url) => {
      if (refusal(url) !== undefined) return;
      taken++;
      const { hostname, port } = parseUrl(url);
      // The host that the runtime gets contains neither line breaks nor other invalid characters.
      assert.match(hostname, /^[a-z0-9._:-]+$/i);
      assert(Number.isInteger(port) && port >= 1 && port <= 65_535);
    }),
    parameters("texts", 20_000),
  );
  assert(taken > 0);
});

/** A typical password, encoded or not. */
const secret = fc.tuple(
  fc.boolean(),
  fc.array(fc.constantFrom(..."/?#@:%&=[] +"), { maxLength: 6 }),
)
  .map(([isEncoded, marks]) => {
    const text = `hunter2${marks.map((mark) => `${mark}hunter2`).join("")}`;
    return isEncoded ? encodeURIComponent(text) : text;
  });

const SLIPS: ((secret: string) => string)[] = [
  (secret) => `tcp://:${secret}@localhost:7419`,
  (secret) => `tcp://:${secret}@localhost:port`,
  (secret) => `tcp://:${secret}@`,
  (secret) => `tcp://:${secret}`,
  (secret) => `tcp://user:${secret}`,
  (secret) => `tcp://${secret}`,
  (secret) => `tcp://${secret}@host name`,
  (secret) => `tcp://localhost:${secret}`,
  (secret) => `tcp://localhost:7419/${secret}`,
  (secret) => `tcp://localhost:7419?${secret}`,
  (secret) => `tcp://localhost?password=${secret}`,
  (secret) => `tcp://localhost?pool=5&${secret}=1`,
  (secret) => `tcp://localhost#${secret}`,
  (secret) => `tcp://[${secret}]`,
  (secret) => `tcp:/:${secret}@localhost`,
  (secret) => `http://:${secret}@localhost`,
  (secret) => `:${secret}@localhost`,
  (secret) => secret,
  (secret) => `tcp://:${secret}@localhost:7419%`,
];

test("no mistake in a URL puts its password into an error", () => {
  fc.assert(
    fc.property(secret, fc.constantFrom(...SLIPS), (secret, slip) => {
      const parse = (url: string) => resolveTarget({ url }, () => undefined);
      const error = refusal(slip(secret), parse);
      if (error !== undefined) {
        const texts = `${error.message} ${error.stack} ${JSON.stringify(error)}`;
        assert(!texts.includes("hunter2"), `${slip(secret)}: ${error.message}`);
      }
    }),
    parameters("slips", 5000),
  );
});
