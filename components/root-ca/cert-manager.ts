/** Roots that cert-manager holds, and intermediates that it issues. The roots' keys never enter Pulumi. */
import * as kubernetes from "@pulumi/kubernetes";
import { CertManager } from "@pulumi/kubernetes-cert-manager";
import * as pulumi from "@pulumi/pulumi";
import { madeRootSubject } from "../../mesh/certificates";
import { joinPem } from "../../mesh/pem";
import type { KeyAlgorithm } from "../../mesh/schema";
import { managedByWeft, releaseTimeoutSeconds, stackAnnotation } from "../kubernetes";
import { expiryOf, fingerprintOf, type Intermediate, type Root } from "./ca";
import { earlyRenewalHours, lifetimeHours } from "./lifetime";
import { certificatesOf } from "./certificate-chain";

const version = "v1.21.2";
const group = "cert-manager.io";

export interface CertManagerInstallationArgs {
  namespace: string;
  provider: kubernetes.Provider;
}

/** cert-manager in a namespace of its own. */
export class CertManagerInstallation extends pulumi.ComponentResource {
  constructor(name: string, args: CertManagerInstallationArgs, opts?: pulumi.ComponentResourceOptions) {
    super("weft:root-ca:CertManagerInstallation", name, {}, opts);
    const { namespace, provider } = args;

    const home = new kubernetes.core.v1.Namespace(
      `${name}-namespace`,
      { metadata: { name: namespace, labels: managedByWeft } },
      { parent: this, provider },
    );
    new CertManager(
      `${name}-chart`,
      {
        installCRDs: true,
        helmOptions: {
          name: "cert-manager",
          namespace: home.metadata.name,
          version,
          timeout: releaseTimeoutSeconds,
        },
      },
      { parent: this, providers: { kubernetes: provider } },
    );
    this.registerOutputs();
  }
}

interface IssuedArgs {
  /** Namespace of cert-manager's objects. */
  namespace: string;
  algorithm: KeyAlgorithm;
  lifetimeDays: number;
}

export interface CertManagerRootArgs extends IssuedArgs {
  /** Name of the root in stack config. */
  root: string;
  /** What must be there before the objects can be created. */
  after: pulumi.Resource[];
}

/**
 * A self-signed root, and the Issuer that signs with it. It keeps its key when it is renewed, for the reason that a
 * generated root does.
 */
export class CertManagerRoot extends pulumi.ComponentResource implements Root {
  readonly certificate: pulumi.Output<string>;
  readonly fingerprint: pulumi.Output<string>;
  readonly expiry: pulumi.Output<string>;
  /** The Issuer, for those that it signs. */
  readonly issuer: kubernetes.apiextensions.CustomResource;

  constructor(name: string, args: CertManagerRootArgs, opts?: pulumi.ComponentResourceOptions) {
    super("weft:root-ca:CertManagerRoot", name, {}, opts);
    const { root, namespace, algorithm, lifetimeDays, after } = args;
    const object = `weft-root-${root}`;
    const { organization, commonName, locality } = madeRootSubject(root);

    const selfSigned = new kubernetes.apiextensions.CustomResource(
      `${name}-self-signed`,
      {
        apiVersion: `${group}/v1`,
        kind: "Issuer",
        metadata: sharedMetadata(`weft-self-signed-${root}`, namespace),
        spec: { selfSigned: {} },
      },
      { parent: this, dependsOn: after },
    );
    const certificate = new kubernetes.apiextensions.CustomResource(
      `${name}-certificate`,
      {
        apiVersion: `${group}/v1`,
        kind: "Certificate",
        metadata: issuedMetadata(object, namespace),
        spec: {
          ...caSpec(lifetimeDays),
          privateKey: { ...privateKey(algorithm), rotationPolicy: "Never" },
          secretName: object,
          commonName,
          subject: { organizations: [organization], localities: [locality] },
          issuerRef: issuerRef(`weft-self-signed-${root}`),
        },
      },
      { parent: this, dependsOn: selfSigned },
    );
    this.issuer = new kubernetes.apiextensions.CustomResource(
      `${name}-issuer`,
      {
        apiVersion: `${group}/v1`,
        kind: "Issuer",
        metadata: issuedMetadata(object, namespace),
        spec: { ca: { secretName: object } },
      },
      { parent: this, dependsOn: certificate },
    );
    this.certificate = this.publish(name, `weft-anchor-${root}`, args);
    this.fingerprint = fingerprintOf(this.certificate);
    this.expiry = expiryOf(this.certificate);
    this.registerOutputs();
  }

  /**
   * The root's certificate without its key, which stands in the same Secret: the `ca.crt` of a certificate that is
   * there for nothing else.
   */
  private publish(
    name: string,
    object: string,
    { namespace, root, algorithm, lifetimeDays }: CertManagerRootArgs,
  ) {
    const anchor = new kubernetes.apiextensions.CustomResource(
      `${name}-anchor`,
      {
        apiVersion: `${group}/v1`,
        kind: "Certificate",
        metadata: issuedMetadata(object, namespace),
        spec: {
          ...lifetime(lifetimeDays),
          privateKey: privateKey(algorithm),
          secretName: object,
          // A common name has at most 64 characters (RFC 5280, ub-common-name).
          commonName: `Anchor of ${root}`.slice(0, 64),
          issuerRef: issuerRef(`weft-root-${root}`),
        },
      },
      { parent: this, dependsOn: this.issuer },
    );
    return pulumi.unsecret(issued(this, `${name}-anchor-secret`, anchor).apply((data) => data["ca.crt"]!));
  }
}

export interface CertManagerIntermediateArgs extends IssuedArgs {
  /** Name of the member whose workloads it signs. */
  member: string;
  /** The root that signs it, and its name in stack config. */
  root: CertManagerRoot;
  rootName: string;
  /** Of its key: another number is another Certificate, and another key. */
  generation: number;
}

/** A member's intermediate. cert-manager renews it on its own; the next `up` carries it to the member. */
export class CertManagerIntermediate extends pulumi.ComponentResource implements Intermediate {
  readonly certificate: pulumi.Output<string>;
  readonly key: pulumi.Output<string>;
  readonly issuers: pulumi.Output<string>;

  constructor(name: string, args: CertManagerIntermediateArgs, opts?: pulumi.ComponentResourceOptions) {
    super("weft:root-ca:CertManagerIntermediate", name, {}, opts);
    const { member, root, rootName, generation, namespace, algorithm, lifetimeDays } = args;
    // The first has the names of before there were others. A name has no dot, so none is taken.
    const which = generation === 1 ? rootName : `${rootName}.${generation}`;
    // A Certificate of another name for another root: one that changes its issuer is Ready before it is reissued.
    const object = `weft-member-${member}-${which}`;

    const certificate = new kubernetes.apiextensions.CustomResource(
      `${name}-certificate-${which}`,
      {
        apiVersion: `${group}/v1`,
        kind: "Certificate",
        metadata: issuedMetadata(object, namespace),
        spec: {
          ...caSpec(lifetimeDays),
          privateKey: privateKey(algorithm),
          secretName: object,
          commonName: "Intermediate CA",
          subject: { organizations: ["Istio"], localities: [member] },
          dnsNames: ["istiod.istio-system.svc"],
          issuerRef: issuerRef(`weft-root-${rootName}`),
        },
      },
      { parent: this, dependsOn: root.issuer },
    );
    const data = issued(this, `${name}-secret-${which}`, certificate);
    const chain = data.apply((files) => certificatesOf(files["tls.crt"]!).map((link) => link.toString()));
    this.certificate = pulumi.unsecret(chain.apply(([own]) => joinPem([own!])));
    this.issuers = pulumi.unsecret(chain.apply(([, ...above]) => joinPem(above)));
    this.key = pulumi.secret(data.apply((files) => files["tls.key"]!));
    this.registerOutputs();
  }
}

/** Contents of the Secret that a Certificate is issued into, which bears its namespace and name, and so its ID. */
function issued(
  parent: pulumi.Resource,
  name: string,
  certificate: kubernetes.apiextensions.CustomResource,
): pulumi.Output<Record<string, string>> {
  const secret = kubernetes.core.v1.Secret.get(name, certificate.id, { parent, dependsOn: certificate });
  return secret.data.apply((data) =>
    Object.fromEntries(
      Object.entries(data).map(([key, value]) => [key, Buffer.from(value, "base64").toString()]),
    ),
  );
}

/** Pulumi does not know when objects of cert-manager are ready, but for this annotation. */
function issuedMetadata(name: string, namespace: string) {
  const { annotations, ...rest } = sharedMetadata(name, namespace);
  return { ...rest, annotations: { ...annotations, "pulumi.com/waitFor": "condition=Ready" } };
}

/** Of objects in a namespace that several stacks may share. */
function sharedMetadata(name: string, namespace: string) {
  return { name, namespace, labels: managedByWeft, annotations: stackAnnotation() };
}

function caSpec(lifetimeDays: number) {
  return {
    isCA: true,
    usages: ["digital signature", "content commitment", "key encipherment", "cert sign", "crl sign"],
    ...lifetime(lifetimeDays),
  };
}

function lifetime(days: number) {
  return { duration: `${lifetimeHours(days)}h0m0s`, renewBefore: `${earlyRenewalHours(days)}h0m0s` };
}

function privateKey(algorithm: KeyAlgorithm) {
  return algorithm === "RSA-4096" ? { algorithm: "RSA", size: 4096 } : { algorithm: "ECDSA", size: 256 };
}

function issuerRef(name: string) {
  return { group, kind: "Issuer", name };
}
