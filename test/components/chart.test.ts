import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { chartArgs } from "../../components/chart";
import { ConfigError } from "../../mesh/problems";
import { valueOf } from "./mocks";

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "weft-charts-"))));
afterEach(() => rmSync(folder, { recursive: true }));

const put = (path: string) => {
  mkdirSync(join(folder, path, ".."), { recursive: true });
  writeFileSync(join(folder, path), "");
};
const problemOf = (act: () => unknown) => {
  try {
    act();
  } catch (error) {
    return (error as ConfigError).problems;
  }
  throw new Error("nothing was refused");
};

test("a chart of a Helm repository is named beside it", () => {
  expect(chartArgs({ repository: "https://charts.example" }, "base", "1.30.5")).toEqual({
    chart: "base",
    version: "1.30.5",
    repositoryOpts: { repo: "https://charts.example" },
  });
});

test("the credentials of a Helm repository are secrets, from stack config or the environment", async () => {
  process.env["WEFT_TEST_CHARTS"] = "s3cr3t";
  const source = {
    repository: "https://charts.example",
    username: "reader",
    password: { valueFrom: { env: "WEFT_TEST_CHARTS" } },
  };
  const { repositoryOpts } = chartArgs(source, "base", "1.30.5");
  const { username, password } = repositoryOpts as Record<"username" | "password", pulumi.Output<string>>;
  expect(await valueOf(username)).toEqual({ value: "reader", secret: true });
  expect(await valueOf(password)).toEqual({ value: "s3cr3t", secret: true });
});

test("a chart of an OCI registry is part of its URL", () => {
  const expected = { chart: "oci://registry.example/istio/base", version: "1.30.5" };
  expect(chartArgs({ oci: "oci://registry.example/istio" }, "base", "1.30.5")).toEqual(expected);
  expect(chartArgs({ oci: "oci://registry.example/istio/" }, "base", "1.30.5")).toEqual(expected);
});

test("a folder's chart is taken unpacked, or or packed in the version asked for", () => {
  put("base/Chart.yaml");
  put("istiod-1.30.4.tgz");
  put("istiod-1.30.5.tgz");
  put("istiod-remote-1.30.5.tgz");
  const chart = (name: string) => chartArgs({ path: folder }, name, "1.30.5");
  expect(chart("base")).toEqual({ chart: `${folder}/base` });
  expect(chart("istiod")).toEqual({ chart: `${folder}/istiod-1.30.5.tgz` });
});

test("a relative folder stays relative, in the form that Helm takes for a folder", () => {
  expect(chartArgs({ path: "lab/charts" }, "metallb", "1.30.5")).toEqual({
    chart: "./lab/charts/metallb",
  });
});

test("a folder without the chart, or with other versions of it, is refused", () => {
  put("istiod-1.30.4.tgz");
  put("istiod-1.30.3.tgz");
  const source = { path: folder };
  expect(problemOf(() => chartArgs(source, "base", "1.30.5"))).toEqual([
    {
      path: "weft:mesh.istio.charts.path",
      value: folder,
      message: "The folder holds no chart 'base'.",
      remedy: "Put the folder base/ or the file base-1.30.5.tgz there.",
    },
  ]);
  expect(problemOf(() => chartArgs(source, "istiod", "1.30.5"))).toMatchObject([
    { message: "The folder holds istiod-1.30.3.tgz, istiod-1.30.4.tgz, but not version 1.30.5." },
  ]);
});

test("a folder that is not there, or is a file, is refused as that", () => {
  put("istiod-1.30.4.tgz");
  for (const path of [join(folder, "none"), join(folder, "istiod-1.30.4.tgz")]) {
    expect(problemOf(() => chartArgs({ path }, "base", "1.30.5"))).toEqual([
      {
        path: "weft:mesh.istio.charts.path",
        value: path,
        message: "There is no such folder.",
        remedy: "Give the path of a folder, absolute or from the project's folder.",
      },
    ]);
  }
});
