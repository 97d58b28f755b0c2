import { obstacles } from "../../components/interrupted-release";

const history = [
  { name: "sh.helm.release.v1.istiod.v1", status: "superseded" },
  { name: "sh.helm.release.v1.istiod.v2", status: "deployed" },
  { name: "sh.helm.release.v1.istiod.v3", status: "pending-upgrade" },
];

test("a release that the state does not know is forgotten whole, so that Helm takes over its objects", () => {
  expect(obstacles(["cannot re-use a name that is still in use"], history)).toEqual(
    history.map(({ name }) => name),
  );
});

test("of an upgrade that was cut off only the attempt is forgotten", () => {
  const error = "error running update: another operation (install/upgrade/rollback) is in progress";
  expect(obstacles([error], history)).toEqual(["sh.helm.release.v1.istiod.v3"]);
});

test("any other failure is left to the person who reads it", () => {
  expect(obstacles(["timed out waiting for the condition"], history)).toEqual([]);
});
