import fc from "fast-check";
import { ShardReader, type Shards } from "../../operate/facts/shards";

const endpoint = (...addresses: string[]) => ({
  Labels: { 'app"}]': "a\\", Addresses: "10.9.9.9" },
  Addresses: addresses,
  ServicePortName: "http",
  Locality: { Label: "", ClusterID: "two" },
  LbWeight: 0,
});

const answer = {
  "helloworld.sample.svc.cluster.local": {
    sample: {
      Shards: {
        "Kubernetes/one": [endpoint("10.0.0.1")],
        "Kubernetes/two": [endpoint("10.0.1.1"), endpoint("10.0.1.2", "fd00::2")],
      },
      ServiceAccounts: { "spiffe://cluster.local/ns/sample/sa/default": {} },
    },
  },
  "helloworld.sample.svc.clusterset.local": {
    sample: { Shards: { "Kubernetes/two": [endpoint("10.0.1.3")] }, ServiceAccounts: {} },
  },
  "gone.sample.svc.cluster.local": { sample: { Shards: {}, ServiceAccounts: null } },
  "none.sample.svc.cluster.local": { sample: { Shards: { "Kubernetes/two": null } } },
  "api.example": { sample: { Shards: { "Kubernetes/two": [endpoint("192.0.2.1")] } } },
  "entry.sample.svc.cluster.local": { sample: { Shards: { "External/two": [endpoint("192.0.2.2")] } } },
};

const held: Shards = new Map([
  ["one", new Map([["helloworld.sample", new Set(["10.0.0.1"])]])],
  ["two", new Map([["helloworld.sample", new Set(["10.0.1.1", "10.0.1.2", "fd00::2", "10.0.1.3"])]])],
]);

/** What is read of these bytes, given in pieces that end at these places. */
function read(bytes: Buffer, ends: number[] = []): Shards | undefined {
  const reader = new ShardReader();
  let begin = 0;
  for (const end of [...ends.sort((a, b) => a - b), bytes.length]) {
    reader.push(bytes.subarray(begin, end));
    begin = end;
  }
  return reader.shards();
}

test("the addresses of Kubernetes' Services, by cluster; labels and other registries are none", () => {
  expect(read(Buffer.from(JSON.stringify(answer)))).toEqual(held);
});

test("however it comes in pieces, compact or not", () => {
  for (const bytes of [JSON.stringify(answer), JSON.stringify(answer, undefined, 2)].map((text) =>
    Buffer.from(text),
  )) {
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 40 }), (ends) => {
        expect(read(bytes, ends)).toEqual(held);
      }),
    );
  }
});

test("an istiod that holds nothing has answered; half an answer and none have not", () => {
  expect(read(Buffer.from("{}"))).toEqual(new Map());
  expect(read(Buffer.from(JSON.stringify(answer).slice(0, -1)))).toBeUndefined();
  expect(read(Buffer.from(""))).toBeUndefined();
});
