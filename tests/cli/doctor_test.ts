import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Producer } from "../../mod.ts";
import { isAtLeast, runtimeFinding, sqliteFinding } from "../../src/cli/commands/doctor/runtime.ts";
import { clockFinding, versionFinding } from "../../src/cli/commands/doctor/server.ts";
import { problemOf } from "../../src/cli/commands/doctor/tls.ts";
import type { TlsResult } from "../../src/cli/commands/doctor/probe.ts";
import { Interruption } from "../../src/cli/io.ts";
import { runtime } from "../../src/internal/environment.ts";
import {
  type CommandEnvironment,
  faktory,
  unusedUrl,
  withListener,
  withServer,
} from "./setting.ts";

const tls = (name: string) => fileURLToPath(new URL(`../fixtures/tls/${name}`, import.meta.url));

interface DoctorResult {
  readonly status: number;
  readonly stdout: string;
  /** State and text of each check, by name. */
  readonly checks: Readonly<Record<string, string>>;
  readonly hints: Readonly<Record<string, string>>;
}

/** Runs the doctor, and asserts that it prints nothing to stderr. */
async function doctor(
  args: readonly string[],
  surroundings: CommandEnvironment = {},
): Promise<DoctorResult> {
  const { status, stdout, stderr } = await faktory(["doctor", "--json", ...args], surroundings);
  assert.equal(stderr, "");
  const report = JSON.parse(stdout);
  assert.equal(report.status, status);
  type Check = { name: string; state: string; text: string; hint?: string };
  const checks: Check[] = report.checks;
  const faults = checks.filter(({ state }) => state === "fault");
  assert.equal(report.faults, faults.length);
  assert.ok(faults.every(({ hint }) => hint), "every fault says what to do");
  return {
    status,
    stdout,
    checks: Object.fromEntries(checks.map(({ name, state, text }) => [name, `${state}: ${text}`])),
    hints: Object.fromEntries(checks.map(({ name, hint = "" }) => [name, hint])),
  };
}

test("doctor finds no problems with a healthy server", async () => {
  await withServer({}, async ({ url, port }) => {
    const { status, checks } = await doctor(["--url", url]);
    assert.equal(status, 0);
    assert.match(checks["runtime"]!, /^ok: (Deno|Bun|Node) \d+\./);
    assert.equal(checks["url"], `ok: tcp://127.0.0.1:${port}, from --url; no password`);
    assert.equal(checks["dns"], "ok: 127.0.0.1 is an IP address and needs no lookup");
    assert.match(checks["tcp"]!, /^ok: .* is reachable at 127\.0\.0\.1 in [\d.]+ ms$/);
    assert.equal(checks["tls"], "skipped: not used by tcp:// URLs");
    assert.equal(checks["greeting"], "ok: version 2 of the Faktory protocol, no password required");
    assert.equal(checks["password"], "ok: none is required, and none is given");
    assert.equal(checks["version"], "ok: Faktory 1.10.0");
    assert.equal(checks["clock"], "ok: same as the server's, to the second");
    assert.match(
      checks["limits"]!,
      /^ok: 1 connection of 2,000 \(the default limit\), [\d,]+ MB of memory$/,
    );
    assert.match(checks["latency"]!, /^ok: median round trip [\d.]+ ms, range /);
  });
});

test("doctor prints a line per check, and a fix below each fault", async () => {
  const { status, stdout, stderr } = await faktory(["doctor", "--url", await unusedUrl()]);
  assert.deepEqual([status, stderr], [69, ""]);
  assert.match(stdout, /^ok {7}runtime {3}/);
  assert.match(
    stdout,
    /^fault {4}tcp {7}Cannot connect .*\n +-> start a server \(faktory serve\)/m,
  );
  assert.match(stdout, /^skipped {2}latency {3}because tcp failed$/m);
  assert.match(stdout, /\n\n1 fault, \d warnings?\n$/);
});

test("doctor prints where the URL and the password came from", async () => {
  await withServer({ password: "s3cret" }, async ({ port }) => {
    const plain = `tcp://127.0.0.1:${port}`;
    const secret = `tcp://:s3cret@127.0.0.1:${port}`;
    const cases: [args: string[], env: Record<string, string>, url: string, password: string][] = [
      [["--url", secret], {}, "from --url", "the URL"],
      [["--url", plain, "--password", "s3cret"], {}, "from --url", "--password"],
      [
        [],
        { FAKTORY_URL: plain, FAKTORY_PASSWORD: "s3cret" },
        "from the variable FAKTORY_URL",
        "FAKTORY_PASSWORD",
      ],
      [
        [],
        { FAKTORY_PROVIDER: "JOBS", JOBS: secret },
        "from the variable JOBS, which FAKTORY_PROVIDER names",
        "the URL",
      ],
    ];
    for (const [args, env, url, from] of cases) {
      const { status, stdout, checks } = await doctor(args, { env });
      assert.equal(status, 0);
      assert.equal(checks["url"], `ok: ${plain}, ${url}; password from ${from}`);
      assert.equal(checks["password"], `ok: the one from ${from} is correct`);
      assert.doesNotMatch(stdout, /s3cret/);
    }
  });
  const { checks } = await doctor(["--timeout", "5"], { env: {} });
  assert.match(checks["url"]!, /^ok: tcp:\/\/localhost:7419, the default, as neither/);
  assert.match(checks["dns"]!, /^ok: localhost is /);
});

test("a wrong, missing or unneeded password", async () => {
  await withServer({ password: "s3cret" }, async ({ port }) => {
    const url = `tcp://127.0.0.1:${port}`;
    const cases = [
      [[], "none was set", /^set FAKTORY_PASSWORD$/],
      [["--password", "wr0ng"], "refuses", /^correct it in --password, /],
    ] as const;
    for (const [args, text, hint] of cases) {
      const { status, stdout, checks, hints } = await doctor(["--url", url, ...args]);
      assert.equal(status, 77);
      assert.match(checks["password"]!, new RegExp(`^fault: .*${text}`));
      assert.match(hints["password"]!, hint);
      assert.equal(checks["version"], "skipped: because password failed");
      assert.equal(checks["latency"], "skipped: because password failed");
      assert.doesNotMatch(stdout, /wr0ng|s3cret/);
    }
  });
  await withServer({}, async ({ port }) => {
    const { status, checks } = await doctor(["--url", `tcp://:wr0ng@127.0.0.1:${port}`]);
    assert.equal(status, 0);
    assert.equal(checks["password"], "warning: none is required, but there is one from the URL");
  });
});

test("an invalid URL, variable or file", async () => {
  const cases: [args: string[], env: Record<string, string>, status: number, text: RegExp][] = [
    [["--url", "http://localhost"], {}, 64, /scheme is neither tcp nor tcp\+tls/],
    [[], { FAKTORY_URL: "localhost" }, 64, /the variable FAKTORY_URL/],
    [[], { FAKTORY_PROVIDER: "NOWHERE" }, 64, /"NOWHERE", which is not set/],
    [["--ca", "missing.pem"], {}, 66, /there is no such file/],
  ];
  for (const [args, env, expected, text] of cases) {
    const { status, checks } = await doctor(args, { env });
    assert.equal(status, expected);
    assert.match(checks["url"]!, /^fault: /);
    assert.match(checks["url"]!, text);
    assert.equal(checks["tcp"], "skipped: because url failed");
  }
});

test("an unknown host name", async () => {
  const { status, checks } = await doctor(["--url", "tcp://no-such-host.invalid"]);
  assert.equal(status, 69);
  assert.match(checks["dns"]!, /^fault: .*name cannot be resolved/);
  assert.equal(checks["greeting"], "skipped: because dns failed");
});

test("a server that is not Faktory", async () => {
  await withListener((socket) => socket.end("SSH-2.0-OpenSSH_9.6\r\n"), async (url) => {
    const { status, checks } = await doctor(["--url", url]);
    assert.equal(status, 76);
    assert.match(checks["greeting"]!, /^fault: .*got "SSH-2\.0-OpenSSH_9\.6"/);
    assert.equal(checks["password"], "skipped: because greeting failed");
  });
  await withListener((socket) => socket.end('+HI {"v":3}\r\n'), async (url) => {
    const { status, checks } = await doctor(["--url", url]);
    assert.equal(status, 76);
    assert.match(checks["greeting"]!, /^fault: .*speaks version 3/);
  });
  await withListener((socket) => socket.end(), async (url) => {
    const { status, checks } = await doctor(["--url", url]);
    assert.equal(status, 69);
    assert.match(checks["greeting"]!, /^fault: .*closed the connection without a greeting$/);
  });
  await withListener(() => {}, async (url) => {
    const { status, checks } = await doctor(["--url", url, "--timeout", "0.1"]);
    assert.equal(status, 69);
    assert.match(checks["greeting"]!, /^fault: .*sent no greeting within 0\.1 s$/);
  });
});

test("a server without free connections", async () => {
  await withServer({ maxConnections: 1 }, async ({ url }) => {
    const producer = await Producer.connect({ url });
    const { status, checks } = await doctor(["--url", url]);
    assert.equal(status, 69);
    assert.match(checks["password"]!, /^fault: .*too many connections/);
    await producer.close();
  });
});

/** Calls `use` with the URL of a server with this certificate, reached as localhost. */
async function withTls(name: string, use: (url: string) => Promise<void>): Promise<void> {
  const text = (path: string) => readFileSync(tls(path), "utf8");
  const keys = { cert: text(`${name}.pem`), key: text(`${name}.key.pem`) };
  await withServer({ tls: keys }, ({ port }) => use(`tcp+tls://localhost:${port}`));
}

test("a verified certificate is described", async () => {
  await withTls("server", async (url) => {
    const { status, checks } = await doctor(["--url", url, "--ca", tls("ca.pem")]);
    assert.equal(status, 0);
    assert.match(
      checks["tls"]!,
      /^ok: verified; for localhost, .*, from faktory test ca, [\d,]+ days left, TLSv1\.3$/,
    );
    assert.match(checks["greeting"]!, /^ok: /);
  });
});

test("an untrusted certificate is explained", async () => {
  const untrusted = /^fault: its certificate is from an authority that is not trusted; for /;
  const cases: [name: string, ca: string[], text: RegExp, hint: RegExp][] = [
    ["server", [], untrusted, /--ca$/],
    ["server", ["--ca", tls("other_ca.pem")], untrusted, /--ca$/],
    [
      "elsewhere",
      ["--ca", tls("ca.pem")],
      /^fault: its certificate is not for localhost; for elsewhere\.example, from faktory test ca/,
      /^use a name/,
    ],
    [
      "expired",
      ["--ca", tls("ca.pem")],
      /^fault: its certificate expired on 2025-02-01; /,
      /^renew it/,
    ],
  ];
  for (const [name, ca, text, hint] of cases) {
    await withTls(name, async (url) => {
      const { status, checks, hints } = await doctor(["--url", url, ...ca]);
      assert.equal(status, 69);
      assert.match(checks["tls"]!, text);
      assert.match(hints["tls"]!, hint);
      assert.equal(checks["greeting"], "skipped: because tls failed");
    });
  }
});

const skip = runtime() === "deno" && "Deno verifies every certificate";

test("--insecure turns certificate errors into warnings", { skip }, async () => {
  await withTls("expired", async (url) => {
    const { status, checks } = await doctor(["--url", url, "--insecure"]);
    assert.equal(status, 0);
    assert.match(checks["tls"]!, /^warning: not verified \(--insecure\): its cert/);
    assert.match(checks["latency"]!, /^ok: /);
  });
});

test("--insecure is refused in Deno", {
  skip: runtime() !== "deno" && "other runtimes know it",
}, async () => {
  await withTls("expired", async (url) => {
    const { status, checks } = await doctor(["--url", url, "--insecure"]);
    assert.equal(status, 64);
    assert.match(checks["tls"]!, /^fault: Cannot use --insecure in Deno/);
  });
});

test("TLS on one side only", async () => {
  await withTls("server", async (url) => {
    const plain = url.replace("tcp+tls", "tcp");
    const { status, checks, hints } = await doctor(["--url", plain, "--timeout", "0.5"]);
    assert.equal(status, 69);
    assert.match(
      checks["greeting"]!,
      /^fault: localhost:\d+ uses TLS, but the URL is tcp:\/\/$/,
    );
    assert.equal(hints["greeting"], "use tcp+tls://");
  });
  await withServer({}, async ({ port }) => {
    const { status, checks, hints } = await doctor(["--url", `tcp+tls://127.0.0.1:${port}`]);
    assert.equal(status, 69);
    assert.match(checks["tls"]!, /^fault: .* is a Faktory server without TLS$/);
    assert.match(hints["tls"]!, /^use tcp:\/\/, without --ca/);
  });
  await withListener((socket) => socket.end("SSH-2.0-OpenSSH_9.6\r\n"), async (url) => {
    const { status, checks } = await doctor(["--url", url.replace("tcp", "tcp+tls")]);
    assert.equal(status, 69);
    assert.match(checks["tls"]!, /^fault: .*Does the server use TLS\?/);
  });
});

test("a signal ends the doctor without further output", async () => {
  const controller = new AbortController();
  const interrupt = () => controller.abort(new Interruption("SIGINT", 130));
  await withListener(interrupt, async (url) => {
    const { status, stdout, stderr } = await faktory(["doctor", "--url", url], controller);
    assert.deepEqual([status, stderr], [130, ""]);
    assert.doesNotMatch(stdout, /fault/);
  });
});

test("doctor refuses unknown flags", async () => {
  const { status, stderr } = await faktory(["doctor", "--ulr", "tcp://x"]);
  assert.equal(status, 64);
  assert.match(stderr, /^faktory: unknown option '--ulr'; did you mean --url\?\n$/);
});

test("colors are printed only on terminals", async () => {
  const args = ["doctor", "--url", "x"];
  assert.ok((await faktory(args, { isTerminal: true })).stdout.includes("\u001b[31mfault"));
  const { stdout } = await faktory(args, { isTerminal: true, env: { NO_COLOR: "1" } });
  assert.ok(!stdout.includes("\u001b"));
});

test("old or unknown runtimes", () => {
  assert.equal(runtimeFinding("node", "20.0.0").state, "ok");
  assert.equal(runtimeFinding("deno", "2.0.0").text, "Deno 2.0.0");
  for (
    const [name, version] of [["node", "18.20.1"], ["deno", "1.46.0"], ["bun", "1.1.38"]] as const
  ) {
    const { state, status } = runtimeFinding(name, version);
    assert.deepEqual([state, status], ["fault", 69], name);
  }
  assert.equal(runtimeFinding("workerd", "1").state, "warning");
  assert.ok(isAtLeast("1.10.0", "1.2") && !isAtLeast("1.1.9", "1.2"));
});

test("node:sqlite is available, missing, or needs a flag", () => {
  const has = () => true;
  assert.equal(sqliteFinding("node", "22.13.0", has).state, "ok");
  assert.equal(sqliteFinding("node", "22.12.0", has).state, "warning");
  assert.equal(sqliteFinding("bun", "1.2.0", has).state, "ok");
  assert.equal(sqliteFinding("bun", "1.2.0", () => false).state, "warning");
});

test("servers older or newer than the tested versions", () => {
  const state = (version: string) => versionFinding(`Faktory ${version}`, version).state;
  for (const version of ["1.6.2", "1.8.0", "1.9.2", "1.9.4", "1.10.0", "1.10.7"]) {
    assert.equal(state(version), "ok", version);
  }
  for (const version of ["1.6.1", "0.9.0", "1.11.0", "2.0.0", ""]) {
    assert.equal(state(version), "warning", version);
  }
  assert.match(versionFinding("Faktory 1.6.1", "1.6.1").text, /older/);
  assert.match(versionFinding("Faktory 1.9.1", "1.9.1").text, /queues latency needs 1\.9\.2$/);
  assert.equal(versionFinding("Faktory 1.9.2", "1.9.2").text, "Faktory 1.9.2");
  assert.match(versionFinding("Faktory 2.0.0", "2.0.0").text, /newer/);
});

test("clocks that differ", () => {
  const request = { at: 1_000_000, answeredAt: 1_000_400 };
  const found = (serverAt: number) => clockFinding(serverAt, request);
  assert.deepEqual([1_000_200, 999_500, 1_001_000].map((serverAt) => found(serverAt).state), [
    "ok",
    "ok",
    "ok",
  ]);
  assert.equal(found(1_003_400).text, "the server's clock is 3 s ahead of this machine's");
  const { state, text } = found(1_000_000 - 65_000);
  assert.equal(state, "warning");
  assert.match(
    text,
    /^the server's clock is 1 min 5 s behind this machine's, so scheduled jobs run too late$/,
  );
  assert.match(found(2_000_400).text, /ahead of .* too early$/);
  assert.deepEqual([found(NaN).state, found(NaN).text], [
    "skipped",
    "the server does not report its time",
  ]);
});

test("a certificate that is not valid yet", () => {
  const secured = {
    certificate: { valid_from: "Jan  1 00:00:00 2030 GMT", valid_to: "Jan  1 00:00:00 2031 GMT" },
    isVerified: false,
    wrongName: true,
  } as TlsResult;
  const [what] = problemOf(secured, { now: Date.UTC(2029, 0), name: "a" }) ?? [];
  assert.equal(what, "its certificate is not valid before 2030-01-01");
  assert.equal(problemOf({ ...secured, isVerified: true }, { now: 0, name: "a" }), undefined);
});
