import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Reservation } from "../../src/server/reservation.ts";
import { Reservations } from "../../src/server/reservations.ts";
import { Holds } from "../../src/server/store/holds.ts";

const reservation = (jid: string) =>
  new Reservation({ row: 1, jid, payload: "{}", wid: "a worker" });

test("reservations are found by jid like in a Map", () => {
  const action = fc.tuple(fc.boolean(), fc.nat(60));
  fc.assert(
    fc.property(fc.array(action, { maxLength: 500 }), (actions) => {
      const reservations = new Reservations();
      const model = new Map<string, Reservation>();
      for (const [isTaken, number] of actions) {
        const jid = number === 0 ? "" : `jid-${number} "é\\\ud800`;
        if (isTaken) {
          assert.equal(reservations.take(jid), model.get(jid));
          model.delete(jid);
        } else {
          const made = reservation(jid);
          reservations.set(made);
          model.set(jid, made);
        }
        assert.equal(reservations.get(jid), model.get(jid));
        assert.equal(reservations.has(jid), model.has(jid));
        assert.equal(reservations.size, model.size);
      }
      assert.deepEqual(new Set(reservations.values()), new Set(model.values()));
    }),
    { seed: 1, numRuns: 50 },
  );
});

test("holds are found by row like in a Map", () => {
  const action = fc.tuple(fc.boolean(), fc.nat(60));
  fc.assert(
    fc.property(fc.array(action, { maxLength: 500 }), (actions) => {
      const holds = new Holds();
      const model = new Map<number, { at: number; owner: string }>();
      for (const [i, [isGone, row]] of actions.entries()) {
        if (isGone) {
          holds.delete(row);
          model.delete(row);
        } else {
          holds.set(row, { at: i, owner: "" });
          model.set(row, { at: i, owner: "" });
        }
        for (let row = 0; row <= 61; row++) assert.deepEqual(holds.get(row), model.get(row));
      }
    }),
    { seed: 1, numRuns: 50 },
  );
});
