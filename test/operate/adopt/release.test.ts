import { gzipSync } from "node:zlib";
import { releasesIn } from "../../../operate/adopt/release";

function record(name: string, version: number, status: string, config?: object): string {
  const json = JSON.stringify({
    name,
    version,
    info: { status },
    chart: { metadata: { name: "istiod", version: `1.30.${version}` } },
    config,
  });
  return Buffer.from(gzipSync(json).toString("base64")).toString("base64");
}

test("of each release the last revision is read, whatever the order", () => {
  const values = { global: { network: "ä" } };
  expect(
    releasesIn([
      record("istiod", 2, "pending-upgrade", values),
      record("istiod", 1, "superseded", {}),
      record("base", 10, "deployed"),
      record("base", 9, "superseded"),
    ]),
  ).toEqual([
    { name: "base", chart: "istiod", version: "1.30.10", status: "deployed", values: {} },
    { name: "istiod", chart: "istiod", version: "1.30.2", status: "pending-upgrade", values },
  ]);
});
