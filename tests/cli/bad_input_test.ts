import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { type CommandResult, faktory, unusedUrl, withListener, withServer } from "./setting.ts";

/**
 * Asserts that the command failed with this status, and with one line that explains the error and
 * how to fix it.
 */
function assertRefused(
  { status, stdout, stderr }: CommandResult,
  expected: number,
  line: RegExp,
): void {
  assert.equal(stdout, "");
  assert.match(stderr, /^faktory: [^\n]+; [^\n]+\n$/);
  assert.match(stderr, line);
  assert.equal(status, expected, stderr);
}

const usage: readonly (readonly [args: readonly string[], line: RegExp])[] = [
  [["infoo"], /unknown command 'infoo'; did you mean info\?/],
  [["nothing-like-it"], /unknown command 'nothing-like-it'; see faktory --help/],
  [["--nonsense"], /unknown option '--nonsense'; see faktory --help/],
  [["--url", "x", "info"], /'--url'; flags come after the command, see faktory --help/],
  [["info", "--nonsense"], /unknown option '--nonsense'; see faktory info --help/],
  [["info", "--ulr", "tcp://x"], /unknown option '--ulr'; did you mean --url\?/],
  [["info", "--url"], /option '--url <url>' argument missing/],
  [["info", "more"], /too many arguments for 'info'/],
  [["info", "--url", "http://localhost"], /scheme is neither tcp nor tcp\+tls/],
  [["info", "--timeout", "0"], /'--timeout <seconds>' argument '0' is invalid.*above 0/],
  [["info", "--cert", "a.pem"], /Cannot use --cert without --key; add --key/],
  [["push"], /missing required argument 'type'; see faktory push --help/],
  [["push", "--skip-invalid", "a"], /Cannot use --skip-invalid without --ndjson; add --ndjson/],
  [["push", "--ndjson", "-", "-"], /Cannot read standard input twice; pass - only once/],
  [["push", "--ndjson", "a", "--queue", "mail"], /Cannot use --queue with --ndjson; leave it out/],
  [["queues", "pausee"], /unknown command "pausee" of queues; see faktory queues --help/],
  [["queues", "pause"], /missing required argument 'names'; see faktory queues pause --help/],
  [["queues", "pause", "a", "*"], /Cannot pause queues as "\*" is combined with other names/],
  [["queues", "remove", "a"], /Cannot remove a without --yes as all jobs on them would be del/],
  [["dead", "clear"], /Cannot clear dead without --yes as all jobs in it would be deleted; add/],
  [["dead", "requeue"], /Cannot requeue jobs of dead as no filter is given; use one of --type/],
  [["dead", "kill", "--all", "--type", "a"], /only --type and --pattern can be combined/],
  [["dead", "kil"], /unknown command "kil" of dead; see faktory dead --help/],
  [["push", "a", "{"], /Cannot parse "\{" as JSON.*--text/],
  [["push", "a", "--retry", "often"], /'often' is invalid. It must be an integer of -1 or more/],
  [["push", "a", "--at", "soon"], /'soon' is invalid. It must be a time such as \+5m/],
  [["push", "a", "--custom", "x"], /Cannot use --custom as it is not name=value: got "x"/],
  [["serve", "--port", "65536"], /It must be an integer from 0 to 65535/],
  [["serve", "--edition", "pro"], /Allowed choices are free, enterprise/],
  [["serve", "--tls-key", "a.pem"], /Cannot use --tls-key without --tls-cert/],
];

for (const [args, line] of usage) {
  test(`wrong usage is one line: faktory ${args.join(" ")}`, async () => {
    assertRefused(await faktory(args), 64, line);
  });
}

test("an invalid variable is named", async () => {
  const env = { FAKTORY_PROVIDER: "NOWHERE" };
  assertRefused(await faktory(["info"], { env }), 64, /"NOWHERE", which is not set; set it/);
  const { stderr } = await faktory(["info"], { env: { FAKTORY_URL: "localhost" } });
  assert.match(stderr, /Cannot use the variable FAKTORY_URL as it does not have the form tcp:/);
});

test("a missing file is named with its flag", async () => {
  for (const [command, flag] of [["info", "--ca"], ["serve", "--tls-cert"]] as const) {
    const more = command === "serve" ? ["--tls-key", "missing.pem"] : [];
    const ended = await faktory([command, flag, "missing.pem", ...more]);
    assertRefused(ended, 66, new RegExp(`"missing.pem" of ${flag} as there is no such file`));
  }
});

test("a file without a certificate or key is named with its flag", async () => {
  const [cert, key] = ["server.pem", "server.key.pem"].map((name) =>
    fileURLToPath(new URL(`../fixtures/tls/${name}`, import.meta.url))
  ) as [string, string];
  for (
    const [args, flag, what] of [
      [["info", "--ca", key], "--ca", "certificate"],
      [["info", "--cert", cert, "--key", cert], "--key", "private key"],
      [["serve", "--tls-cert", key, "--tls-key", key], "--tls-cert", "certificate"],
    ] as const
  ) {
    const line = new RegExp(
      `pem" of ${flag} as it contains no ${what} in PEM format; use a file with a`,
    );
    assertRefused(await faktory(args), 65, line);
  }
});

test("a filter that matches every job is refused without --all", async () => {
  await withServer({}, async ({ url }) => {
    const ended = await faktory(["dead", "discard", "--pattern", "*", "--url", url]);
    assertRefused(
      ended,
      64,
      /the pattern "\*" matches every job.*; add --all to select every job/,
    );
  });
});

test("an invalid queue name is refused", async () => {
  await withServer({}, async ({ url }) => {
    for (const args of [["pause", "no queue"], ["latency", "*"]]) {
      assertRefused(await faktory(["queues", ...args, "--url", url]), 64, /queue .*name/);
    }
  });
});

test("nothing listens at the address", async () => {
  const ended = await faktory(["info", "--url", await unusedUrl()]);
  assertRefused(ended, 69, /nothing listens there.*faktory serve/);
});

test("a server that is not Faktory", async () => {
  await withListener((socket) => socket.end("SSH-2.0-OpenSSH_9.6\r\n"), async (url) => {
    const line =
      /^faktory: Cannot connect to 127\.0\.0\.1:\d+ as it is not a F.*; check that it is a Faktory server/;
    assertRefused(await faktory(["info", "--url", url]), 76, line);
  });
  await withListener((socket) => socket.end('+HI {"v":3}\r\n'), async (url) => {
    const line = /version 3 of the Faktory protocol.*; use a version of this package that/;
    assertRefused(await faktory(["info", "--url", url]), 76, line);
  });
  await withListener((socket) => socket.end(), async (url) => {
    assertRefused(
      await faktory(["info", "--url", url]),
      69,
      /closed the connection before its greeting/,
    );
  });
  await withListener(() => {}, async (url) => {
    const ended = await faktory(["info", "--url", url, "--timeout", "0.05"]);
    assertRefused(
      ended,
      69,
      /; check that a Faktory server runs there, or .* raise --tim/,
    );
  });
});

test("a tcp+tls URL of a server without TLS is explained", async () => {
  await withServer({}, async ({ port }) => {
    const ended = await faktory(["info", "--url", `tcp+tls://127.0.0.1:${port}`]);
    assertRefused(
      ended,
      69,
      /Does the server use TLS\? \([a-zA-Z ]+\); use tcp:\/\/ if the server has/,
    );
  });
});

test("a server's text is printed on one line, without control characters", async () => {
  const greeting = '+HI {"v":2}\r\n-ERR \u001b[31mno\u0007 way\r\n';
  await withListener((socket) => socket.end(greeting), async (url) => {
    const ended = await faktory(["info", "--url", url]);
    assertRefused(ended, 76, /^faktory: Refused by the server: ERR {1,2}\[31mno {1,2}way; see /);
  });
});

test("a missing or wrong password is reported, and never shown", async () => {
  await withServer({ password: "s3cret" }, async ({ port }) => {
    const url = `tcp://127.0.0.1:${port}`;
    const hint = /; (set FAKTORY_PASSWORD|correct it in --password, in the URL)/;
    const attempts = [
      faktory(["info", "--url", url]),
      faktory(["info", "--url", url, "--password", "wr0ng"]),
      faktory(["info"], { env: { FAKTORY_URL: url, FAKTORY_PASSWORD: "wr0ng" } }),
      faktory(["info", "--url", `tcp://:wr0ng@127.0.0.1:${port}`]),
    ];
    for (const ended of await Promise.all(attempts)) {
      assertRefused(ended, 77, hint);
      assert.doesNotMatch(ended.stderr, /wr0ng|s3cret/);
    }
  });
  const { stderr } = await faktory(["info", "--pasword=s3cret"]);
  assert.doesNotMatch(stderr, /s3cret/);
});

test("an invalid job is refused before it is sent", async () => {
  await withServer({}, async (server) => {
    const args = ["push", "resize", "12345678901234567890", "--url", server.url];
    assertRefused(await faktory(args), 65, /args\[0\]/);
    assertRefused(await faktory([...args, "--queue", "no way"]), 65, /queue/);
    assert.deepEqual(server.snapshot().queues, {});
  });
});

test("serve refuses a port that is taken and an invalid certificate", async () => {
  await withServer({}, async ({ port }) => {
    const ended = await faktory(["serve", "--port", String(port)]);
    assertRefused(ended, 69, /as the port is taken; choose another port with --port/);
  });
  const folder = await mkdtemp(join(tmpdir(), "cli-"));
  try {
    const path = join(folder, "no.pem");
    const labels = ["CERTIFICATE", "PRIVATE KEY"];
    await writeFile(path, labels.map((label) => `-----BEGIN ${label}-----\n`).join(""));
    const ended = await faktory(["serve", "--port", "0", "--tls-cert", path, "--tls-key", path]);
    assertRefused(ended, 64, /is not a certificate with its key/);
  } finally {
    await rm(folder, { recursive: true });
  }
});
