import { type JobInput, Producer } from "../../mod.ts";
import { argsOf } from "./args.ts";
import type { Programs } from "./programs.ts";
import type { ServerUse } from "./task.ts";
import type { ServerKind, Workload } from "./workloads.ts";

/** A server for one measurement. */
export interface Server {
  readonly url: string;
  readonly queue: string;
  readonly isPassing: boolean;
  /** How many jobs wait on the queue, where they come to an end. */
  readonly jobs: number | undefined;
  /** Ends it, or removes what was put on it. */
  stop(): Promise<ServerUse | undefined>;
}

/** Jobs that are put on a server that keeps them for each second that it is measured: more than any of them passes on. */
const JOBS_PER_SECOND = 12_000;

/** Large jobs are slower, and are to leave room in the server's memory: of so many bytes there are no more. */
const MAX_BYTES = 96 * 1024 * 1024;

/** What a server has to have taken by then, or it is not measured. */
const FILL_MS = 60_000;

/** Starts a server, or gets the named one ready. */
export function startServer(
  kind: ServerKind,
  programs: Programs,
  workload: Workload & { readonly totalMs: number },
): Promise<Server> {
  if (kind === "real") return useReal(workload);
  const args = kind === "null" && workload.argBytes !== undefined ? [`${workload.argBytes}`] : [];
  return spawn([...programs.server(kind), ...args], kind === "embedded");
}

async function spawn([program, ...args]: string[], isPassing: boolean): Promise<Server> {
  const child = new Deno.Command(program!, { args, stdin: "piped", stdout: "piped" }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value = "" } = await reader.read();
  return {
    url: value.trim(),
    queue: isPassing ? "bench" : "default",
    isPassing,
    jobs: undefined,
    async stop() {
      await child.stdin.close();
      let told = "";
      for (let chunk; !(chunk = await reader.read()).done;) told += chunk.value;
      await child.status;
      return told === "" ? undefined : JSON.parse(told);
    },
  };
}

async function useReal({ work, argBytes, totalMs }: Parameters<typeof startServer>[2]) {
  const url = Deno.env.get("FAKTORY_URL")!;
  const queue = `bench-${crypto.randomUUID().slice(0, 8)}`;
  const jobs = work === "consume" ? jobsToFill(totalMs, argBytes) : undefined;
  const stop = async () => {
    await using producer = await Producer.connect({ url });
    await producer.queues.remove(queue);
    return undefined;
  };
  try {
    if (jobs !== undefined) await fill({ url, queue, jobs, argBytes });
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, queue, isPassing: true, jobs, stop };
}

function jobsToFill(totalMs: number, argBytes = 0): number {
  return Math.ceil(Math.min(JOBS_PER_SECOND * totalMs / 1000, MAX_BYTES / argBytes));
}

interface Filling {
  readonly url: string;
  readonly queue: string;
  readonly jobs: number;
  readonly argBytes: number | undefined;
}

async function fill({ url, queue, jobs, argBytes }: Filling): Promise<void> {
  const args = argsOf(argBytes);
  // A client ends with jobs under way: once their time is up they are to vanish, not to come back.
  const job: JobInput = { type: "bench", args, queue, retry: 0, reserveFor: 60 };
  await using producer = await Producer.connect({ url });
  const signal = AbortSignal.timeout(FILL_MS);
  const { failed } = await producer.enqueueMany(Array.from({ length: jobs }, () => job), {
    signal,
  });
  for (const error of failed.values()) throw error;
}
