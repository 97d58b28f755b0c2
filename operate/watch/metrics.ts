/** What a look at the mesh saw, as Prometheus takes it. Pure. https://prometheus.io/docs/practices/naming/ */
import { Gauge, Registry } from "prom-client";
import type { MeshSpec } from "../../mesh/mesh-spec";
import { scheduleOf } from "../../mesh/reader-token";
import { peersOf } from "../../mesh/topology";
import { certificatesIn, endOf, issuerIn, listsIn } from "../checks/certificates";
import type { Verdict } from "../checks/check";
import type { MeshFacts } from "../facts/facts";
import type { Report } from "../report";
import { pairsOf } from "./pairs";

export interface Look {
  mesh: MeshSpec;
  /** Whether that is the mesh as stack config has it now; if not, it is that of the last time that it could be read. */
  isCurrent: boolean;
  facts: MeshFacts;
  report: Report;
  began: Date;
  ended: Date;
}

type Sample = [labels: Record<string, string>, value: number];

interface Metric {
  name: string;
  help: string;
  labels: string[];
  /** What was not seen has none. */
  samples: (look: Look) => Sample[];
}

const pair = ["reader", "peer"];

/** All are gauges. */
const metrics: Metric[] = [
  {
    name: "weft_member_info",
    help: "A member of the mesh, as stack config has it.",
    labels: ["mesh", "member", "role", "network"],
    samples: ({ mesh: { config, members } }) =>
      members.map(({ name, role, network }) => [{ mesh: config.id, member: name, role, network }, 1]),
  },
  {
    name: "weft_member_reachable",
    help: "Whether the member's API server answers.",
    labels: ["member"],
    samples: ({ facts }) =>
      [...facts.members].map(([member, { api }]) => [{ member }, Number(api.reachable)]),
  },
  {
    name: "weft_member_verdict",
    help: "Whether the member is healthy: 1 at the verdict that holds.",
    labels: ["member", "verdict"],
    samples: ({ report }) => report.members.flatMap(({ name, verdict }) => atEach(verdict, { member: name })),
  },
  {
    name: "weft_check_verdict",
    help: "What a check says of the member: 1 at the verdict that holds.",
    labels: ["member", "check", "verdict"],
    samples: ({ report }) =>
      report.members.flatMap(({ name, checks }) =>
        checks.flatMap(({ check, verdict }) => atEach(verdict, { member: name, check })),
      ),
  },
  {
    name: "weft_certificate_expiry_timestamp_seconds",
    help: "When the member's intermediate ends, and the root that signed it, in seconds since 1970.",
    labels: ["member", "certificate"],
    samples: certificateEnds,
  },
  {
    name: "weft_crl_expiry_timestamp_seconds",
    help: "When the first of the CRLs ends that the member's istiod is given, in seconds since 1970.",
    labels: ["member"],
    samples: crlEnds,
  },
  {
    name: "weft_reader_token_expiry_timestamp_seconds",
    help: "When the token ends with which the reader's istiod reads the peer, in seconds since 1970.",
    labels: pair,
    samples: tokenEnds,
  },
  {
    name: "weft_reader_token_renewal_interval_seconds",
    help: "How often `pulumi up` has to run, where the tokens with which the reader's istiod reads the peer are to end.",
    labels: pair,
    samples: ({ mesh }) =>
      mesh.members.flatMap(({ name: reader }) =>
        peersOf(mesh, reader).flatMap(({ name: peer, remoteAccess: { tokenLifetimeHours } }) =>
          at(
            { reader, peer },
            tokenLifetimeHours === undefined ? undefined : scheduleOf(tokenLifetimeHours) / 1000,
          ),
        ),
      ),
  },
  {
    name: "weft_peer_synced",
    help: "Whether every replica of the reader's istiod says that it has synced the peer.",
    labels: pair,
    samples: (look) => pairsOf(look).map(({ labels, synced }) => [labels, Number(synced)]),
  },
  {
    name: "weft_peer_services",
    help: "The peer's Services with ready endpoints, as far as the reader's istiod takes them up.",
    labels: pair,
    samples: (look) => pairsOf(look).flatMap(({ labels, services }) => at(labels, services?.there)),
  },
  {
    name: "weft_peer_services_held",
    help: "Of how many of them the reader's istiod holds an endpoint, in the replica that holds least.",
    labels: pair,
    samples: (look) => pairsOf(look).flatMap(({ labels, services }) => at(labels, services?.held)),
  },
  {
    name: "weft_peer_endpoints",
    help: "The ready endpoints behind the peer's Services, as far as the reader's istiod takes them up.",
    labels: pair,
    samples: (look) => pairsOf(look).flatMap(({ labels, endpoints }) => at(labels, endpoints?.there)),
  },
  {
    name: "weft_peer_endpoints_held",
    help: "How many of them the reader's istiod holds, in the replica that holds least.",
    labels: pair,
    samples: (look) => pairsOf(look).flatMap(({ labels, endpoints }) => at(labels, endpoints?.held)),
  },
  {
    name: "weft_config_last_reload_successful",
    help: "Whether the last look found the members: stack config, and the management cluster where there is one.",
    labels: [],
    samples: ({ isCurrent }) => [[{}, Number(isCurrent)]],
  },
  {
    name: "weft_last_look_timestamp_seconds",
    help: "When the last complete look ended, in seconds since 1970.",
    labels: [],
    samples: ({ ended }) => [[{}, seconds(ended)]],
  },
  {
    name: "weft_last_look_duration_seconds",
    help: "How long the last complete look took.",
    labels: [],
    samples: ({ began, ended }) => [[{}, (ended.getTime() - began.getTime()) / 1000]],
  },
];

export const contentType = Registry.PROMETHEUS_CONTENT_TYPE;

/** The text that Prometheus scrapes. Made anew for each look: what has left the mesh is not in it. */
export async function exposition(look: Look): Promise<string> {
  const registry = new Registry();
  for (const { name, help, labels, samples } of metrics) {
    const gauge = new Gauge({ name, help, labelNames: labels, registers: [registry] });
    for (const [values, value] of samples(look)) gauge.set(values, value);
  }
  return registry.metrics();
}

function at(labels: Record<string, string>, value: number | undefined): Sample[] {
  return value === undefined ? [] : [[labels, value]];
}

const verdicts: Verdict[] = ["ok", "failed", "unknown"];

function atEach(found: Verdict, labels: Record<string, string>): Sample[] {
  return verdicts.map((verdict) => [{ ...labels, verdict }, Number(verdict === found)]);
}

function certificateEnds({ facts }: Look): Sample[] {
  return [...facts.members].flatMap(([member, { cacerts }]) => {
    if (!cacerts.known || cacerts.value === undefined) return [];
    const [intermediate] = certificatesIn(cacerts.value.certificate);
    const root = issuerIn(cacerts.value);
    return Object.entries({ intermediate, root }).flatMap(([certificate, found]) =>
      at({ member, certificate }, found && seconds(endOf(found))),
    );
  });
}

function crlEnds({ facts }: Look): Sample[] {
  return [...facts.members].flatMap(([member, { cacerts }]) => {
    const lists = cacerts.known ? listsIn(cacerts.value?.crls ?? "") : undefined;
    const ends = (lists ?? []).flatMap(({ nextUpdate }) => nextUpdate?.getTime() ?? []);
    return ends.length === 0 ? [] : [[{ member }, Math.min(...ends) / 1000]];
  });
}

/** Of a peer whose key a reader has twice, nobody knows which of them istiod took: the end that comes first. */
function tokenEnds({ mesh, facts }: Look): Sample[] {
  return mesh.members.flatMap(({ name: reader }) =>
    peersOf(mesh, reader).flatMap(({ name: peer }) => {
      const { peerKeys } = facts.members.get(reader)!;
      const ends = (peerKeys.known ? peerKeys.value : [])
        .filter(({ cluster }) => cluster === peer)
        .flatMap(({ credentials }) => {
          const found = facts.credentials.get(credentials);
          return found?.usable && found.tokenEnds !== undefined ? [seconds(found.tokenEnds)] : [];
        });
      return at({ reader, peer }, ends.sort((a, b) => a - b)[0]);
    }),
  );
}

function seconds(date: Date): number {
  return date.getTime() / 1000;
}
