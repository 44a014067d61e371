import { Consumer, type Producer } from "../../mod.ts";
import { Schedule } from "../../src/cron/mod.ts";
import { deferred } from "../../src/internal/deferred.ts";
import { chain, join, Workflows } from "../../src/workflow/mod.ts";
import type { FaktoryServer } from "../../src/server/mod.ts";

const minutes = (count: number) => new Date(Date.now() + count * 60_000);

/** The failing jobs of a web shop: type, arguments, error, and whether it is dead at once. */
const FAILING: readonly [string, unknown[], Error, boolean][] = [
  [
    "resize",
    ["products/cat-bed.png", { width: 320 }],
    broken("RangeError", "no such picture: products/cat-bed.png", "pictures"),
    false,
  ],
  [
    "resize",
    ["products/lamp.png", { width: 1280 }],
    broken("TypeError", "Cannot read properties of undefined (reading 'width')", "pictures"),
    false,
  ],
  [
    "charge_card",
    [{ order: 4711, amount: "59.90" }],
    broken("PaymentError", "card declined: insufficient funds", "payments"),
    false,
  ],
  [
    "send_mail",
    ["ada@example.com", "order_confirmed"],
    broken("Error", "connect ECONNREFUSED 192.0.2.7:25", "mail"),
    false,
  ],
  [
    "send_mail",
    ["grace@example.com", "password_reset"],
    broken("Error", "550 mailbox unavailable", "mail"),
    true,
  ],
  [
    "sync_stock",
    ["warehouse-7"],
    broken("TimeoutError", "no answer from the warehouse within 30 s", "stock"),
    true,
  ],
  [
    "charge_card",
    [{ order: 4502, amount: "12.00" }],
    broken("PaymentError", "card expired", "payments"),
    true,
  ],
];

const QUEUES: Readonly<Record<string, string>> = {
  resize: "pictures",
  charge_card: "payments",
  send_mail: "mail",
  sync_stock: "stock",
};

const RUNNING: readonly [string, unknown[]][] = [
  ["import_catalogue", ["spring-2027.csv"]],
  ["resize", ["products/armchair.png", { width: 640 }]],
];

/** The id of a workflow that no worker continues. */
const WORKFLOW = "order-4711";

/** A shop that is open. */
export interface OpenShop {
  /** The id of its workflow. */
  readonly workflow: string;
  /** Ends the running jobs. */
  close(): Promise<void>;
}

/** Fills a server so that each page has content. */
export async function openShop(
  { url }: FaktoryServer,
  producer: Producer,
): Promise<OpenShop> {
  const failing = new Consumer({ url, queues: Object.values(QUEUES), concurrency: 1 });
  for (const [type, args, error, isDead] of FAILING) {
    failing.register(type, () => {
      throw error;
    });
    const queue = QUEUES[type]!;
    await producer.enqueue(type, args, { queue, retry: isDead ? -1 : 25, backtrace: 20 });
    await failing.runOne();
  }

  // One of them fails again.
  await producer.sets.retries.requeue({ type: "charge_card" });
  await failing.runOne();

  await producer.enqueueMany([
    ...range(12).map((i) => ({ type: "resize", args: [`products/${i}.png`], queue: "pictures" })),
    ...range(5).map((i) => ({ type: "send_mail", args: [`user-${i}@example.com`], queue: "mail" })),
    ...range(3).map((i) => ({ type: "monthly_report", args: [2026, 9 + i], queue: "reports" })),
    ...range(8).map((i) => (
      { type: "remind", args: [{ cart: 3100 + i }], queue: "mail", at: minutes(7 * i + 3) }
    )),
  ]);
  await producer.queues.pause("reports");

  const ship = { type: "ship", args: [4711], queue: "orders" };
  await new Workflows().start(
    producer,
    chain(
      join(
        { type: "reserve_stock", args: [4711], queue: "orders" },
        { type: "print_label", args: [4711], queue: "orders" },
      ),
      ship,
      { type: "send_invoice", args: [4711], queue: "orders" },
    ),
    { id: WORKFLOW, statusDays: 7 },
  );
  const workflows = new Workflows();
  const first = new Consumer({ url, queues: ["orders"], concurrency: 1 });
  workflows.attach(first);
  first.register("reserve_stock", () => "shelf 12");
  await first.runOne();

  const schedule = new Schedule({
    nightly_backup: { cron: "0 3 * * *", job: { type: "backup", args: ["orders"] } },
    stock_check: { every: "10m", job: { type: "sync_stock", args: ["all"], queue: "stock" } },
  });
  const firings = deferred();
  let pushes = 0;
  schedule.on("push", () => {
    if (++pushes === 2) firings.resolve();
  });
  const stop = new AbortController();
  const firing = schedule.run(producer, { signal: stop.signal });
  await firings.promise;
  stop.abort();
  await firing;

  await producer.batches.open(
    { description: "Prices of the winter sale", success: { type: "publish_prices" } },
    async (batch) => {
      for (const i of range(4)) {
        await batch.enqueue("set_price", [`product-${i}`], { queue: "prices" });
      }
    },
  );

  const release = deferred();
  const started = deferred();
  let count = 0;
  const worker = new Consumer({
    ...{ url, queues: ["imports"], concurrency: 5, wid: "worker-web-1" },
    ...{ hostname: "jobs-1.shop.example", labels: ["typescript", "eu-west"] },
  });
  for (const [type] of RUNNING) {
    worker.register(type, async () => {
      if (++count === RUNNING.length) started.resolve();
      await release.promise;
    });
  }
  await producer.enqueueMany(RUNNING.map(([type, args]) => ({ type, args, queue: "imports" })));
  const running = worker.run();
  await started.promise;
  return {
    workflow: WORKFLOW,
    async close() {
      release.resolve();
      await worker.stop();
      await running;
    },
  };
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

function broken(name: string, message: string, file: string): Error {
  const error = new Error(message);
  error.name = name;
  error.stack = [
    `${name}: ${message}`,
    `    at find (file:///srv/shop/src/${file}.ts:48:11)`,
    `    at async handle (file:///srv/shop/src/${file}.ts:21:19)`,
    `    at async run (file:///srv/shop/src/worker.ts:12:5)`,
  ].join("\n");
  return error;
}
