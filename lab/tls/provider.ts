/**
 * Stands for Pulumi's tls provider 5.6.1 where that cannot be downloaded; the lab's README.md says what it leaves out, and
 * `lab/engine/bin` has the program that serves it. It speaks Pulumi's protocol itself: the `Provider` of the Node.js SDK is not told of
 * previews, and cannot say which properties differ.
 */
import { type handleUnaryCall, Server, ServerCredentials } from "@grpc/grpc-js";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { type IResourceProviderServer, ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as messages from "@pulumi/pulumi/proto/provider_pb";
import { kindOf, type Values } from "./kinds";
import { changes, isDue, plan, refusals } from "./plan";
import { onlyGiven, secrets, stored, unknown } from "./state";

const { DIFF_NONE, DIFF_SOME } = messages.DiffResponse.DiffChanges;

export const provider = (clock = () => new Date()): Partial<IResourceProviderServer> => ({
  getPluginInfo: answering(() => new PluginInfo().setVersion("5.6.1")),
  checkConfig: answering((request) => new messages.CheckResponse().setInputs(request.getNews())),
  diffConfig: answering(() => new messages.DiffResponse()),
  configure: answering(() =>
    new messages.ConfigureResponse()
      .setAcceptresources(true)
      .setSupportspreview(true)
      .setSupportsAutonamingConfiguration(true),
  ),

  check: answering((request) => {
    const [kind, inputs] = [kindOf(request.getUrn()), values(request.getNews())];
    const failures = refusals(kind, inputs).map((reason) => new messages.CheckFailure().setReason(reason));
    // Here, unlike in a state, an unknown value is marked too.
    return new messages.CheckResponse().setInputs(struct(secrets(kind, inputs))).setFailuresList(failures);
  }),

  diff: answering((request) => {
    const [kind, prior] = [kindOf(request.getUrn()), values(request.getOlds())];
    const { planned, replaces } = plan(kind, prior, values(request.getNews()), clock());
    const differences = changes(kind, prior, planned);
    const response = new messages.DiffResponse()
      .setChanges(differences.length > 0 ? DIFF_SOME : DIFF_NONE)
      .setDiffsList(differences.map(({ name }) => name))
      .setReplacesList(replaces)
      .setHasdetaileddiff(differences.length > 0);
    for (const { name, kind } of differences) {
      const difference =
        messages.PropertyDiff.Kind[replaces.includes(name) ? (`${kind}_REPLACE` as const) : kind];
      response.getDetaileddiffMap().set(name, new messages.PropertyDiff().setKind(difference));
    }
    return response;
  }),

  create: answering(async (request) => {
    const [kind, now] = [kindOf(request.getUrn()), clock()];
    const { planned } = plan(kind, undefined, values(request.getProperties()), now);
    if (request.getPreview()) {
      return new messages.CreateResponse().setProperties(struct(secrets(kind, planned, unknown)));
    }
    const made = { ...planned, ...(await kind.create(planned, now)) };
    // What creation did not set is not set: a path length without limit.
    const known = Object.fromEntries(Object.entries(made).filter(([, value]) => value !== unknown));
    return new messages.CreateResponse().setId(known.id as string).setProperties(struct(stored(kind, known)));
  }),

  // Only time changes what was made: it is in the engine's state and nowhere else.
  read: answering((request) => {
    const [kind, state] = [kindOf(request.getUrn()), values(request.getProperties())];
    if (!state.id) throw new Error("A key or a certificate is in the state alone: none can be imported.");
    if (isDue(state, clock())) state.readyForRenewal = true;
    const properties = stored(kind, state);
    const names = Object.keys(values(request.getInputs()));
    return new messages.ReadResponse()
      .setId(state.id as string)
      .setProperties(struct(properties))
      .setInputs(struct(onlyGiven(Object.fromEntries(names.map((name) => [name, properties[name]])))));
  }),

  // Whatever would need another key or certificate is a replacement.
  update: answering((request) => {
    const kind = kindOf(request.getUrn());
    const { planned } = plan(kind, values(request.getOlds()), values(request.getNews()), clock());
    const properties = request.getPreview() ? secrets(kind, planned, unknown) : stored(kind, planned);
    return new messages.UpdateResponse().setProperties(struct(properties));
  }),

  // What was issued stays valid until its end: nothing here revokes.
  delete: answering(() => new Empty()),
});

const values = (properties?: Struct): Values => properties?.toJavaScript() ?? {};
const struct = (properties: Values) => Struct.fromJavaScript(properties as Record<string, string>);

function answering<Q, A>(answer: (request: Q) => A | Promise<A>): handleUnaryCall<Q, A> {
  return ({ request }, done) => {
    void Promise.resolve(request)
      .then(answer)
      .then((response) => done(null, response), done);
  };
}

/** Serves it on a free port of loopback, and prints the port: the engine reads it. */
export function serve(): void {
  const server = new Server();
  server.addService(ResourceProviderService, provider() as IResourceProviderServer);
  server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
    if (error) throw error;
    console.log(String(port));
  });
}
