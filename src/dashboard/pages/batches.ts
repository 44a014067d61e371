import { type Html, html } from "../view/html.ts";
import { empty, noListingHint, page } from "../view/layout.ts";
import { formatInteger, time, untrusted } from "../view/text.ts";
import type { Visit } from "../view/visit.ts";

/** Renders the batches, the newest first. */
export async function batchesPage(visit: Visit): Promise<Html> {
  const options = { title: "Batches", active: "/batches", live: true };
  if (visit.inspection === undefined) {
    return page(visit, { ...options, live: false }, noListingHint(visit));
  }
  const batches = await visit.inspection.batches();
  if (batches.length === 0) {
    return page(
      visit,
      options,
      empty(
        "No batches. Open one with producer.batches.open(); the server needs edition enterprise:" +
          " faktory serve --edition enterprise.",
      ),
    );
  }
  return page(
    visit,
    options,
    html`
      <div class="scroll" tabindex="0" role="region" aria-label="Table of batches">
        <table>
          <thead>
            <tr>
              <th scope="col">Batch</th>
              <th scope="col">Created</th>
              <th scope="col" class="number">Jobs</th>
              <th scope="col" class="number">Pending</th>
              <th scope="col" class="number">Failed</th>
              <th scope="col">Progress</th>
              <th scope="col">Complete</th>
              <th scope="col">Success</th>
            </tr>
          </thead>
          <tbody>${batches.slice(0, 200).map((batch) => {
            const { bid, description, parentBid, total, pending, failed, callbacks, committed } =
              batch;
            return html`
              <tr>
                <th scope="row">${untrusted(description || "no description")}
                        <span class="jid">${untrusted(bid, 60)}${parentBid === undefined
                          ? ""
                          : html`
                            in ${untrusted(parentBid, 60)}
                          `}</span> ${committed ? "" : html`<span class="badge">open</span>`}</th>
                <td>${time(batch.createdAt, visit.now)}</td>
                <td class="number">${formatInteger(total)}</td>
                <td class="number">${formatInteger(pending)}</td>
                <td class="number">${formatInteger(failed)}</td>
                <td><progress value="${total - pending}" max="${Math.max(
                  total,
                  1,
                )}" aria-label="${`Progress of ${description || bid}`}"></progress></td>
                <td>${callbacks.complete ?? html`<span class="none">none</span>`}</td>
                <td>${callbacks.success ?? html`<span class="none">none</span>`}</td>
              </tr>
            `;
          })}</tbody>
        </table>
      </div>
    `,
  );
}
