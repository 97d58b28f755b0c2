import { parseMesh } from "../../mesh/parse";
import { readingCost } from "../../mesh/reading-cost";
import { cluster } from "./problems-of";

const cost = (clusters: object[]) => readingCost(parseMesh({ clusters }));
const figures =
  "where each has 300 Services and 4,000 endpoints (https://istio.io/latest/docs/ops/deployment/ambient-mc-perf/). To read fewer: docs/reading.md.";

it("is nothing where nobody reads anybody", () => {
  expect(cost([cluster("a")])).toBeUndefined();
  expect(cost([cluster("a", { reads: [] }), cluster("b", { reads: [] })])).toBeUndefined();
});

it("is told of the istiod that reads most, which is a hub's", () => {
  const spokes = ["b", "c", "d"].map((name) => cluster(name, { reads: ["a"] }));
  expect(cost([cluster("a"), ...spokes])).toBe(
    `istiod of a reads 3 other members: about 540 MB of memory and 3% of a core in each replica, ${figures}`,
  );
});

it("is told once where many read as much", () => {
  const fifty = Array.from({ length: 50 }, (_, index) => cluster(`c${index}`));
  expect(cost(fifty)).toBe(
    `The istiods that read most (50) each read 49 other members: about 8.8 GB of memory and 49% of a core in each replica, ${figures}`,
  );
  expect(cost([cluster("a"), cluster("r", { role: "remote", primary: "a" })])).toBe(
    `istiod of a reads 1 other member: about 180 MB of memory and 1% of a core in each replica, ${figures}`,
  );
});
