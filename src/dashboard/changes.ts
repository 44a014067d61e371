import type { JobSelection, SetSelection } from "../inspect/types.ts";
import { InvalidArgumentError } from "../errors.ts";
import { confirmPage, jobsOf } from "./pages/others.ts";
import { filtersOf } from "./pages/jobs.ts";
import type { CancelledPlace, JobAction, QueueAction } from "./source.ts";
import { formatCount } from "./view/text.ts";
import type { Html } from "./view/html.ts";
import { link, type Visit } from "./view/visit.ts";

/** Response to a form: a page that asks for confirmation, or a redirect. */
export type Outcome = { readonly page: Html } | { readonly location: string };

/** A place whose jobs can be changed. */
type ChangedPlace = SetSelection["set"] | "queue";

type Selection = Exclude<JobSelection, string | readonly string[]>;

const JOB_ACTIONS: readonly string[] = ["retry", "kill", "discard"];
const QUEUE_ACTIONS: readonly string[] = ["pause", "resume", "remove"];
/** Notices of a cancellation, by the place where the job was. */
const CANCELLED: Readonly<Partial<Record<CancelledPlace, string>>> = {
  working: "abort",
  unknown: "withdraw",
};

const SETS: readonly string[] = ["scheduled", "retries", "dead"];

/** Handles the form of a list of jobs: changes one job, the selected ones, or all that match. */
export async function changeJobs(
  visit: Visit,
  place: ChangedPlace,
  form: URLSearchParams,
): Promise<Outcome> {
  const filters = filtersOf(form);
  const name = place === "queue" ? form.get("name") ?? "" : undefined;
  const parameters = { ...filters, name, order: form.get("order") ?? undefined };
  const path = `/${place}`;
  const back = (more: Record<string, string | number | undefined> = {}) =>
    link(visit, path, { ...parameters, ...more });

  const one = form.get("one") ?? "";
  const [verb, which] = cut(one === "" ? form.get("bulk") ?? "" : one);
  const action = actionOf(verb);
  const isBulk = one === "";
  const jids = !isBulk ? [which] : which === "selected" ? form.getAll("jid") : undefined;
  if (jids?.length === 0) return { location: back() };
  const isFiltered = Object.keys(filters).length > 0;
  const selection = selectionOf(place, { queue: name, jids, filters });
  const isAsked = isBulk || action === "discard";
  if (!isAsked || form.get("confirmed") === "yes") {
    return { location: back(noticeOf(action, await change(visit, action, selection))) };
  }
  const jobs = isBulk ? await visit.inspection?.count(selection) : 1;
  const what = !isBulk
    ? `the job ${which.slice(0, 100)}`
    : jids !== undefined
    ? formatCount(jobs ?? jids.length, "job")
    : jobsOf(place, jobs, !isFiltered);
  const fields: [string, string][] = [
    isBulk ? ["bulk", `${action}:${which}`] : ["one", one],
    ...Object.entries(parameters).filter((field): field is [string, string] =>
      field[1] !== undefined
    ),
    ...isBulk ? (jids ?? []).map((jid): [string, string] => ["jid", jid]) : [],
  ];
  return { page: confirmPage(visit, { action, what, path, fields, back: back() }) };
}

/** Handles the form of a job's own page. */
export async function changeJob(visit: Visit, form: URLSearchParams): Promise<Outcome> {
  const verb = form.get("action") ?? "";
  const place = form.get("set") ?? "";
  const queue = form.get("queue") ?? "";
  const jid = form.get("jid") ?? "";
  const action = verb === "cancel" ? verb : actionOf(verb);
  const isChanged = SETS.includes(place) || place === "queue";
  if (!isChanged && (place !== "working" || action !== "cancel")) throw unknownAction();
  const jobLink = (more: Record<string, string | number> = {}) =>
    link(visit, "/job", { jid, ...more });
  if ((action === "discard" || action === "cancel") && form.get("confirmed") !== "yes") {
    const fields = [["action", action], ["set", place], ["queue", queue], ["jid", jid]] as const;
    const what = `the job ${jid.slice(0, 100)}`;
    return { page: confirmPage(visit, { action, what, path: "/job", fields, back: jobLink() }) };
  }
  if (action === "cancel") {
    const place = await visit.source.cancel(jid);
    return {
      location: jobLink({ did: place === undefined ? "gone" : CANCELLED[place] ?? action }),
    };
  }
  const selection = selectionOf(place as ChangedPlace, { queue, jids: [jid], filters: {} });
  const notice = noticeOf(action, await change(visit, action, selection));
  if (action !== "discard" || notice.did === "gone") return { location: jobLink(notice) };
  return { location: link(visit, `/${place}`, { name: queue || undefined, ...notice }) };
}

/** Handles the form of a queue. */
export async function changeQueue(visit: Visit, form: URLSearchParams): Promise<Outcome> {
  const action = form.get("action") ?? "";
  const name = form.get("name") ?? "";
  if (!QUEUE_ACTIONS.includes(action)) throw unknownAction();
  if (action === "remove" && form.get("confirmed") !== "yes") {
    const { jobs } = await visit.source.queues({ name });
    const what = `the queue ${name} with ${formatCount(jobs, "job")}`;
    const fields = [["action", action], ["name", name]] as const;
    const back = link(visit, "/queues");
    return { page: confirmPage(visit, { action, what, path: "/queues", fields, back }) };
  }
  const isDone = await visit.source.changeQueue(action as QueueAction, name);
  return { location: link(visit, "/queues", { did: isDone === false ? "gone" : action }) };
}

/** Handles the form of a worker. */
export async function changeWorker(visit: Visit, form: URLSearchParams): Promise<Outcome> {
  const action = form.get("action");
  if (action !== "quiet" && action !== "terminate") throw unknownAction();
  const isDone = await visit.inspection?.signal(form.get("wid") ?? "", action);
  return { location: link(visit, "/workers", { did: isDone === true ? action : "gone" }) };
}

function selectionOf(
  place: ChangedPlace,
  { queue, jids, filters }: {
    readonly queue: string | undefined;
    readonly jids: readonly string[] | undefined;
    readonly filters: ReturnType<typeof filtersOf>;
  },
): Selection {
  if (place === "queue") {
    if (jids === undefined) throw unknownAction();
    return { queue: queue ?? "", jids };
  }
  if (jids !== undefined) return { set: place, jids };
  return Object.keys(filters).length > 0 ? { set: place, ...filters } : { set: place, all: true };
}

function change(
  { source, inspection }: Visit,
  action: JobAction,
  selection: Selection,
): Promise<number | undefined> {
  return (inspection ?? source).change(action, selection);
}

function noticeOf(action: string, jobs: number | undefined): Record<string, string | number> {
  if (jobs === 0) return { did: "gone" };
  return jobs === undefined ? { did: action } : { did: action, jobs };
}

function actionOf(action: string): JobAction {
  if (JOB_ACTIONS.includes(action)) return action as JobAction;
  throw unknownAction();
}

/** Cuts at the first colon. An id may contain more of them. */
function cut(text: string): [string, string] {
  const at = text.indexOf(":");
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

function unknownAction(): InvalidArgumentError {
  return new InvalidArgumentError("INVALID_ARGUMENT", "Cannot read the form as a value is unknown");
}
