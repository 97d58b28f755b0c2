import { once } from "node:events";
import net, { type AddressInfo } from "node:net";
import tls from "node:tls";
import { known } from "../../operate/facts/facts";
import { handshake } from "../../operate/facts/handshake";
import { makeIdentity, type Identity } from "../clusters/fake-api-server";

let identity: Identity;
const servers: net.Server[] = [];
beforeAll(async () => {
  identity = await makeIdentity();
});
afterEach(async () => {
  await Promise.all(
    servers.splice(0).map(async (server) => {
      const closed = once(server, "close");
      server.close();
      await closed;
    }),
  );
});

async function listen(server: net.Server): Promise<number> {
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

const shake = (port: number, roots = identity.ca) =>
  handshake({ host: "127.0.0.1", port, serverName: "outbound_.5000_._.a.b", roots, timeoutMs: 30_000 });

const gateway = (asked: object[] = []) =>
  tls
    .createServer({
      cert: identity.cert,
      key: identity.key,
      ALPNCallback: (hello) => {
        asked.push(hello);
        return hello.protocols[0];
      },
    })
    .on("tlsClientError", () => undefined);

test("a certificate by a trusted root, whatever it names; asked as proxies ask", async () => {
  const asked: object[] = [];
  expect(await shake(await listen(gateway(asked)))).toEqual(known({ outcome: "trusted" }));
  expect(asked).toEqual([{ servername: "outbound_.5000_._.a.b", protocols: ["istio"] }]);
});

test("a certificate by another root", async () => {
  const other = await makeIdentity();
  expect(await shake(await listen(gateway()), other.ca)).toMatchObject({
    known: true,
    value: { outcome: "untrusted" },
  });
});

test("a gateway that closes the connection", async () => {
  const port = await listen(net.createServer((socket) => socket.destroy()));
  expect(await shake(port)).toMatchObject({ known: true, value: { outcome: "closed" } });
});

test("an address that nobody listens at is not known", async () => {
  const server = net.createServer();
  const port = await listen(server);
  servers.pop();
  server.close();
  await once(server, "close");
  expect(await shake(port)).toMatchObject({ known: false });
});
