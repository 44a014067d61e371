import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { chmod, chown } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Folder where Debian and similar systems install PostgreSQL. The newest version is the last. */
const INSTALLED = "/usr/lib/postgresql";

/** Folder of PostgreSQL's programs; `undefined` if it is not installed. */
const bin = existsSync(INSTALLED)
  ? readdirSync(INSTALLED).sort((a, b) => Number(a) - Number(b))
    .map((version) => join(INSTALLED, version, "bin"))
    .findLast((folder) => existsSync(join(folder, "initdb")))
  : undefined;

/** Reason why tests with PostgreSQL are skipped; `false` if they are not. */
export const noPostgres: string | false = bin === undefined
  ? `PostgreSQL is not installed in ${INSTALLED}`
  : false;

/** User of a server that root starts, as PostgreSQL refuses to run as root. */
const NOBODY = 65_534;

/** Settings for tests: the server only listens on a socket in its folder, and syncs nothing. */
const FOR_TESTS: readonly string[] = ["-F", "-c", "listen_addresses="];

/** A PostgreSQL server with an empty database. */
export class PostgresServer {
  readonly #folder: string;
  readonly #stop: () => Promise<void>;

  private constructor(folder: string, stop: () => Promise<void>) {
    this.#folder = folder;
    this.#stop = stop;
  }

  /** Options for `new Pool()` of the package `pg`. */
  get pg(): { host: string; user: string; database: string } {
    return { host: this.#folder, user: "test", database: "postgres" };
  }

  /** Options for `postgres()`. */
  get postgres(): { path: string; username: string; database: string; onnotice: () => void } {
    const path = join(this.#folder, ".s.PGSQL.5432");
    return { path, username: "test", database: "postgres", onnotice: () => {} };
  }

  static async start(settings = FOR_TESTS, port = 5432): Promise<PostgresServer> {
    const folder = mkdtempSync(join(tmpdir(), "outbox-"));
    const data = join(folder, "data");
    // By `setpriv`, as not every runtime can start a program as another user.
    const asNobody = process.getuid?.() === 0
      ? ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"]
      : [];
    if (asNobody.length > 0) await chown(folder, NOBODY, NOBODY);
    await chmod(folder, 0o700);
    const command = (name: string, args: string[]) => {
      const [program, ...rest] = [...asNobody, join(bin!, name), ...args];
      return [program!, rest] as const;
    };
    await run(
      ...command("initdb", ["-D", data, "-U", "test", "-A", "trust", "-E", "UTF8", "--no-sync"]),
    );
    const server = spawn(
      ...command("postgres", [
        ...["-D", data, "-k", folder, "-p", `${port}`, ...settings],
        ...["-c", "log_destination=stderr"],
      ]),
      { stdio: ["ignore", "ignore", "pipe"] },
    );
    let log = "";
    const ended = once(server, "exit");
    const ready = new Promise<void>((resolve, reject) => {
      server.stderr.setEncoding("utf8").on("data", (text: string) => {
        log += text;
        if (log.includes("ready to accept connections")) resolve();
      });
      server.on("exit", () => reject(new Error(`PostgreSQL ended:\n${log}`)));
    });
    await ready;
    return new PostgresServer(folder, async () => {
      // Immediate shutdown, as no data is kept.
      server.kill("SIGQUIT");
      await ended;
      rmSync(folder, { recursive: true });
    });
  }

  stop(): Promise<void> {
    return this.#stop();
  }
}
