import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { storedSettings } from "../../clusters/stored-settings";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "weft-stored-"));
  jest.spyOn(pulumi, "getRootDirectory").mockReturnValue(folder);
  jest.spyOn(pulumi, "getStack").mockReturnValue("prod");
});
afterEach(() => rmSync(folder, { recursive: true }));

test("the stack's file is read as it stands, encrypted values too", async () => {
  writeFileSync(join(folder, "Pulumi.prod.yaml"), "config: {weft:mesh: {id: {secure: v1:x}}}");
  expect(await storedSettings()).toEqual({ "weft:mesh": { id: { secure: "v1:x" } } });
});

test("without a file of this stack, nothing is known", async () => {
  writeFileSync(join(folder, "Pulumi.dev.yaml"), "config: {weft:mesh: {id: x}}");
  expect(await storedSettings()).toEqual({});
});
