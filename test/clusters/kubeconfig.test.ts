import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { resolveKubeconfig, resolveKubeconfigs } from "../../clusters/kubeconfig";
import type { Member } from "../../mesh/mesh-spec";
import { parseMesh } from "../../mesh/parse";
import { ConfigError, type Problem } from "../../mesh/problems";

const SECRET = "s3cr3t-do-not-show";
const [v1, v1beta1] = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"];

interface Parts {
  cluster?: Record<string, unknown>;
  user?: Record<string, unknown>;
  more?: Record<string, unknown>;
}

function kubeconfig({ cluster, user, more }: Parts = {}) {
  return {
    apiVersion: "v1",
    kind: "Config",
    "current-context": "east",
    contexts: [
      { name: "east", context: { cluster: "east-cluster", user: "east-admin", namespace: "default" } },
      { name: "west", context: { cluster: "west-cluster", user: "west-admin" } },
    ],
    clusters: [
      { name: "east-cluster", cluster: { server: "https://10.0.0.5:6443", ...cluster } },
      { name: "west-cluster", cluster: { server: "https://10.0.0.6:6443" } },
    ],
    users: [
      { name: "east-admin", user: { token: SECRET, ...user } },
      { name: "west-admin", user: { token: `${SECRET}-west` } },
    ],
    ...more,
  };
}

function member(entry: Record<string, unknown>): Member {
  return parseMesh({ clusters: [{ name: "cluster1", ...entry }] }).members[0]!;
}

const contents = (parts?: Parts, entry: Record<string, unknown> = {}) =>
  member({ kubeconfig: stringify(kubeconfig(parts)), ...entry });

async function problemsOf(broken: Member): Promise<Problem[]> {
  const error: unknown = await resolveKubeconfig(broken).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ConfigError)) throw new Error(`expected a ConfigError, got ${String(error)}`);
  expect(error.message).not.toContain(SECRET);
  return error.problems;
}

let folder: string;
const before = process.env.KUBECONFIG;
beforeEach(async () => {
  folder = await mkdtemp(join(os.tmpdir(), "weft-kubeconfig-"));
  jest.spyOn(os, "homedir").mockReturnValue(folder);
  delete process.env.KUBECONFIG;
});
afterEach(async () => {
  jest.restoreAllMocks();
  await rm(folder, { recursive: true, force: true });
  if (before === undefined) delete process.env.KUBECONFIG;
  else process.env.KUBECONFIG = before;
});

async function write(file: string, document: unknown): Promise<string> {
  const path = join(folder, file);
  await mkdir(join(path, ".."), { recursive: true });
  await writeFile(path, typeof document === "string" ? document : stringify(document));
  return path;
}

describe("the resolved kubeconfig", () => {
  test("holds the chosen context, its cluster and its user, and nothing else", async () => {
    const { kubeconfig: text, ...rest } = await resolveKubeconfig(contents({}, { context: "west" }));
    expect(text).toBe(`apiVersion: v1
clusters:
  - cluster:
      server: https://10.0.0.6:6443
    name: west-cluster
contexts:
  - context:
      cluster: west-cluster
      user: west-admin
    name: west
current-context: west
kind: Config
users:
  - name: west-admin
    user:
      token: ${SECRET}-west
`);
    expect(rest).toEqual({
      path: "weft:clusters[0]",
      context: "west",
      origin: "the kubeconfig in stack config",
      server: "https://10.0.0.6:6443",
      insecureSkipTlsVerify: false,
      tlsServerName: undefined,
      cluster: { server: "https://10.0.0.6:6443" },
      user: { token: `${SECRET}-west` },
    });
  });

  test("takes the current context when none is given", async () => {
    expect((await resolveKubeconfig(contents())).context).toBe("east");
  });

  test("does not change when something else in the file does", async () => {
    const plain = await resolveKubeconfig(contents({}, { context: "west" }));
    const document = kubeconfig();
    const stamped = {
      users: [...document.users].reverse(),
      preferences: { colors: true },
      clusters: document.clusters.map(({ name, cluster }) => ({
        cluster: {
          extensions: [{ name: "cluster_info", extension: { "last-update": "today" } }],
          ...cluster,
        },
        name,
      })),
      contexts: document.contexts.map(({ name, context }) => ({
        name,
        context: { ...context, namespace: "elsewhere", extensions: [{ name: "x", extension: {} }] },
      })),
      "current-context": "west",
    };
    const changed = await resolveKubeconfig(contents({ more: stamped }, { context: "west" }));
    expect(changed.kubeconfig).toBe(plain.kubeconfig);
  });

  test("keeps credential plugins, their cluster configuration and auth providers", async () => {
    const exec = {
      apiVersion: "client.authentication.k8s.io/v1beta1",
      command: "aws",
      args: ["eks", "get-token"],
      env: [{ name: "AWS_PROFILE", value: "" }],
    };
    const forExec = { name: "client.authentication.k8s.io/exec", extension: { audience: "a" } };
    const resolved = await resolveKubeconfig(
      contents({
        cluster: { extensions: [{ name: "stamp", extension: {} }, forExec] },
        user: { exec },
      }),
    );
    expect(resolved.cluster.extensions).toEqual([forExec]);
    expect(resolved.user).toEqual({ token: SECRET, exec });
    const oidc = { "auth-provider": { name: "oidc", config: { "id-token": "x" } } };
    expect((await resolveKubeconfig(contents({ user: oidc }))).user).toEqual({ token: SECRET, ...oidc });
  });

  test("tells what peers need to know of the server", async () => {
    const resolved = await resolveKubeconfig(
      contents({ cluster: { "insecure-skip-tls-verify": true, "tls-server-name": "kubernetes" } }),
    );
    expect(resolved).toMatchObject({ insecureSkipTlsVerify: true, tlsServerName: "kubernetes" });
  });
});

test("text that Go's parsers, which read YAML 1.1, would take for a boolean stays text", async () => {
  const exec = { apiVersion: v1beta1, command: "login", env: [{ name: "CACHE", value: "off" }] };
  const clusters = [{ name: "no", cluster: { server: "https://10.0.0.5:6443" } }];
  const users = [{ name: "y", user: { exec } }];
  const contexts = [{ name: "on", context: { cluster: "no", user: "y" } }];
  const { kubeconfig: text } = await resolveKubeconfig(
    contents({ more: { clusters, users, contexts } }, { context: "on" }),
  );
  expect(parse(text, { schema: "yaml-1.1" })).toMatchObject({ clusters, users, contexts });
});

test("a kubeconfig in stack config may be a map", async () => {
  const asMap = await resolveKubeconfig(member({ kubeconfig: kubeconfig() }));
  expect(asMap).toEqual(await resolveKubeconfig(contents()));
});

describe("what is there and empty is not set:", () => {
  const everyUserField = [
    ...["token", "tokenFile", "username", "password", "exec", "auth-provider", "as", "as-uid", "as-groups"],
    ...["as-user-extra", "client-certificate", "client-certificate-data", "client-key", "client-key-data"],
  ];
  const everyClusterField = [
    ...["certificate-authority", "certificate-authority-data", "proxy-url", "tls-server-name", "extensions"],
    "insecure-skip-tls-verify",
  ];
  test.each(["", null])("%j", async (empty) => {
    const fields = (names: string[]) => Object.fromEntries(names.map((name) => [name, empty]));
    const { context, ...unset } = await resolveKubeconfig(
      contents({ cluster: fields(everyClusterField), user: fields(everyUserField) }),
    );
    expect(unset).toMatchObject({
      insecureSkipTlsVerify: false,
      cluster: { server: "https://10.0.0.5:6443" },
      user: {},
    });
    expect(Object.keys({ ...unset.cluster, ...unset.user })).toEqual(["server"]);
    expect(parse(unset.kubeconfig)).toMatchObject({
      clusters: [{ name: "east-cluster", cluster: { server: "https://10.0.0.5:6443" } }],
      users: [{ name: "east-admin", user: {} }],
    });
    expect(context).toBe("east");
  });

  test.each(["", null])("%j in a credential plugin", async (empty) => {
    const exec = {
      apiVersion: v1beta1,
      command: "login",
      ...{ args: null, env: null, interactiveMode: empty, provideClusterInfo: null, installHint: empty },
    };
    expect((await resolveKubeconfig(contents({ user: { token: empty, exec } }))).user).toEqual({
      exec: { apiVersion: v1beta1, command: "login" },
    });
  });
});

test.each(["\n", "\r\n", " \n\n"])("a token is without the %j at its end", async (end) => {
  const { user, kubeconfig: text } = await resolveKubeconfig(
    contents({ user: { token: `${SECRET}${end}` } }),
  );
  expect(user.token).toBe(SECRET);
  expect(text).toContain(`token: ${SECRET}\n`);
});

describe("files", () => {
  test("are embedded from paths that start at the kubeconfig's folder", async () => {
    await write("kube/pki/ca.crt", "CA");
    await write("kube/pki/me.crt", "CERT");
    const key = await write("elsewhere/me.key", "KEY");
    const path = await write(
      "kube/config",
      kubeconfig({
        cluster: { "certificate-authority": "pki/ca.crt" },
        user: { "client-certificate": "pki/me.crt", "client-key": key },
      }),
    );
    const { kubeconfig: text } = await resolveKubeconfig(member({ kubeconfigPath: path }));
    const document = parse(text) as ReturnType<typeof kubeconfig>;
    expect(document.clusters[0]!.cluster).toEqual({
      server: "https://10.0.0.5:6443",
      "certificate-authority-data": Buffer.from("CA").toString("base64"),
    });
    expect(document.users[0]!.user).toEqual({
      token: SECRET,
      "client-certificate-data": Buffer.from("CERT").toString("base64"),
      "client-key-data": Buffer.from("KEY").toString("base64"),
    });
    expect(text).not.toContain(folder);
  });

  test("that hold a token stay files, which the provider reads anew, and are read for this process", async () => {
    const tokenFile = await write("kube/token", "from-file\n");
    const user = { token: "older", tokenFile: "token" };
    const path = await write("kube/config", kubeconfig({ user }));
    const resolved = await resolveKubeconfig(member({ kubeconfigPath: path }));
    const document = parse(resolved.kubeconfig) as ReturnType<typeof kubeconfig>;
    expect(document.users[0]!.user).toEqual({ tokenFile });
    expect(resolved.user.token).toBe("from-file");

    expect(await problemsOf(contents({ user }))).toMatchObject([
      { value: "token", remedy: "Write its absolute path." },
    ]);
  });

  test("are not read where their contents stand beside them", async () => {
    const resolved = await resolveKubeconfig(
      contents({ cluster: { "certificate-authority": "/nowhere", "certificate-authority-data": "Q0E=" } }),
    );
    expect(resolved.cluster).toEqual({
      server: "https://10.0.0.5:6443",
      "certificate-authority-data": "Q0E=",
    });
  });

  test("that are missing are reported together", async () => {
    const path = await write(
      "config",
      kubeconfig({ cluster: { "certificate-authority": "ca.crt" }, user: { "client-key": "me.key" } }),
    );
    expect(await problemsOf(member({ kubeconfigPath: path }))).toEqual([
      {
        path: "weft:clusters[0].kubeconfigPath",
        value: join(folder, "ca.crt"),
        message: "`certificate-authority` names a file that cannot be read (ENOENT).",
        remedy: "Put the file there, or correct the kubeconfig.",
      },
      {
        path: "weft:clusters[0].kubeconfigPath",
        value: join(folder, "me.key"),
        message: "`client-key` names a file that cannot be read (ENOENT).",
        remedy: "Put the file there, or correct the kubeconfig.",
      },
    ]);
  });

  test("by a relative path are refused in a kubeconfig that has no folder", async () => {
    expect(await problemsOf(contents({ user: { "client-key": "me.key" } }))).toEqual([
      {
        path: "weft:clusters[0].kubeconfig",
        value: "me.key",
        message:
          "`client-key` is a relative path, and a kubeconfig in stack config has no folder to start from.",
        remedy: "Embed the file: `kubectl config view --raw --minify --flatten` does.",
      },
    ]);
  });

  test("that are credential plugins are found beside the kubeconfig, or on PATH when only named", async () => {
    const withCommand = (command: string) => kubeconfig({ user: { exec: { apiVersion: v1beta1, command } } });
    const beside = await write("kube/beside", withCommand("./bin/login"));
    const onPath = await write("kube/on-path", withCommand("login"));
    const command = async (kubeconfigPath: string) =>
      (await resolveKubeconfig(member({ kubeconfigPath }))).user.exec;
    expect(await command(beside)).toMatchObject({ command: join(folder, "kube/bin/login") });
    expect(await command(onPath)).toMatchObject({ command: "login" });
  });
});

describe("without a kubeconfig of its own", () => {
  test("a member's context is looked up in ~/.kube/config", async () => {
    await write(".kube/config", kubeconfig());
    expect((await resolveKubeconfig(member({ context: "west" }))).server).toBe("https://10.0.0.6:6443");
  });

  test("says so when there is no ~/.kube/config", async () => {
    delete process.env.KUBECONFIG;
    expect(await problemsOf(member({ context: "east" }))).toEqual([
      {
        path: "weft:clusters[0].context",
        value: "east",
        message: `No kubeconfig to look it up in: there is no ${join(folder, ".kube/config")}.`,
        remedy: "Set $KUBECONFIG, or give this cluster its own `kubeconfigPath`.",
      },
    ]);
  });

  test("the first file of $KUBECONFIG to name a thing wins, missing files are skipped, and each has its own folder", async () => {
    await write("one/ca.crt", "CA-ONE");
    const one = await write("one/config", {
      clusters: [
        { name: "east-cluster", cluster: { server: "https://one:6443", "certificate-authority": "ca.crt" } },
      ],
      "current-context": "east",
    });
    const two = await write("two/config", { ...kubeconfig(), "current-context": "west" });
    process.env.KUBECONFIG = [join(folder, "missing"), one, two].join(":");
    const resolved = await resolveKubeconfig(member({ context: "east" }));
    expect(resolved).toMatchObject({
      server: "https://one:6443",
      origin: `${one}, ${two}`,
      user: { token: SECRET },
      cluster: { "certificate-authority-data": Buffer.from("CA-ONE").toString("base64") },
    });
  });

  test.each(["", "\n", "# nothing yet\n", "---\n"])(
    "a file of $KUBECONFIG that holds %j is empty",
    async (nothing) => {
      const one = await write("one", nothing);
      process.env.KUBECONFIG = [one, await write("two", kubeconfig())].join(":");
      expect((await resolveKubeconfig(member({ context: "west" }))).server).toBe("https://10.0.0.6:6443");

      process.env.KUBECONFIG = one;
      expect(await problemsOf(member({ context: "west" }))).toEqual([
        {
          path: "weft:clusters[0].context",
          value: "west",
          message: `There is no such context in ${one}. It has no contexts.`,
          remedy: "Get a kubeconfig that has one.",
        },
      ]);
    },
  );

  test("says so when no file of $KUBECONFIG exists", async () => {
    process.env.KUBECONFIG = "/nowhere/a:/nowhere/b";
    expect(await problemsOf(member({ context: "east" }))).toEqual([
      {
        path: "weft:clusters[0].context",
        value: "east",
        message:
          "No kubeconfig to look it up in: none of the files in $KUBECONFIG exists (/nowhere/a, /nowhere/b).",
        remedy: "Correct $KUBECONFIG, or give this cluster its own `kubeconfigPath`.",
      },
    ]);
  });
});

describe("what is refused", () => {
  test("a file that is not there", async () => {
    expect(await problemsOf(member({ kubeconfigPath: "~/nope" }))).toEqual([
      {
        path: "weft:clusters[0].kubeconfigPath",
        value: join(folder, "nope"),
        message: "There is no such file.",
        remedy: "Give the path of a kubeconfig; a relative one starts at the project's folder.",
      },
    ]);
  });

  test("a folder in place of a file", async () => {
    expect((await problemsOf(member({ kubeconfigPath: folder })))[0]!.message).toBe(
      "The file cannot be read (EISDIR).",
    );
  });

  test.each([
    ["is not YAML (line 3: BAD_INDENT)", `users:\n  - name: x\n token: ${SECRET}\n`],
    ["is not a YAML mapping", SECRET],
    ["has something else than a kubeconfig at `clusters`", `clusters: ${SECRET}\n`],
    [
      "names the user east-admin twice",
      stringify({ users: [{ name: "east-admin" }, { name: "east-admin" }] }),
    ],
  ])("contents of which it holds that the text %s", async (what, text) => {
    expect(await problemsOf(member({ kubeconfig: text }))).toEqual([
      {
        path: "weft:clusters[0].kubeconfig",
        message: `Not a kubeconfig: the kubeconfig in stack config ${what}.`,
        remedy: "`kubectl config view --raw --minify --flatten --context <context>` prints one.",
      },
    ]);
  });

  test("a context that is not there, with those that are", async () => {
    expect(await problemsOf(contents({}, { context: "north" }))).toEqual([
      {
        path: "weft:clusters[0].context",
        value: "north",
        message: "There is no such context in the kubeconfig in stack config. It has east, west.",
        remedy: "Name one of its contexts.",
      },
    ]);
  });

  test("no context at all", async () => {
    expect((await problemsOf(contents({ more: { "current-context": "", contexts: [] } })))[0]).toEqual({
      path: "weft:clusters[0].context",
      message:
        "No context is given, and the kubeconfig in stack config has no current context. It has no contexts.",
      remedy: "Get a kubeconfig that has one.",
    });
  });

  test("a context without its cluster and its user", async () => {
    const contexts = [{ name: "east", context: { cluster: "gone" } }];
    expect(await problemsOf(contents({ more: { contexts } }))).toEqual([
      {
        path: "weft:clusters[0].kubeconfig",
        value: "east",
        message: "This context's cluster, gone, is not in the kubeconfig in stack config.",
        remedy: "`kubectl config set-context east --cluster=…` names one.",
      },
      {
        path: "weft:clusters[0].kubeconfig",
        value: "east",
        message: "This context names no user (the kubeconfig in stack config).",
        remedy: "`kubectl config set-context east --user=…` names one.",
      },
    ]);
  });

  test.each([
    ["", undefined, "The cluster has no `server` in the kubeconfig in stack config."],
    [
      "http://10.0.0.5:8080",
      "http://10.0.0.5:8080",
      "The API server in the kubeconfig in stack config is reached without TLS, so nothing vouches for who answers.",
    ],
    ["10.0.0.5:6443", "10.0.0.5:6443", "The `server` in the kubeconfig in stack config is not an https URL."],
    [
      `https://me:${SECRET}@10.0.0.5`,
      undefined,
      "The `server` in the kubeconfig in stack config carries a user name or a password.",
    ],
  ])("the server '%s'", async (server, value, message) => {
    const [problem] = await problemsOf(contents({ cluster: { server } }));
    expect({ value: problem?.value, message: problem?.message }).toEqual({ value, message });
  });

  test("a certificate authority beside insecure-skip-tls-verify", async () => {
    const cluster = { "insecure-skip-tls-verify": true, "certificate-authority-data": "Q0E=" };
    expect((await problemsOf(contents({ cluster })))[0]).toMatchObject({
      message:
        "The cluster in the kubeconfig in stack config has both a certificate authority and `insecure-skip-tls-verify`, which Kubernetes clients refuse.",
      remedy: "Drop `insecure-skip-tls-verify`.",
    });
  });

  const path = "weft:clusters[0].kubeconfig";
  const where = "in the kubeconfig in stack config";

  test.each([
    ["127.0.0.1:3128"],
    [`me:${SECRET}@proxy:3128`],
    [`ftp://me:${SECRET}@proxy`],
    ["socks4://proxy"],
    ["http://"],
  ])("the proxy '%s'", async (proxy) => {
    expect(await problemsOf(contents({ cluster: { "proxy-url": proxy } }))).toEqual([
      {
        path,
        message: `The \`proxy-url\` ${where} is not the URL of a proxy.`,
        remedy: "Write it with its scheme: http, https or socks5, such as http://127.0.0.1:3128.",
      },
    ]);
  });

  test.each([
    [
      { cluster: { "proxy-url": [SECRET] } },
      "`proxy-url` of the cluster is not what a kubeconfig has there.",
    ],
    [
      { cluster: { "insecure-skip-tls-verify": "yes" } },
      "`insecure-skip-tls-verify` of the cluster is not what a kubeconfig has there.",
    ],
    [{ user: { token: { value: SECRET } } }, "`token` of the user is not what a kubeconfig has there."],
    [
      { user: { exec: { command: SECRET, args: [1] } } },
      "`exec.args[0]` of the user is not what a kubeconfig has there.",
    ],
    [{ user: { exec: {} } }, "`exec.command` of the user is not what a kubeconfig has there."],
  ])("fields of another kind: %j", async (parts, message) => {
    expect(await problemsOf(contents(parts))).toEqual([
      { path, message, remedy: "`kubectl config view` shows what is." },
    ]);
  });

  test.each([undefined, "", "client.authentication.k8s.io/v1alpha1", "v1"])(
    "a credential plugin of apiVersion %j, which the provider would refuse",
    async (apiVersion) => {
      expect(await problemsOf(contents({ user: { exec: { apiVersion, command: "aws" } } }))).toEqual([
        {
          path,
          ...(apiVersion ? { value: apiVersion } : {}),
          message: `The credential plugin \`aws\` ${where} has no \`apiVersion\` that Kubernetes clients know.`,
          remedy: `They know ${v1} and ${v1beta1}: update the plugin, and let it write the kubeconfig anew.`,
        },
      ]);
    },
  );

  test.each([
    [v1, undefined, "does not say whether it wants a terminal"],
    [v1beta1, "Sometimes", "does not say whether it wants a terminal"],
    [v1, "Always", "wants a terminal, and Pulumi has none to give"],
  ])("a credential plugin of %s with interactiveMode %s", async (apiVersion, interactiveMode, message) => {
    const exec = { apiVersion, command: "login", interactiveMode };
    expect(await problemsOf(contents({ user: { exec } }))).toMatchObject([
      { path, message: expect.stringContaining(message) as string },
    ]);
  });

  test.each([v1, v1beta1])("no credential plugin of %s that runs without a terminal", async (apiVersion) => {
    for (const interactiveMode of ["Never", "IfAvailable"]) {
      const exec = { apiVersion, command: "login", interactiveMode };
      expect((await resolveKubeconfig(contents({ user: { exec } }))).user.exec).toEqual(exec);
    }
  });

  const exec = { apiVersion: v1beta1, command: "login" };
  test.each([
    [{ username: "me", password: SECRET }, "has both a token and a user name"],
    [{ "client-certificate-data": "Q0E=" }, "has a client certificate without its key"],
    [{ "as-groups": ["admins"] }, "impersonates a group, but nobody"],
    [{ "as-user-extra": { reason: ["x"] } }, "impersonates a group, but nobody"],
    [
      { exec, "auth-provider": { name: "oidc" } },
      "has both a credential plugin (`exec`) and an `auth-provider`",
    ],
  ])("a user that Go's clients refuse: %j", async (user, what) => {
    expect(await problemsOf(contents({ user }))).toMatchObject([
      { path, message: `The user ${where} ${what}, which Kubernetes clients refuse.` },
    ]);
  });
});

test("the problems of all members are reported at once", async () => {
  const mesh = parseMesh({
    clusters: [
      { name: "a", kubeconfigPath: "/nowhere/a" },
      { name: "b", kubeconfig: stringify(kubeconfig()) },
      { name: "c", kubeconfigPath: "/nowhere/c" },
    ],
  });
  const error: unknown = await resolveKubeconfigs(mesh).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ConfigError);
  expect((error as ConfigError).problems.map(({ path }) => path)).toEqual([
    "weft:clusters[0].kubeconfigPath",
    "weft:clusters[2].kubeconfigPath",
  ]);
});
