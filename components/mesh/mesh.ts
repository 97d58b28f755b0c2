import type * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Kubeconfigs } from "../../clusters/kubeconfig";
import type { Member, MeshSpec } from "../../mesh/mesh-spec";
import { unreachableIn, type LiveMember } from "../../mesh/live-member";
import { peerAddress } from "../../mesh/peer-address";
import { planOf, type Gateway, type MemberPlan, type Plan, type PrimaryPlan } from "../../mesh/plan";
import type { Issued, Revocation } from "../../mesh/revocation";
import { workloadRevision } from "../../mesh/revisions";
import { sharedSigner, signingRoot } from "../../mesh/roots";
import { ingressNamespace } from "../../mesh/topology";
import { finishInterrupted } from "../interrupted/interrupted";
import { tellOfWaiting } from "../waiting/waiting";
import { EastWestGateway } from "../gateway/east-west-gateway";
import { IngressGateway } from "../gateway/ingress-gateway";
import { keepSecrets } from "../keep-secrets";
import { LoadBalancer } from "../load-balancer/load-balancer";
import { EvictedMember, type EvictedMemberArgs } from "../mesh-member/evicted-member";
import { MeshMember, type MeshMemberArgs } from "../mesh-member/mesh-member";
import { PeerSecret } from "../mesh-member/peer-secret";
import type { RequestToken } from "../mesh-member/remote-access";
import { Sample } from "../sample/sample";
import { Trust } from "../root-ca/trust";

export interface MeshArgs {
  mesh: MeshSpec;
  kubeconfigs: Kubeconfigs;
  /** What is there before this `up`. It decides about order and about which tokens are kept, never about what is created. */
  live: LiveMember[];
  /** Members whose cluster is gone, each with a provider that reads what it is told. @default none */
  evicted?: (EvictedMemberArgs & { name: string; reader: kubernetes.Provider })[];
  /** Who is revoked, and what the last `up` left of it. */
  revocation: Revocation;
  /** Gives tokens that end. */
  requestToken: RequestToken;
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
  /** Namespace of its ingress gateway, where it has one. */
  ingressNamespace?: string;
  /** Namespace of Istio's CNI plugin, where it has it. */
  cniNamespace?: string;
  /** Version of the chart, which is that of the istiod that injects by default; of the primary that serves a remote. */
  istiodVersion: pulumi.Output<string>;
  /** Versions of its istiods by revision, where stack config names them: by it the next `up` knows which of them are Weft's. */
  revisions?: Record<string, string>;
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
  /** By member, those that have left included: its intermediates that have not ended. The next `up` revokes them by it. */
  readonly issued: Record<string, pulumi.Input<Issued[]>>;
  /** Fails where a token was asked for in vain. */
  readonly tokens: pulumi.Output<void>;
  /** PEM of the CRLs that Weft signed; undefined where none are published. */
  readonly crls: pulumi.Output<string> | undefined;

  private readonly trust: Trust;

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
          finishInterrupted(name, args.providers, args.kubeconfigs, unreachableIn(args.live)),
          tellOfWaiting(name, { ...args, members: answeringOf(args) }),
          keepSecrets(args.secrets ?? new Set()),
        ],
      },
    );
    const { mesh, live, revocation, providers, evicted = [] } = args;
    const plan = planOf(mesh, live);
    const exchange = new Exchange(plan);

    this.trust = new Trust(`${name}-trust`, { mesh, revocation, providers }, { parent: this });
    this.issued = this.trust.issued;
    this.crls = this.trust.crls;
    const families = plan.primaries.map((primary) => this.createFamily(primary, exchange));
    const members = families.flatMap((family) => this.createExchange(family, families, exchange));
    exchange.finish();
    this.tokens = pulumi.unsecret(pulumi.all(Object.values(kubeconfigsIn(families)))).apply(() => undefined);
    for (const { name: member, reader, ...rest } of evicted) {
      new EvictedMember(`${name}-${member}`, rest, { parent: this, providers: [reader] });
    }

    this.root = mesh.config.trust.mode === "shared" ? this.rootOf(sharedSigner(mesh.config)) : undefined;
    this.members = Object.fromEntries(members.map((woven) => [woven.member.name, this.outputsOf(woven)]));
    this.registerOutputs();
  }

  /** A primary and, once its gateway has an address, the remotes that it serves. */
  private createFamily(plan: PrimaryPlan, exchange: Exchange): Family {
    // The istiod waits for them, and they are made after it.
    const plugins = plan.serves.some(({ member }) => member.istio.cni !== undefined)
      ? new Promised<pulumi.Resource[]>()
      : undefined;
    const primary = this.createMember(plan, exchange, { pluginsOfRemotes: plugins?.promise });
    const eastWest = this.createWorkloads(primary, primary.part.injectors);
    const servedBy = eastWest && { primary: plan.member, address: eastWest.address };
    const remotes = plan.serves.map((remote) => this.createMember(remote, exchange, { servedBy }));
    plugins?.resolve(remotes.flatMap(({ part }) => part.cni ?? []));
    return { plan, primary, eastWest, remotes };
  }

  /** What the primary knows of its peers, and then what it injects in its remotes. */
  private createExchange(family: Family, families: Family[], exchange: Exchange): Woven[] {
    const { plan, primary, eastWest, remotes } = family;
    const { istiod } = primary.part;
    const secrets = this.createPeerSecret(plan, primary.part, families, exchange);
    return [
      { member: plan.member, part: primary.part, istiod, eastWest },
      ...remotes.map((remote) => ({
        member: remote.plan.member,
        part: remote.part,
        istiod,
        eastWest: this.createWorkloads(remote, [...remote.part.injectors, ...secrets]),
      })),
    ];
  }

  private createMember(
    plan: MemberPlan,
    exchange: Exchange,
    ofItsRole: Pick<MeshMemberArgs, "servedBy" | "pluginsOfRemotes">,
  ): Made {
    const { mesh, kubeconfigs, live, requestToken, providers } = this.args;
    const { member, isRead } = plan;
    const part = new MeshMember(
      `${this.name}-${member.name}`,
      {
        mesh,
        member,
        isRead,
        held: live.find(({ name }) => name === member.name)?.held,
        requestToken,
        cacerts: this.trust.cacerts[member.name]!,
        address: peerAddress(member, kubeconfigs.get(member.name)!),
        exchange: exchange.beforeTrust,
        ...ofItsRole,
      },
      { parent: this, providers: [providers[member.name]!] },
    );
    return { plan, part, loadBalancer: this.createLoadBalancer(member, part) };
  }

  private createLoadBalancer({ name, addresses }: Member, parent: MeshMember): pulumi.Resource[] {
    const config = this.args.mesh.config.loadBalancer;
    if (config === undefined) return [];
    const args = { config, addresses: addresses! };
    return new LoadBalancer(`${this.name}-${name}-load-balancer`, args, { parent }).ready;
  }

  /**
   * Whatever istiod injects.
   * @param injector what must be there before a pod can be injected.
   * @returns the east-west gateway, where the member has one.
   */
  private createWorkloads(
    { plan, part, loadBalancer }: Made,
    injector: pulumi.Resource[],
  ): EastWestGateway | undefined {
    this.createSample(plan.member, part, injector);
    let after: pulumi.Resource[] = [...injector, ...loadBalancer];
    let eastWest: EastWestGateway | undefined;
    for (const step of plan.gateways) {
      const made = step.map((gateway) => this.createGateway(gateway, plan.member, part, after));
      eastWest ??= made.find((gateway) => gateway instanceof EastWestGateway);
      after = [...after, ...made];
    }
    return eastWest;
  }

  private createGateway(
    gateway: Gateway,
    member: Member,
    parent: MeshMember,
    after: pulumi.Resource[],
  ): EastWestGateway | IngressGateway {
    const { mesh, live, providers } = this.args;
    const name = `${this.name}-${member.name}`;
    if (gateway.kind === "eastWest") {
      const silent = live.find((now) => now.name === member.name && now.unreachable);
      const known = silent?.eastWest?.address;
      return new EastWestGateway(`${name}-eastwest`, { mesh, member, after, known }, { parent });
    }
    return new IngressGateway(
      `${name}-ingress`,
      { mesh, member, ingress: gateway.ingress, after, primary: providers[member.primary]! },
      { parent },
    );
  }

  private createSample(member: Member, parent: MeshMember, after: pulumi.Resource[]) {
    const { config, members } = this.args.mesh;
    if (config.sample === undefined) return;
    new Sample(
      `${this.name}-${member.name}-sample`,
      {
        config: config.sample,
        position: members.indexOf(member),
        revision: workloadRevision(config.istio),
        after,
      },
      { parent },
    );
  }

  private createPeerSecret(
    { member, reads, readsAfter }: PrimaryPlan,
    parent: MeshMember,
    families: Family[],
    exchange: Exchange,
  ): pulumi.Resource[] {
    if (reads.length === 0) return [];
    const before = families.flatMap(({ plan, primary, eastWest }) => [
      ...(readsAfter.istiods.includes(plan.member.name) ? primary.part.istiods : []),
      ...(eastWest && readsAfter.gateways.includes(plan.member.name) ? [eastWest] : []),
    ]);
    const { secrets } = new PeerSecret(
      `${this.name}-${member.name}-peers`,
      {
        peers: reads,
        kubeconfigs: kubeconfigsIn(families),
        isBounded: member.reads !== undefined,
        after: [...exchange.afterTrust(parent), ...before],
      },
      { parent },
    );
    exchange.add(secrets);
    return secrets;
  }

  private outputsOf({ member, part, istiod, eastWest }: Woven): MemberOutputs {
    const { network, role, ingress, istio } = member;
    const isByRevision = this.args.mesh.config.istio.revisions !== undefined;
    return {
      network,
      role,
      uid: part.uid,
      eastWestAddress: eastWest?.address,
      ...(ingress && { ingressNamespace: ingressNamespace(ingress) }),
      ...(istio.cni && { cniNamespace: istio.cni.namespace }),
      istiodVersion: istiod.status.version,
      ...(isByRevision && {
        revisions: Object.fromEntries(istio.revisions.map(({ name, version }) => [name, version])),
      }),
      ...(this.root === undefined ? { root: this.rootOf(signingRoot(this.args.mesh, member)) } : {}),
    };
  }

  private rootOf(name: string): RootOutputs {
    const { fingerprint, expiry } = this.trust.roots[name]!;
    return { fingerprint, expiry };
  }
}

/** Members whose API server answers. */
function answeringOf({ mesh, live }: MeshArgs): Member[] {
  const silent = unreachableIn(live);
  return mesh.members.filter(({ name }) => !silent.includes(name));
}

/** A member without what its istiod injects. */
interface Made {
  plan: MemberPlan;
  part: MeshMember;
  /** From here on, Services get addresses. */
  loadBalancer: pulumi.Resource[];
}

interface Family {
  plan: PrimaryPlan;
  primary: Made;
  eastWest: EastWestGateway | undefined;
  remotes: Made[];
}

/** A whole member. */
interface Woven {
  member: Member;
  part: MeshMember;
  /** The istiod that serves it. */
  istiod: MeshMember["istiod"];
  eastWest: EastWestGateway | undefined;
}

/** Of every member that somebody reads. */
function kubeconfigsIn(families: Family[]): Record<string, pulumi.Output<string>> {
  const members = families.flatMap(({ primary, remotes }) => [primary, ...remotes]);
  return Object.fromEntries(
    members.flatMap(({ plan, part: { remoteAccess } }) =>
      remoteAccess === undefined ? [] : [[plan.member.name, remoteAccess.kubeconfig]],
    ),
  );
}

/** What is waited for by something that is made before it. */
class Promised<T> {
  resolve!: (value: T) => void;
  readonly promise = new Promise<T>((resolve) => (this.resolve = resolve));
}

/**
 * The PeerSecrets of all readers. Their tokens are the members' own, so they are made after the members; where they are to change before
 * these, Pulumi takes the promise of them.
 */
class Exchange {
  /** What the bundles wait for; undefined where they come first. */
  readonly beforeTrust: Promise<pulumi.Resource[]> | undefined;
  private readonly made = new Promised<pulumi.Resource[]>();
  private readonly secrets: pulumi.Resource[] = [];

  constructor({ first }: Pick<Plan, "first">) {
    if (first === "exchange") this.beforeTrust = this.made.promise;
  }

  finish() {
    this.made.resolve(this.secrets);
  }

  /** What the PeerSecret of a member waits for. */
  afterTrust({ istiods }: MeshMember): pulumi.Resource[] {
    return this.beforeTrust === undefined ? istiods : [];
  }

  add(secrets: pulumi.Resource[]) {
    this.secrets.push(...secrets);
  }
}
