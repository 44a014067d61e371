import assert from "node:assert/strict";
import { test } from "node:test";
import {
  AuthenticationError,
  ConnectError,
  ProtocolError,
  VersionError,
} from "../../src/errors.ts";
import { ManualClock } from "../../src/internal/clock.ts";
import { dial, type DialOptions } from "../../src/connection/dial.ts";
import { Peer } from "./peer.ts";

function make(options: Partial<DialOptions> = {}) {
  const peer = new Peer();
  const clock = new ManualClock();
  const all: DialOptions = {
    transport: { name: "memory", connect: () => Promise.resolve(peer.connection) },
    target: { hostname: "::1", port: 7419 },
    connectTimeoutMs: 1000,
    commandTimeoutMs: 5000,
    clock,
    ...options,
  };
  return { peer, clock, options: all };
}

test("a server without a password gets a HELLO without one, even if there is one", async () => {
  const { peer, options } = make({ password: "secret" });
  const dialling = dial(options);
  peer.say(`+HI {"v":2}\r\n`);
  await peer.received(1);
  assert.deepEqual(peer.lines, [`HELLO {"v":2}`]);
  peer.say("+OK\r\n");
  const connection = await dialling;
  connection.close();
});

test("a password is hashed as the server asks, and a worker sends its details", async () => {
  const worker = { wid: "worker-1", hostname: "here", pid: 7, labels: ["blue"] };
  const { peer, options } = make({ password: "foobar", worker });
  const dialling = dial(options);
  peer.say(`+HI {"v":2,"i":1545,"s":"55104dc76695721d"}\r\n`);
  await peer.received(1);
  assert.deepEqual(JSON.parse(peer.lines[0]!.slice("HELLO ".length)), {
    v: 2,
    pwdhash: "6d877f8e5544b1f2598768f817413ab8a357afffa924dedae99eb91472d4ec30",
    ...worker,
  });
  peer.say("+OK\r\n");
  (await dialling).close();
});

const refusals: [
  name: string,
  say: string[],
  error: new (...args: never[]) => Error,
  code: string,
][] = [
  [
    "a password that is missing",
    [`+HI {"v":2,"i":4,"s":"aa"}\r\n`],
    AuthenticationError,
    "PASSWORD_REQUIRED",
  ],
  ["another version", [`+HI {"v":3}\r\n`], VersionError, "UNSUPPORTED_VERSION"],
  [
    "another protocol",
    ["HTTP/1.1 400 Bad Request\r\n"],
    ProtocolError,
    "PROTOCOL_VIOLATION",
  ],
  [
    "no connection left",
    [`+HI {"v":2}\r\n`, "-ERR too many connections: 1\r\n"],
    ConnectError,
    "TOO_MANY_CONNECTIONS",
  ],
];

for (const [name, say, error, code] of refusals) {
  test(`dialling ends at once on ${name}`, async () => {
    const { peer, options, clock } = make();
    const dialling = assert.rejects(dial(options), (thrown) => {
      assert(thrown instanceof error, `${thrown}`);
      assert.equal((thrown as Error & { code: string }).code, code);
      return true;
    });
    for (const text of say) peer.say(text);
    await dialling;
    assert.equal(peer.isClosed, true);
    assert.equal(clock.pending, 0);
  });
}

test("a wrong password has an error of its own, which does not contain it", async () => {
  const { peer, options } = make({ password: "hunter2hunter2" });
  const dialling = dial(options);
  peer.say(`+HI {"v":2,"i":4,"s":"aa"}\r\n`);
  await peer.received(1);
  peer.say("-ERR Invalid password\r\n");
  await assert.rejects(dialling, (error) => {
    assert(error instanceof AuthenticationError);
    assert.equal(error.code, "PASSWORD_REFUSED");
    assert(!`${error.stack}${JSON.stringify(error)}`.includes("hunter2"));
    return true;
  });
});

test("a server that closes before its greeting may expect TLS", async () => {
  const { peer, options } = make();
  const dialling = dial(options);
  peer.end();
  await assert.rejects(dialling, {
    code: "CONNECT_FAILED",
    message:
      "Cannot connect to [::1]:7419 as the server closed the connection before its greeting. " +
      "Does the server want TLS (tcp+tls://)?",
  });
});

test("dialling a silent server ends after the timeout", async () => {
  const { peer, options, clock } = make();
  const dialling = assert.rejects(dial(options), { code: "CONNECT_TIMEOUT" });
  // Lets `dial` take the transport's promise first.
  await Promise.resolve();
  await Promise.resolve();
  clock.advance(1000);
  await dialling;
  for (let i = 0; i < 10; i++) await Promise.resolve();
  assert.equal(peer.isClosed, true);
  assert.equal(clock.pending, 0);
});

test("a transport that ignores its signal is not awaited, its connection is closed", async () => {
  const peer = new Peer();
  let connected!: () => void;
  const late = new Promise<void>((resolve) => connected = resolve);
  const { options, clock } = make({
    transport: { name: "slow", connect: () => late.then(() => peer.connection) },
  });
  const dialling = assert.rejects(dial(options), { code: "CONNECT_TIMEOUT" });
  clock.advance(1000);
  await dialling;
  connected();
  await peer.connection.closed;
  assert.equal(peer.isClosed, true);
});

test("a caller's signal ends dialling with its reason", async () => {
  const { options, clock } = make();
  const stop = new AbortController();
  const dialling = assert.rejects(dial(options, stop.signal), { message: "enough" });
  stop.abort(new Error("enough"));
  await dialling;
  await assert.rejects(dial(options, stop.signal), { message: "enough" });
  assert.equal(clock.pending, 0);
});

test("a password function is called before each connection, and the result is hashed", async () => {
  const { peer, options } = make({ password: () => Promise.resolve("foobar") });
  const dialling = dial(options);
  peer.say(`+HI {"v":2,"i":1545,"s":"55104dc76695721d"}\r\n`);
  await peer.received(1);
  assert.equal(
    JSON.parse(peer.lines[0]!.slice("HELLO ".length)).pwdhash,
    "6d877f8e5544b1f2598768f817413ab8a357afffa924dedae99eb91472d4ec30",
  );
  peer.say("+OK\r\n");
  (await dialling).close();
});

test("a password function that fails ends the attempt, and no error shows its result", async () => {
  const cases: [password: () => unknown, cause: unknown][] = [
    [() => Promise.reject("hunter2"), "hunter2"],
    [() => {
      throw "hunter2";
    }, "hunter2"],
    [() => ["hunter2"], undefined],
    [() => undefined, undefined],
  ];
  for (const [password, cause] of cases) {
    let isBegun = false;
    const { clock, options } = make({
      password: password as () => string,
      transport: {
        name: "none",
        connect() {
          isBegun = true;
          return new Promise(() => {});
        },
      },
    });
    await assert.rejects(dial(options), (error) => {
      assert(error instanceof AuthenticationError && error.code === "PASSWORD_UNAVAILABLE");
      assert.deepEqual([error.cause, isBegun, error.message.includes("hunter2")], [
        cause,
        false,
        false,
      ]);
      return true;
    });
    assert.equal(clock.pending, 0);
  }
});

test("a connection that replaces another must answer a command before it is used", async () => {
  const { peer, clock, options } = make({ prove: true });
  let connection: unknown;
  const dialling = dial(options).then((dialled) => connection = dialled);
  await peer.greet();
  await peer.received(2);
  assert.equal(peer.lines[1], "INFO");
  assert.equal(connection, undefined);
  // An error reply is an answer, too.
  peer.say("-ERR no\r\n");
  (await dialling).close();
  assert.equal(clock.pending, 0);
  const silent = make({ prove: true });
  const failing = assert.rejects(dial(silent.options), { code: "CONNECT_TIMEOUT" });
  await silent.peer.greet();
  await silent.peer.received(2);
  silent.clock.advance(1000);
  await failing;
  assert.equal(silent.clock.pending, 0);
});
