import { type Client, clients, obstacle, takesPart } from "./clients.ts";
import type { Options } from "./options.ts";
import { type ServerKind, type Workload, workloads } from "./workloads.ts";

/** A client at a workload on a server. */
export interface Subject {
  readonly server: ServerKind;
  readonly workload: Workload;
  readonly client: Client;
}

/** One that is left out, and why. */
export interface Omission extends Subject {
  readonly reason: string;
}

/** What is to be measured, a round of it, and what is left out. */
export interface Plan {
  readonly subjects: readonly Subject[];
  readonly omissions: readonly Omission[];
}

/** Chooses what is measured. `rustFault` says why there is no Rust client. */
export function planOf(
  options: Options,
  { hasReal, rustFault }: { hasReal: boolean; rustFault: string | undefined },
): Plan {
  const subjects: Subject[] = [];
  const omissions: Omission[] = [];
  for (const server of ["null", "embedded", "real"] satisfies ServerKind[]) {
    if (server === "real" && !hasReal) continue;
    for (const workload of workloads) {
      if (!workload.servers.includes(server) || !options.only.includes(workload.name)) continue;
      for (const client of clients) {
        if (!options.clients.includes(client.name)) continue;
        if (!takesPart(client, workload, server)) continue;
        const subject = { server, workload: sized(workload, options), client };
        const reason = obstacle(client, workload) ??
          (client.program === "rust" ? rustFault : undefined);
        if (reason === undefined) subjects.push(subject);
        else omissions.push({ ...subject, reason });
      }
    }
  }
  return { subjects, omissions };
}

function sized(workload: Workload, { isQuick }: Options): Workload {
  if (!isQuick) return workload;
  const { quickJobs: jobs, minMs: _, ...rest } = workload;
  return jobs === undefined ? rest : { ...rest, jobs };
}
