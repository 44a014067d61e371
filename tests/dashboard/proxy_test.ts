import assert from "node:assert/strict";
import { test } from "node:test";
import { dashboard } from "../../src/dashboard/mod.ts";
import { addressOf } from "../../src/dashboard/security/address.ts";
import { Throttle } from "../../src/dashboard/security/throttle.ts";
import { ManualClock } from "../../src/server/mod.ts";
import { ORIGIN, textOf, withDashboard } from "./setting.ts";

test("wrong passwords are throttled, concurrent ones too", async () => {
  const clock = new ManualClock();
  await withDashboard({ options: { password: "right", clock } }, async ({ visit }) => {
    const tries = Array.from(
      { length: 20 },
      (_, i) => visit("/login", { form: { password: `${i}` } }),
    );
    const statuses = (await Promise.all(tries)).map(({ status }) => status);
    assert.deepEqual(statuses.filter((status) => status === 401).length, 5);
    assert.deepEqual(statuses.filter((status) => status === 429).length, 15);
    // The right password is refused too: otherwise an attacker would recognise it.
    const right = { form: { password: "right" } };
    const { status, headers, text } = await visit("/login", right);
    assert.deepEqual([status, headers.get("retry-after")], [429, "30"]);
    assert.match(textOf(text), /Too many wrong passwords/);
    const api = await visit("/api/info", { headers: { authorization: "Bearer right" } });
    assert.equal(api.status, 429);
    clock.advance(30_000);
    assert.equal((await visit("/login", right)).status, 303);
    const many = Array.from({ length: 20 }, () => visit("/login", right));
    assert((await Promise.all(many)).every(({ status }) => status === 303));
  });
});

/** Makes a request that sends the login form. */
function login(password: string, headers: Record<string, string> = {}): Request {
  const body = new URLSearchParams({ password });
  return new Request(`${ORIGIN}/login`, {
    method: "POST",
    body,
    headers: { origin: ORIGIN, ...headers },
  });
}

const OWNER = { address: "192.0.2.7" };

test("an attacker locks out only their own address", async () => {
  const clock = new ManualClock();
  await withDashboard({}, async ({ server }) => {
    const handler = dashboard(server, { password: "right", clock });
    const attack = async (connection: unknown) =>
      (await handler(login("wrong"), connection)).status;
    // The arguments of nodeListener, Deno.serve and Bun.serve.
    const attackers = [
      { address: "203.0.113.9" },
      { remoteAddr: { transport: "tcp", hostname: "203.0.113.10", port: 4711 } },
      { requestIP: () => ({ address: "2001:db8:7::1", family: "IPv6", port: 4711 }) },
    ];
    for (const attacker of attackers) {
      const statuses: number[] = [];
      for (let i = 0; i < 8; i++) statuses.push(await attack(attacker));
      assert.deepEqual(statuses, [401, 401, 401, 401, 401, 429, 429, 429]);
      assert.equal((await handler(login("right"), attacker)).status, 429);
    }
    // Another address of the same network, and the same address in another notation.
    assert.equal(await attack({ address: "2001:0db8:7:0::beef:2" }), 429);
    assert.equal(await attack({ address: "::ffff:203.0.113.9" }), 429);
    // Neither a header nor a chunked body changes the address.
    const spoofed = login("wrong", { "x-forwarded-for": "192.0.2.99" });
    assert.equal((await handler(spoofed, attackers[0])).status, 429);
    const chunked = new Request(`${ORIGIN}/login`, {
      method: "POST",
      headers: { origin: ORIGIN, "transfer-encoding": "chunked" },
      body: new Blob(["password=wrong"]).stream(),
      duplex: "half",
    } as RequestInit);
    assert.equal((await handler(chunked, attackers[0])).status, 429);

    assert.equal((await handler(login("right"), OWNER)).status, 303);
    assert.equal((await handler(login("right"))).status, 303);
    clock.advance(30_000);
    assert.equal((await handler(login("right"), attackers[0])).status, 303);
  });
});

test("behind a proxy, the address is the last of X-Forwarded-For", async () => {
  await withDashboard({}, async ({ server }) => {
    const handler = dashboard(server, { password: "right", trustProxy: true });
    const proxy = { address: "127.0.0.1" };
    const from = (forwarded: string, password: string) =>
      handler(login(password, { "x-forwarded-for": forwarded }), proxy);
    // The attacker sends the header too, with another address each time.
    for (let i = 0; i < 5; i++) {
      assert.equal((await from(`192.0.2.${i}, 203.0.113.9`, "wrong")).status, 401);
    }
    assert.equal((await from("192.0.2.7, 203.0.113.9", "wrong")).status, 429);
    assert.equal((await from("192.0.2.7", "right")).status, 303);
  });
});

test("a proxy with TLS makes the cookie Secure and sets the host", async () => {
  await withDashboard({}, async ({ server }) => {
    const options = { password: "right", hosts: ["jobs.example.com"] };
    const forwarded = {
      "x-forwarded-proto": "https",
      "x-forwarded-host": "jobs.example.com",
      origin: "https://jobs.example.com",
    };
    const trusting = dashboard(server, { ...options, trustProxy: true });
    const done = await trusting(login("right", forwarded));
    assert.equal(done.status, 303);
    assert.match(done.headers.get("set-cookie")!, /; HttpOnly; Secure; SameSite=Lax$/);
    const plain = await trusting(login("right", { ...forwarded, "x-forwarded-proto": "http" }));
    assert.doesNotMatch(plain.headers.get("set-cookie")!, /Secure/);
    const evil = {
      ...forwarded,
      "x-forwarded-host": "evil.example",
      origin: "https://evil.example",
    };
    assert.equal((await trusting(login("right", evil))).status, 403);
    const crossed = { ...forwarded, origin: "https://evil.example" };
    assert.equal((await trusting(login("right", crossed))).status, 403);

    // Without the option, the headers are ignored: a visitor may send them.
    const direct = dashboard(server, options);
    assert.equal((await direct(login("right", forwarded))).status, 403);
    const { headers } = await direct(login("right", { ...forwarded, origin: ORIGIN }));
    assert.doesNotMatch(headers.get("set-cookie")!, /Secure/);
    const tls = new Request("https://jobs.example.com/login", {
      method: "POST",
      body: new URLSearchParams({ password: "right" }),
      headers: { origin: "https://jobs.example.com" },
    });
    assert.match((await direct(tls)).headers.get("set-cookie")!, /Secure/);
  });
});

test("the address is read from each runtime's argument", () => {
  const request = new Request(ORIGIN, {
    headers: { "x-forwarded-for": "198.51.100.1, 2001:db8::1" },
  });
  const cases: [unknown, boolean, string | undefined][] = [
    [undefined, false, undefined],
    [{ params: {} }, false, undefined],
    [{ address: 7 }, false, undefined],
    [{ remoteAddr: null }, false, undefined],
    [{ requestIP: () => null }, false, undefined],
    [{ address: "192.0.2.7" }, false, "192.0.2.7"],
    [{ address: "::ffff:192.0.2.7" }, false, "192.0.2.7"],
    [{ address: "2001:db8:0:1:2::" }, false, "2001:db8:0:1"],
    [{ address: "2001:db8:0:1:ffff::9" }, false, "2001:db8:0:1"],
    [{ address: "fe80::1%eth0" }, false, "fe80:0:0:0"],
    [{ address: "::1" }, false, "0:0:0:0"],
    [{ address: "192.0.2.7" }, true, "2001:db8:0:0"],
  ];
  for (const [connection, trustProxy, expected] of cases) {
    const found = addressOf(request, connection, trustProxy);
    assert.equal(found, expected, JSON.stringify(connection));
  }
});

test("an attack from many addresses uses bounded memory", () => {
  const throttle = new Throttle(new ManualClock());
  const isClosed = (i: number) => throttle.isClosed(`address ${i}`);
  for (let i = 0; i < 10_005; i++) {
    for (let failures = 0; failures < 5; failures++) throttle.failed(`address ${i}`);
  }
  assert.deepEqual([0, 4, 5, 10_004].map(isClosed), [false, false, true, true]);
});
