import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import { join } from "node:path";
import { credentialsOf, CredentialsError } from "../../clusters/credentials";
import type { ResolvedKubeconfig } from "../../clusters/kubeconfig";
import type { ClusterFields, UserFields } from "../../clusters/kubeconfig-fields";

const SECRET = "s3cr3t-do-not-show";

const version = "client.authentication.k8s.io/v1";

function resolved(user: UserFields, cluster: ClusterFields = {}): ResolvedKubeconfig {
  return {
    kubeconfig: "",
    path: "here",
    context: "here",
    origin: "somewhere",
    server: "https://10.0.0.5",
    insecureSkipTlsVerify: false,
    cluster: { server: "https://10.0.0.5", ...cluster },
    user,
  };
}

async function messageOf(user: UserFields): Promise<string> {
  const error: unknown = await credentialsOf(resolved(user)).catch((reason: unknown) => reason);
  if (!(error instanceof Error)) throw new Error("expected an error");
  expect(error.message).not.toContain(SECRET);
  return error.message;
}

test("a token is a bearer token", async () => {
  expect((await credentialsOf(resolved({ token: "t" }))).headers).toEqual({ Authorization: "Bearer t" });
});

test("a user name and a password are basic authentication", async () => {
  expect((await credentialsOf(resolved({ username: "me", password: "p" }))).headers).toEqual({
    Authorization: `Basic ${Buffer.from("me:p").toString("base64")}`,
  });
});

test("a client certificate and its key are decoded", async () => {
  const user = { "client-certificate-data": "Q0VSVA==", "client-key-data": "S0VZ" };
  expect(await credentialsOf(resolved(user))).toEqual({
    headers: {},
    cert: Buffer.from("CERT"),
    key: Buffer.from("KEY"),
  });
});

test("impersonation is asked for by headers", async () => {
  const user = { token: "t", as: "you", "as-groups": ["a", "b"], "as-user-extra": { "x/y": ["z"] } };
  expect((await credentialsOf(resolved(user))).headers).toEqual({
    Authorization: "Bearer t",
    "Impersonate-User": "you",
    "Impersonate-Group": ["a", "b"],
    "Impersonate-Extra-x%2Fy": ["z"],
  });
});

test("the ID token of the auth provider oidc is shown, and not refreshed", async () => {
  const user = { "auth-provider": { name: "oidc", config: { "id-token": "id", "refresh-token": "r" } } };
  expect((await credentialsOf(resolved(user))).headers).toEqual({ Authorization: "Bearer id" });
});

test("an auth provider that Kubernetes has dropped is refused", async () => {
  expect(await messageOf({ "auth-provider": { name: "gcp", config: { "access-token": SECRET } } })).toBe(
    "Kubernetes clients no longer have the auth provider gcp: use its credential plugin (`exec`).",
  );
});

test("what no header can carry is refused without a word of it", async () => {
  expect(await messageOf({ token: `${SECRET}\n${SECRET}` })).toBe(
    "what they put into the header Authorization has characters that no header can carry.",
  );
  expect(await messageOf({ token: "t", as: "you", "as-groups": [`${SECRET}\r`] })).toBe(
    "what they put into the header Impersonate-Group has characters that no header can carry.",
  );
});

describe("a credential plugin", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(os.tmpdir(), "weft-plugin-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function plugin(body: string): Promise<string> {
    const path = join(folder, `plugin-${Math.random().toString(36).slice(2)}`);
    await writeFile(path, `#!/usr/bin/env node\n${body}\n`);
    await chmod(path, 0o755);
    return path;
  }
  const issue = (status: string) =>
    `console.log(JSON.stringify({apiVersion: "client.authentication.k8s.io/v1", kind: "ExecCredential", status: ${status}}));`;

  test("is given its arguments, its environment and what Kubernetes tells it, and issues a token", async () => {
    const command = await plugin(
      issue("{token: [process.argv[2], process.env.FLAVOUR, process.env.KUBERNETES_EXEC_INFO].join('|')}"),
    );
    const exec = {
      apiVersion: version,
      command,
      args: ["get-token"],
      env: [{ name: "FLAVOUR", value: "sweet" }],
      interactiveMode: "IfAvailable",
      provideClusterInfo: true,
    };
    const extensions = [{ name: "client.authentication.k8s.io/exec", extension: { audience: "a" } }];
    const { headers } = await credentialsOf(resolved({ exec }, { extensions }));
    const [first, flavour, info] = (headers.Authorization as string).slice("Bearer ".length).split("|");
    expect([first, flavour]).toEqual(["get-token", "sweet"]);
    expect(JSON.parse(info!)).toEqual({
      apiVersion: "client.authentication.k8s.io/v1",
      kind: "ExecCredential",
      spec: { interactive: false, cluster: { server: "https://10.0.0.5", config: { audience: "a" } } },
    });
  });

  test("may issue a client certificate", async () => {
    const command = await plugin(issue(`{clientCertificateData: "CERT", clientKeyData: "KEY"}`));
    expect(await credentialsOf(resolved({ exec: { apiVersion: version, command } }))).toEqual({
      headers: {},
      cert: "CERT",
      key: "KEY",
    });
  });

  describe("is run once for all who ask", () => {
    const counting = async (more: string) => {
      const file = join(folder, `runs-${Math.random().toString(36).slice(2)}`);
      const command = await plugin(
        `const fs = require("node:fs"); fs.appendFileSync(${JSON.stringify(file)}, "x");
        const runs = fs.readFileSync(${JSON.stringify(file)}, "utf8").length; ${more}`,
      );
      return resolved({ exec: { apiVersion: version, command } });
    };
    const tokenOf = async (kubeconfig: ReturnType<typeof resolved>) =>
      (await credentialsOf(kubeconfig)).headers.Authorization;
    const endsIn = (seconds: number) =>
      issue(`{token: String(runs), expirationTimestamp: new Date(Date.now() + ${seconds * 1000})}`);

    test.each([
      ["without an end", issue("{token: String(runs)}")],
      ["with an end that is far", endsIn(3600)],
    ])("%s", async (_, body) => {
      const kubeconfig = await counting(body);
      expect(await Promise.all([tokenOf(kubeconfig), tokenOf(kubeconfig)])).toEqual(["Bearer 1", "Bearer 1"]);
      expect(await tokenOf(kubeconfig)).toBe("Bearer 1");
      expect(await tokenOf({ ...kubeconfig })).toBe("Bearer 2");
    });

    test("and again before what it issued ends", async () => {
      const kubeconfig = await counting(endsIn(30));
      expect([await tokenOf(kubeconfig), await tokenOf(kubeconfig)]).toEqual(["Bearer 1", "Bearer 2"]);
    });

    test("and again after it failed", async () => {
      const kubeconfig = await counting(`if (runs === 1) process.exit(3); ${issue("{token: String(runs)}")}`);
      await expect(tokenOf(kubeconfig)).rejects.toThrow(CredentialsError);
      expect(await tokenOf(kubeconfig)).toBe("Bearer 2");
    });
  });

  test("that waits for input is told that there is none", async () => {
    const command = await plugin(`process.stdin.resume().on("end", () => { ${issue(`{token: "t"}`)} });`);
    expect((await credentialsOf(resolved({ exec: { apiVersion: version, command } }))).headers).toEqual({
      Authorization: "Bearer t",
    });
  });

  test("that is not installed is named", async () => {
    expect(await messageOf({ exec: { command: "no-such-plugin", args: [SECRET] } })).toBe(
      "The credential plugin `no-such-plugin` is not installed.",
    );
  });

  test("that fails is named with its exit code, and what it printed is not shown", async () => {
    const command = await plugin(`console.error("${SECRET}"); process.exit(3);`);
    expect(await messageOf({ exec: { command, args: [SECRET] } })).toBe(
      `The credential plugin \`${command}\` failed (exit code 3).`,
    );
  });

  test("that answers something else is named, and what it printed is not shown", async () => {
    const command = await plugin(`console.log("${SECRET}");`);
    expect(await messageOf({ exec: { apiVersion: version, command } })).toBe(
      `The credential plugin \`${command}\` did not answer with an ExecCredential.`,
    );
  });

  test("that answers in another version than it is asked in is refused, as by Go's clients", async () => {
    const command = await plugin(issue(`{token: "${SECRET}"}`));
    const exec = { apiVersion: "client.authentication.k8s.io/v1beta1", command };
    expect(await messageOf({ exec })).toBe(
      `The credential plugin \`${command}\` answers in another apiVersion than the kubeconfig has, client.authentication.k8s.io/v1beta1, which Kubernetes clients refuse: update it.`,
    );
  });
});
