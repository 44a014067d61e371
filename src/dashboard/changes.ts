import type { SetSelection } from "../inspect/types.ts";
import { InvalidArgumentError } from "../errors.ts";
import { confirmPage, jobsOf } from "./pages/others.ts";
import { filtersOf } from "./pages/jobs.ts";
import type { JobAction, QueueAction } from "./source.ts";
import { count } from "./view/text.ts";
import type { Html } from "./view/html.ts";
import { link, type Visit } from "./view/visit.ts";

/** What a form leads to: a question, or another page. */
export type Outcome = { readonly page: Html } | { readonly location: string };

const JOB_ACTIONS: readonly string[] = ["retry", "kill", "discard"];
const QUEUE_ACTIONS: readonly string[] = ["pause", "resume", "remove"];

/** The form of a list of jobs: one job, the selected ones, or all that match. */
export async function changeJobs(
  visit: Visit,
  set: SetSelection["set"],
  form: URLSearchParams,
): Promise<Outcome> {
  const filters = filtersOf(form);
  const order = form.get("order") ?? undefined;
  const back = (more: Record<string, string | number | undefined> = {}) =>
    link(visit, `/${set}`, { ...filters, order, ...more });
  const [one = "", jid = ""] = cut(form.get("one") ?? "");
  if (one !== "") {
    const jobs = await change(visit, actionOf(one), { set, jids: [jid] });
    return { location: back(done(one, jobs)) };
  }
  const [bulk = "", which] = cut(form.get("bulk") ?? "");
  const action = actionOf(bulk);
  const isFiltered = Object.keys(filters).length > 0;
  const jids = form.getAll("jid");
  if (which === "selected" && jids.length === 0) return { location: back() };
  const selection: SetSelection = which === "selected"
    ? { set, jids }
    : isFiltered
    ? { set, ...filters }
    : { set, all: true };
  if (form.get("confirmed") === "yes") {
    return { location: back(done(action, await change(visit, action, selection))) };
  }
  const jobs = await visit.inspection?.count(selection);
  const what = which === "selected"
    ? count(jobs ?? jids.length, "job")
    : jobsOf(set, jobs, !isFiltered);
  const fields: [string, string][] = [
    ["bulk", `${action}:${which}`],
    ...Object.entries({ ...filters, order }).filter((field): field is [string, string] =>
      field[1] !== undefined
    ),
    ...which === "selected" ? jids.map((jid): [string, string] => ["jid", jid]) : [],
  ];
  return { page: confirmPage(visit, { action, what, path: `/${set}`, fields, back: back() }) };
}

/** The form of a job's own page. */
export async function changeJob(visit: Visit, form: URLSearchParams): Promise<Outcome> {
  const action = actionOf(form.get("action") ?? "");
  const set = form.get("set");
  const jid = form.get("jid") ?? "";
  if (set !== "scheduled" && set !== "retries" && set !== "dead") throw senseless();
  const jobs = await change(visit, action, { set, jids: [jid] });
  const did = done(action, jobs);
  return {
    location: action === "discard"
      ? link(visit, `/${set}`, did)
      : link(visit, "/job", { jid, ...did }),
  };
}

/** The form of a queue. */
export async function changeQueue(visit: Visit, form: URLSearchParams): Promise<Outcome> {
  const action = form.get("action") ?? "";
  const name = form.get("name") ?? "";
  if (!QUEUE_ACTIONS.includes(action)) throw senseless();
  if (action === "remove" && form.get("confirmed") !== "yes") {
    const { jobs } = await visit.source.queues({ name });
    const what = `the queue ${name} with ${count(jobs, "job")}`;
    const fields = [["action", action], ["name", name]] as const;
    const back = link(visit, "/queues");
    return { page: confirmPage(visit, { action, what, path: "/queues", fields, back }) };
  }
  const isDone = await visit.source.changeQueue(action as QueueAction, name);
  return { location: link(visit, "/queues", { did: isDone === false ? "gone" : action }) };
}

/** The form of a worker. */
export async function changeWorker(visit: Visit, form: URLSearchParams): Promise<Outcome> {
  const action = form.get("action");
  if (action !== "quiet" && action !== "terminate") throw senseless();
  const isDone = await visit.inspection?.signal(form.get("wid") ?? "", action);
  return { location: link(visit, "/workers", { did: isDone === true ? action : "gone" }) };
}

function change(
  { source, inspection }: Visit,
  action: JobAction,
  selection: SetSelection,
): Promise<number | undefined> {
  return (inspection ?? source).change(action, selection);
}

function done(action: string, jobs: number | undefined) {
  return jobs === 0 ? { did: "gone" } : { did: action, jobs };
}

function actionOf(action: string): JobAction {
  if (JOB_ACTIONS.includes(action)) return action as JobAction;
  throw senseless();
}

/** Cuts at the first colon: ids may have more of them. */
function cut(text: string): [string, string] {
  const at = text.indexOf(":");
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

function senseless(): InvalidArgumentError {
  return new InvalidArgumentError("INVALID_ARGUMENT", "Cannot do what the form asks for");
}
