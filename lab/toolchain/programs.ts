import { resolve } from "node:path";

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
  "crane",
  "pilot-discovery",
  "istiods",
  "pulumi-resource-kubernetes",
  "cert-manager-controller",
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
  /** What is downloaded or built; undefined where it is the lab's own. */
  readonly version?: string;
  /** How it is known on PATH; undefined where it is not looked for there. */
  readonly onPath?: {
    /** Which versions do as well (npm's range syntax). */
    readonly accepts: string;
    /** Arguments that make it print its version. */
    readonly versionArgs: readonly string[];
  };
  /** Undefined, or giving undefined, where the publisher has none for the platform. */
  readonly download?: (platform: Platform) => Download | undefined;
}

/** A recipe that Go can build as well. */
export interface GoRecipe extends Recipe {
  /** The folder of its module. @default `lab/programs` */
  readonly module?: string;
  /** The main package: one that a `tool` directive of the go.mod names, or a folder of the module. */
  readonly package: string;
  /** Import paths of the variables that the linker sets, with their values: without, a program reports no version. */
  readonly variables?: Readonly<Record<string, string>>;
}

export const KUBERNETES = "1.36.1";

/**
 * Istio as `lab/programs` pins it: release-1.31 of 27 August 2026, after 1.31.0-rc.1. It is called by the release that the branch
 * became, because the charts name images, and those are the release's.
 */
export const ISTIO = "1.31.0";

/** The server's parts are all of one minor, and kubectl is within one of it: https://kubernetes.io/releases/version-skew-policy/ */
const [SERVER_ON_PATH, KUBECTL_ON_PATH] = [">=1.36.0 <1.37.0", ">=1.35.0 <1.38.0"];

export const recipes: Readonly<Record<Program, GoRecipe>> = {
  etcd: {
    version: "3.6.8",
    onPath: { accepts: ">=3.5.13 <3.7.0", versionArgs: ["--version"] },
    download: ({ os, arch }) => {
      const name = `etcd-v3.6.8-${os}-${arch}`;
      const release = "https://github.com/etcd-io/etcd/releases/download/v3.6.8";
      return {
        url: `${release}/${name}.${os === "linux" ? "tar.gz" : "zip"}`,
        checksumUrl: `${release}/SHA256SUMS`,
        member: `${name}/etcd`,
      };
    },
    package: "go.etcd.io/etcd/server/v3",
  },
  "kube-apiserver": kubernetesServer("kube-apiserver"),
  "kube-controller-manager": kubernetesServer("kube-controller-manager"),
  "kube-scheduler": kubernetesServer("kube-scheduler"),
  kubectl: kubernetes("kubectl", { accepts: KUBECTL_ON_PATH, versionArgs: ["version", "--client"] }, [
    "linux",
    "darwin",
  ]),
  kwok: {
    version: "0.8.0",
    onPath: { accepts: ">=0.7.0 <0.9.0", versionArgs: ["--version"] },
    download: ({ os, arch }) => ({
      url: `https://github.com/kubernetes-sigs/kwok/releases/download/v0.8.0/kwok-${os}-${arch}`,
      // KWOK publishes no checksum file; GitHub does, for each file of a release.
      checksumUrl: "https://api.github.com/repos/kubernetes-sigs/kwok/releases/tags/v0.8.0",
    }),
    package: "sigs.k8s.io/kwok/cmd/kwok",
  },
  helm: {
    version: "3.20.2",
    onPath: { accepts: ">=3.16.0 <4.0.0", versionArgs: ["version", "--short"] },
    download: ({ os, arch }) => {
      const url = `https://get.helm.sh/helm-v3.20.2-${os}-${arch}.tar.gz`;
      return { url, checksumUrl: `${url}.sha256sum`, member: `${os}-${arch}/helm` };
    },
    package: "helm.sh/helm/v3/cmd/helm",
    variables: { "helm.sh/helm/v3/internal/version.version": "v3.20.2" },
  },
  pulumi: {
    version: "3.232.0",
    onPath: { accepts: ">=3.217.0 <4.0.0", versionArgs: ["version"] },
    download: ({ os, arch }) => {
      const release = "https://github.com/pulumi/pulumi/releases/download/v3.232.0";
      return {
        url: `${release}/pulumi-v3.232.0-${os}-${arch === "amd64" ? "x64" : arch}.tar.gz`,
        checksumUrl: `${release}/pulumi-3.232.0-checksums.txt`,
        member: "pulumi/pulumi",
      };
    },
    package: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
    variables: { "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version": "v3.232.0" },
  },
  crane: {
    version: "0.21.6",
    onPath: { accepts: ">=0.19.0 <1.0.0", versionArgs: ["version"] },
    download: ({ os, arch }) => {
      const system = `${os.charAt(0).toUpperCase()}${os.slice(1)}_${arch === "amd64" ? "x86_64" : arch}`;
      const release = "https://github.com/google/go-containerregistry/releases/download/v0.21.6";
      return {
        url: `${release}/go-containerregistry_${system}.tar.gz`,
        checksumUrl: `${release}/checksums.txt`,
        member: "crane",
      };
    },
    package: "github.com/google/go-containerregistry/cmd/crane",
    variables: { "github.com/google/go-containerregistry/cmd/crane/cmd.Version": "0.21.6" },
  },
  // `findIstiod` knows it on PATH, where only one of the charts' own version will do, and in Istio's image.
  "pilot-discovery": {
    version: ISTIO,
    package: "istio.io/istio/pilot/cmd/pilot-discovery",
    variables: Object.fromEntries(
      Object.entries({ Version: ISTIO, Tag: ISTIO, Hub: "docker.io/istio", Status: "Clean" }).map(
        ([name, value]) => [`istio.io/istio/pkg/version.build${name}`, value],
      ),
    ),
  },
  istiods: { package: "./istiods" },
  "pulumi-resource-kubernetes": { version: "4.25.0", package: "./pulumi-resource-kubernetes" },
  // The libraries of cert-manager are newer than those of the others. As a program, it publishes none.
  "cert-manager-controller": {
    module: resolve(__dirname, "../cert-manager/controller"),
    package: "weft/lab/cert-manager/controller",
  },
};

/** Go, for programs that have to be built. It fits when it is as new as the go line of the module asks. */
export const goRecipe = {
  version: "1.26.8",
  download: ({ os, arch }: Platform): Download => {
    const url = `https://dl.google.com/go/go1.26.8.${os}-${arch}.tar.gz`;
    return { url, checksumUrl: `${url}.sha256`, member: "go/bin/go" };
  },
};

function kubernetesServer(program: string): GoRecipe {
  return kubernetes(program, { accepts: SERVER_ON_PATH, versionArgs: ["--version"] }, ["linux"]);
}

function kubernetes(program: string, onPath: Recipe["onPath"], published: readonly string[]): GoRecipe {
  const [major = "", minor = ""] = KUBERNETES.split(".");
  return {
    version: KUBERNETES,
    onPath,
    download: ({ os, arch }) => {
      const url = `https://dl.k8s.io/release/v${KUBERNETES}/bin/${os}/${arch}/${program}`;
      return published.includes(os) ? { url, checksumUrl: `${url}.sha256` } : undefined;
    },
    package: `k8s.io/kubernetes/cmd/${program}`,
    variables: {
      "k8s.io/component-base/version.gitVersion": `v${KUBERNETES}`,
      "k8s.io/component-base/version.gitMajor": major,
      "k8s.io/component-base/version.gitMinor": minor,
      "k8s.io/client-go/pkg/version.gitVersion": `v${KUBERNETES}`,
    },
  };
}
