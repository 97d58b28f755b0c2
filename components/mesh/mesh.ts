import type * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Kubeconfigs } from "../../clusters/kubeconfig";
import type { Member, Mesh as MeshSpec } from "../../mesh/mesh-spec";
import { peerAddress } from "../../mesh/peer-address";
import { dropsMember, sharedSigner, signingRoot } from "../../mesh/roots";
import { needsEastWestGateway, peersOf, primaries } from "../../mesh/topology";
import type { LiveMember } from "../../mesh/live-member";
import { finishInterrupted } from "../interrupted/interrupted";
import { EastWestGateway } from "../gateway/east-west-gateway";
import { IngressGateway } from "../gateway/ingress-gateway";
import { keepSecrets } from "../keep-secrets";
import { LoadBalancer } from "../load-balancer/load-balancer";
import { MeshMember } from "../mesh-member/mesh-member";
import { PeerSecret } from "../mesh-member/peer-secret";
import { Sample } from "../sample/sample";
import { Trust } from "../root-ca/trust";

export interface MeshArgs {
  mesh: MeshSpec;
  kubeconfigs: Kubeconfigs;
  /** What is there before this `up`. It decides about order alone, never about what is created. */
  live: LiveMember[];
  /** What is secret in stack config. @default nothing */
  secrets?: ReadonlySet<string>;
  /** One provider per member, by the member's name. */
  providers: Record<string, kubernetes.Provider>;
}

/** What is worth knowing of a member after an `up`. */
export interface MemberOutputs {
  network: string;
  role: Member["role"];
  /** UID of its namespace istio-system: by it the next `up` knows the cluster again. */
  uid: pulumi.Output<string>;
  /** IP address or host name; undefined where there is no east-west gateway. */
  eastWestAddress: pulumi.Output<string> | undefined;
  /** Version of the chart, which is that of istiod; of the primary that serves a remote. */
  istiodVersion: pulumi.Output<string>;
  /** The root that signs for it; in federated trust, where members differ in it. */
  root?: RootOutputs;
}

export interface RootOutputs {
  /** SHA-256 of the certificate, as openssl prints it. */
  fingerprint: pulumi.Output<string>;
  /** End of its validity, ISO 8601. */
  expiry: pulumi.Output<string>;
}

/**
 * The mesh. Members converge in parallel; what one needs of another is the address of a remote's primary, and the
 * kubeconfigs of those that it reads.
 */
export class Mesh extends pulumi.ComponentResource {
  /** The root that signs for all members; undefined in federated trust. */
  readonly root: RootOutputs | undefined;
  readonly members: Record<string, MemberOutputs>;

  private readonly trust: Trust;
  private readonly parts: Record<string, MeshMember> = {};
  private readonly loadBalancers: Record<string, LoadBalancer> = {};
  private readonly gateways: Record<string, EastWestGateway> = {};
  private readonly peerSecrets: Record<string, PeerSecret> = {};

  constructor(
    private readonly name: string,
    private readonly args: MeshArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super(
      "weft:mesh:Mesh",
      name,
      {},
      {
        ...opts,
        transformations: [
          finishInterrupted(name, args.providers, args.kubeconfigs),
          keepSecrets(args.secrets ?? new Set()),
        ],
      },
    );
    const { mesh, live } = args;
    const remotes = mesh.members.filter(({ role }) => role === "remote");
    const exchange = dropsMember(live, mesh) ? new Exchange() : undefined;

    this.trust = new Trust(`${name}-trust`, { mesh, providers: args.providers }, { parent: this });
    for (const primary of primaries(mesh)) this.createMember(primary, exchange);
    for (const primary of primaries(mesh)) this.createGateways(primary);
    for (const remote of remotes) this.createMember(remote, exchange);
    const kubeconfigs = this.peerKubeconfigs();
    for (const primary of primaries(mesh)) this.createPeerSecret(primary, kubeconfigs, exchange);
    for (const remote of remotes) this.createGateways(remote);
    for (const member of mesh.members) this.createSample(member);
    exchange?.finish(Object.values(this.peerSecrets).flatMap(({ secrets }) => secrets));

    this.root = mesh.config.trust.mode === "shared" ? this.rootOf(sharedSigner(mesh.config)) : undefined;
    this.members = Object.fromEntries(mesh.members.map((member) => [member.name, this.outputsOf(member)]));
    this.registerOutputs();
  }

  private createMember(member: Member, exchange: Exchange | undefined) {
    const { mesh, kubeconfigs, providers } = this.args;
    const kubeconfig = kubeconfigs.get(member.name)!;
    const primary = mesh.members.find(({ name }) => name === member.primary)!;
    this.parts[member.name] = new MeshMember(
      `${this.name}-${member.name}`,
      {
        mesh,
        member,
        cacerts: this.trust.cacerts[member.name]!,
        address: peerAddress(member, kubeconfig),
        exchange: exchange?.secrets,
        servedBy: primary === member ? undefined : { primary, address: this.gateways[primary.name]!.address },
      },
      { parent: this, providers: [providers[member.name]!] },
    );
    this.createLoadBalancer(member);
  }

  /**
   * A gateway with fixed node ports comes first: among those that Kubernetes chooses for the other could be one of them, and a Service
   * does not get a node port that another has.
   */
  private createGateways(member: Member) {
    const after = this.beforeGateways(member);
    if (member.ingress?.service.nodePorts !== undefined) {
      const ingress = this.createIngressGateway(member, after);
      this.createEastWestGateway(member, [...after, ...ingress]);
    } else {
      const eastWest = this.createEastWestGateway(member, after);
      const isFixed = member.eastWest.service.type === "NodePort";
      this.createIngressGateway(member, isFixed ? [...after, ...eastWest] : after);
    }
  }

  private createEastWestGateway(member: Member, after: pulumi.Resource[]): EastWestGateway[] {
    const { mesh } = this.args;
    if (!needsEastWestGateway(mesh, member.name)) return [];
    const gateway = new EastWestGateway(
      `${this.name}-${member.name}-eastwest`,
      { mesh, member, after },
      { parent: this.parts[member.name] },
    );
    this.gateways[member.name] = gateway;
    return [gateway];
  }

  private createIngressGateway(member: Member, after: pulumi.Resource[]): IngressGateway[] {
    const { mesh, providers } = this.args;
    const { ingress } = member;
    if (ingress === undefined) return [];
    const primary = providers[member.primary]!;
    return [
      new IngressGateway(
        `${this.name}-${member.name}-ingress`,
        { mesh, member, ingress, after, primary },
        { parent: this.parts[member.name] },
      ),
    ];
  }

  private createSample(member: Member) {
    const { config, members } = this.args.mesh;
    if (config.sample === undefined) return;
    new Sample(
      `${this.name}-${member.name}-sample`,
      {
        config: config.sample,
        position: members.indexOf(member),
        revision: config.istio.revision,
        after: this.injectorOf(member),
      },
      { parent: this.parts[member.name] },
    );
  }

  /** Of every member that somebody reads. */
  private peerKubeconfigs(): Record<string, pulumi.Output<string>> {
    const read = Object.entries(this.parts).filter(([, { remoteAccess }]) => remoteAccess !== undefined);
    return Object.fromEntries(read.map(([name, { remoteAccess }]) => [name, remoteAccess!.kubeconfig]));
  }

  private createPeerSecret(
    reader: Member,
    kubeconfigs: Record<string, pulumi.Output<string>>,
    exchange: Exchange | undefined,
  ) {
    const peers = peersOf(this.args.mesh, reader.name);
    if (peers.length === 0) return;
    this.peerSecrets[reader.name] = new PeerSecret(
      `${this.name}-${reader.name}-peers`,
      {
        peers: peers.map(({ name }) => name),
        kubeconfigs,
        // A renewed token must not meet an istiod of an old version that loses the peer by it.
        after: exchange === undefined ? [this.parts[reader.name]!.istiod] : [],
      },
      { parent: this.parts[reader.name] },
    );
  }

  private createLoadBalancer({ name, addresses }: Member) {
    const config = this.args.mesh.config.loadBalancer;
    if (config === undefined) return;
    this.loadBalancers[name] = new LoadBalancer(
      `${this.name}-${name}-load-balancer`,
      { config, addresses: addresses! },
      { parent: this.parts[name] },
    );
  }

  /** What a gateway needs to become ready: an istiod that injects its pod, and whatever gives it an address. */
  private beforeGateways(member: Member): pulumi.Resource[] {
    return [...this.injectorOf(member), ...(this.loadBalancers[member.name]?.ready ?? [])];
  }

  /** What must be there before a pod can be injected: an istiod, and for a remote one that knows it. */
  private injectorOf(member: Member): pulumi.Resource[] {
    const { istiod } = this.parts[member.name]!;
    return member.role === "primary" ? [istiod] : [istiod, ...this.peerSecrets[member.primary]!.secrets];
  }

  private outputsOf(member: Member): MemberOutputs {
    const { name, network, role, primary } = member;
    return {
      network,
      role,
      uid: this.parts[name]!.uid,
      eastWestAddress: this.gateways[name]?.address,
      istiodVersion: this.parts[primary]!.istiod.status.version,
      ...(this.root === undefined ? { root: this.rootOf(signingRoot(this.args.mesh, member)) } : {}),
    };
  }

  private rootOf(name: string): RootOutputs {
    const { fingerprint, expiry } = this.trust.roots[name]!;
    return { fingerprint, expiry };
  }
}

/** The PeerSecrets of all readers, promised to those that are created before them and have to wait for them. */
class Exchange {
  finish!: (secrets: pulumi.Resource[]) => void;
  readonly secrets = new Promise<pulumi.Resource[]>((resolve) => (this.finish = resolve));
}
