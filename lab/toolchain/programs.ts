/** The programs that the lab and the benchmark run. */
export const programs = [
  "etcd",
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kwok",
  "kubectl",
  "helm",
  "pulumi",
] as const;
export type Program = (typeof programs)[number];

/** A machine as Go names it: `linux`/`amd64`. */
export interface Platform {
  readonly os: string;
  readonly arch: string;
}

export const platform: Platform = {
  os: process.platform,
  arch: process.arch === "x64" ? "amd64" : process.arch,
};

/** An official download with the checksum that its publisher gives beside it. */
export interface Download {
  readonly url: string;
  /** Holds the SHA-256 of `url`: alone, in a line with the file's name, or as the `digest` of a GitHub release asset. */
  readonly checksumUrl: string;
  /** The program's path inside the archive; undefined when the download is the program itself. */
  readonly member?: string;
}

/** Where a program comes from. */
export interface Recipe {
  /** What is downloaded or built. */
  readonly version: string;
  /** Which versions on PATH do as well (npm's range syntax). */
  readonly accepts: string;
  /** Arguments that make it print its version. */
  readonly versionArgs: readonly string[];
  /** Undefined where the publisher has none for the platform. */
  readonly download: (platform: Platform) => Download | undefined;
}

/** A recipe that Go can build as well, out of a module beside this file that pins it. */
export interface GoRecipe extends Recipe {
  /** Folder of the go.mod whose `tool` directives name `package`. */
  readonly module: "kubernetes" | "pulumi";
  readonly package: string;
  /** Import paths of the variables that the linker sets, with their values: without, a program reports no version. */
  readonly variables: Readonly<Record<string, string>>;
}

const KUBERNETES = "1.36.1";

/** All of Kubernetes is taken from one minor; `choosePath` sees to it. */
const KUBERNETES_ON_PATH = ">=1.33.0 <1.37.0";

export const recipes: Readonly<Record<Program, GoRecipe>> = {
  etcd: {
    version: "3.6.8",
    accepts: ">=3.5.13 <3.7.0",
    versionArgs: ["--version"],
    download: ({ os, arch }) => {
      const name = `etcd-v3.6.8-${os}-${arch}`;
      const release = "https://github.com/etcd-io/etcd/releases/download/v3.6.8";
      return {
        url: `${release}/${name}.${os === "linux" ? "tar.gz" : "zip"}`,
        checksumUrl: `${release}/SHA256SUMS`,
        member: `${name}/etcd`,
      };
    },
    module: "kubernetes",
    package: "go.etcd.io/etcd/server/v3",
    variables: {},
  },
  "kube-apiserver": kubernetes("kube-apiserver", ["--version"], ["linux"]),
  "kube-controller-manager": kubernetes("kube-controller-manager", ["--version"], ["linux"]),
  "kube-scheduler": kubernetes("kube-scheduler", ["--version"], ["linux"]),
  kubectl: kubernetes("kubectl", ["version", "--client"], ["linux", "darwin"]),
  kwok: {
    version: "0.8.0",
    accepts: ">=0.7.0 <0.9.0",
    versionArgs: ["--version"],
    download: ({ os, arch }) => ({
      url: `https://github.com/kubernetes-sigs/kwok/releases/download/v0.8.0/kwok-${os}-${arch}`,
      // KWOK publishes no checksum file; GitHub does, for each file of a release.
      checksumUrl: "https://api.github.com/repos/kubernetes-sigs/kwok/releases/tags/v0.8.0",
    }),
    module: "kubernetes",
    package: "sigs.k8s.io/kwok/cmd/kwok",
    variables: {},
  },
  helm: {
    version: "3.20.2",
    accepts: ">=3.16.0 <4.0.0",
    versionArgs: ["version", "--short"],
    download: ({ os, arch }) => {
      const url = `https://get.helm.sh/helm-v3.20.2-${os}-${arch}.tar.gz`;
      return { url, checksumUrl: `${url}.sha256sum`, member: `${os}-${arch}/helm` };
    },
    module: "kubernetes",
    package: "helm.sh/helm/v3/cmd/helm",
    variables: { "helm.sh/helm/v3/internal/version.version": "v3.20.2" },
  },
  pulumi: {
    version: "3.232.0",
    accepts: ">=3.200.0 <4.0.0",
    versionArgs: ["version"],
    download: ({ os, arch }) => {
      const release = "https://github.com/pulumi/pulumi/releases/download/v3.232.0";
      return {
        url: `${release}/pulumi-v3.232.0-${os}-${arch === "amd64" ? "x64" : arch}.tar.gz`,
        checksumUrl: `${release}/pulumi-3.232.0-checksums.txt`,
        member: "pulumi/pulumi",
      };
    },
    module: "pulumi",
    package: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
    variables: { "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version": "v3.232.0" },
  },
};

/** Go, for programs that have to be built. It fits when it is as new as the go line of the module asks. */
export const goRecipe: Omit<Recipe, "accepts"> = {
  version: "1.26.8",
  versionArgs: ["version"],
  download: ({ os, arch }) => {
    const url = `https://dl.google.com/go/go1.26.8.${os}-${arch}.tar.gz`;
    return { url, checksumUrl: `${url}.sha256`, member: "go/bin/go" };
  },
};

function kubernetes(program: string, versionArgs: readonly string[], published: readonly string[]): GoRecipe {
  const [major = "", minor = ""] = KUBERNETES.split(".");
  return {
    version: KUBERNETES,
    accepts: KUBERNETES_ON_PATH,
    versionArgs,
    download: ({ os, arch }) => {
      const url = `https://dl.k8s.io/release/v${KUBERNETES}/bin/${os}/${arch}/${program}`;
      return published.includes(os) ? { url, checksumUrl: `${url}.sha256` } : undefined;
    },
    module: "kubernetes",
    package: `k8s.io/kubernetes/cmd/${program}`,
    variables: {
      "k8s.io/component-base/version.gitVersion": `v${KUBERNETES}`,
      "k8s.io/component-base/version.gitMajor": major,
      "k8s.io/component-base/version.gitMinor": minor,
      "k8s.io/client-go/pkg/version.gitVersion": `v${KUBERNETES}`,
    },
  };
}
